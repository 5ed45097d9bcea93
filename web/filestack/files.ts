/** The objects that callbacks get. Source: Filestack documentation, "PickerFileMetadata" and "PickerResponse". */
import type { Item } from '../engine/types.ts';
import type { PickedFile, Response } from './types.ts';

/** How files are described on a page. */
export interface Describe {
  /** Where stored files are read from. */
  readonly cdn: string;
  /** originalFile is the File that was chosen. */
  readonly expose: boolean;
}

/** isLocal tells the files whose bytes this browser has from those that the server fetches. */
export const isLocal = (item: Item): boolean => !item.link;

export function pickedFile(item: Item, { cdn, expose }: Describe): PickedFile {
  const { stored, edit } = item;
  const original = item.original ?? item.blob;
  const turned = ((edit?.rotate ?? 0) + (edit?.straighten ?? 0) + 360) % 360;
  const optional: Partial<PickedFile> = {
    originalFile: original && (expose ? original as File : { name: item.name, type: original.type, size: original.size }),
    handle: stored?.handle,
    url: stored && `${cdn}/${stored.handle}`,
    status: stored?.status,
    key: stored?.key,
    container: stored?.container,
    cropped: edit?.crop && {
      cropArea: { position: [edit.crop.x, edit.crop.y], size: [edit.crop.width, edit.crop.height] },
      originalImageSize: [edit.originalWidth, edit.originalHeight],
    },
    rotated: turned ? { value: turned > 180 ? 360 - turned : turned, direction: turned > 180 ? 'CCW' : 'CW' } : undefined,
    alt: item.alt,
    uploadTags: stored?.uploadTags && { ...stored.uploadTags },
    workflows: stored?.workflows,
    sha256: stored && item.digest,
    error: item.status === 'failed' ? failure(item).message : undefined,
  };
  return {
    filename: stored?.filename ?? item.name,
    mimetype: stored?.mimetype ?? item.type,
    size: stored?.size ?? item.size,
    source: item.source,
    originalPath: item.path,
    uploadId: item.id,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  };
}

/** failure is why item failed, as an Error of which code names the cause. */
export function failure({ name, problem }: Item): Error & { code?: string; status?: number } {
  const error = new Error(problem?.detail || `Cannot upload ${name}: ${problem?.code ?? 'server'}`);
  return Object.assign(error, { code: problem?.code, status: problem?.status });
}

export function response(uploaded: readonly Item[], failed: readonly Item[], describe: Describe): Response {
  return {
    filesUploaded: uploaded.map((item) => pickedFile(item, describe)),
    filesFailed: failed.map((item) => pickedFile(item, describe)),
  };
}
