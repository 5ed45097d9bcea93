/** The things that can be done to an image. Each is the same in the worker and beside the page. */
import type { Edit } from '../engine/types.ts';
import { fit, headLength, readHeader } from './header.ts';
import type { Limits, Size } from './header.ts';
import { orientationSegment, withoutMetadata } from './jpeg.ts';
import type { Keep } from './jpeg.ts';
import { decode, draw, encode, outputType } from './pixels.ts';
import type { Pause } from './pixels.ts';

/** How an image is made ready to be sent. */
export interface Preparation extends Limits {
  /** Takes the metadata out of JPEG files. */
  readonly strip?: boolean;
  readonly keepOrientation?: boolean;
  readonly keepProfile?: boolean;
}

/** A picture to be shown, of an image that may be larger. */
export interface Picture extends Size {
  readonly bitmap: ImageBitmap;
}

/** What the worker can be asked for. */
export type Task =
  | { readonly act: 'picture'; readonly blob: Blob; readonly size: number }
  | { readonly act: 'prepare'; readonly blob: Blob; readonly how: Preparation }
  | { readonly act: 'render'; readonly blob: Blob; readonly edit: Edit }
  | { readonly act: 'digest'; readonly blob: Blob };

/** What the tasks give, each its own. */
export type Result = Picture | Blob | string | undefined;

/** Of larger images a browser would need gigabytes; a bomb of some bytes can claim them. */
const maxPixels = 150_000_000;

/** Does a task; with pause, in slices. */
export async function work(task: Task, pause?: Pause): Promise<Result> {
  switch (task.act) {
    case 'picture': return picture(task.blob, task.size, pause);
    case 'prepare': return prepare(task.blob, task.how, pause);
    case 'render': return render(task.blob, task.edit, pause);
    case 'digest': return (await import('../engine/hash.ts')).hash(task.blob);
  }
}

const head = async (blob: Blob) => readHeader(new Uint8Array(await blob.slice(0, headLength).arrayBuffer()));

/** Undefined if the browser cannot decode the image, or should not try. */
async function open(blob: Blob, header: Awaited<ReturnType<typeof head>>) {
  if (typeof OffscreenCanvas === 'undefined' || (header && header.width * header.height > maxPixels)) return undefined;
  return decode(blob, header?.orientation ?? 1);
}

/** Draws, and lets go of the source: its pixels may be a hundred megabytes. */
async function redraw(source: ImageBitmap | OffscreenCanvas, ...how: [edit: Edit, pause: Pause, behind?: string]): Promise<OffscreenCanvas> {
  try {
    return await draw(source, ...how);
  } finally {
    if (source instanceof ImageBitmap) source.close();
  }
}

async function picture(blob: Blob, size: number, pause: Pause): Promise<Picture | undefined> {
  const source = await open(blob, await head(blob));
  if (!source) return undefined;
  const { width, height } = source;
  const resize = fit(source, { max: [size, size] });
  const canvas = await redraw(source, { resize, originalWidth: width, originalHeight: height }, pause);
  return { bitmap: canvas.transferToImageBitmap(), width, height };
}

/** Undefined where there is nothing to do: a worker cannot hand back the very same blob. */
async function prepare(blob: Blob, how: Preparation, pause: Pause): Promise<Blob | undefined> {
  const header = await head(blob);
  if (!header || header.animated) return undefined;
  const wanted = fit(header, how);
  const strip = how.strip && header.type === 'image/jpeg';
  // Without its orientation the picture would lie on its side: then its pixels are turned instead.
  const turn = strip && !how.keepOrientation && header.orientation !== 1;
  if (turn || wanted.width !== header.width || wanted.height !== header.height) {
    const source = await open(blob, header);
    if (source) {
      const type = outputType(header.type);
      const edit = { resize: wanted, originalWidth: source.width, originalHeight: source.height };
      return encode(await redraw(source, edit, pause), type);
    }
  }
  return strip ? stripped(blob, header.orientation, { orientation: how.keepOrientation, profile: how.keepProfile }) : undefined;
}

/** The same pixels, byte for byte, without the metadata. Undefined if there is none. */
async function stripped(blob: Blob, orientation: number, keep: Keep): Promise<Blob | undefined> {
  const ranges = withoutMetadata(new Uint8Array(await blob.arrayBuffer()), keep);
  if (!ranges || (ranges.length === 1 && ranges[0]?.[1] === blob.size)) return undefined;
  const parts: BlobPart[] = ranges.map(([start, end]) => blob.slice(start, end));
  if (keep.orientation && orientation !== 1) parts.splice(0, 1, blob.slice(0, 2), orientationSegment(orientation), blob.slice(2, ranges[0]?.[1]));
  return new Blob(parts, { type: blob.type });
}

async function render(blob: Blob, edit: Edit, pause: Pause): Promise<Blob> {
  const header = await head(blob);
  const source = await open(blob, header);
  if (!source) throw new Error('This image cannot be edited');
  const type = outputType(header?.type ?? blob.type, edit);
  return encode(await redraw(source, edit, pause, type === 'image/jpeg' ? 'white' : undefined), type);
}
