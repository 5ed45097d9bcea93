/** The parts of the picker that are loaded when they are first needed. */
import type { Mount } from '../picker/types.ts';
import type { Prepare } from './settings.ts';

// Names of files, which the build puts in.
declare const STOWGATE_VIEW: string;
declare const STOWGATE_IMAGE: string;

/** loadView loads what a person sees. base is where this script came from. */
export const loadView = (base: string): Promise<{ mount: Mount }> => import(base + STOWGATE_VIEW);

/** Only these are made smaller or barer. Source: Filestack documentation, "imageDim". */
const pictures = ['image/jpeg', 'image/png', 'image/bmp', 'image/webp'];

/** preparing loads what prepares images with the first one. */
export const preparing = (base: string): Prepare => async (blob, how) => {
  if (!pictures.includes(blob.type)) return blob;
  const { prepareImage }: { prepareImage: (blob: Blob, how: Parameters<Prepare>[1]) => Promise<Blob> } = await import(base + STOWGATE_IMAGE);
  return prepareImage(blob, how);
};
