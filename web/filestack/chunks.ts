/** The parts of the picker that are loaded when they are first needed. */
import type { Mount } from '../picker/types.ts';
import type { Prepare } from './settings.ts';

// Names of files, which the build puts in.
declare const STOWGATE_VIEW: string;
declare const STOWGATE_IMAGE: string;

/** loadView loads what a person sees. base is where this script came from. */
export const loadView = (base: string): Promise<{ mount: Mount }> => import(base + STOWGATE_VIEW);

/** preparing loads what prepares images with the first file. */
export const preparing = (base: string): Prepare => async (blob, how) => {
  const { prepareImage, workFrom } = await import(base + STOWGATE_IMAGE) as typeof import('../image/index.ts');
  workFrom(base);
  return prepareImage(blob, how);
};
