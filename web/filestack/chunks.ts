/** The parts of the picker that are loaded when they are first needed. */
import type { Preparation } from '../image/index.ts';

// Names of files, which the build puts in.
declare const STOWGATE_VIEW: string;
declare const STOWGATE_IMAGE: string;
declare const STOWGATE_LATER: string;

/** loadView loads what a person sees. base is where this script came from. */
export const loadView = (base: string): Promise<typeof import('../picker/view.tsx')> => import(base + STOWGATE_VIEW);

/** later loads what few picks need. */
export const later = (base: string): Promise<typeof import('./later.ts')> => import(base + STOWGATE_LATER);

/** preparing loads what prepares images with the first file. */
export const preparing = (base: string) => async (blob: Blob, how: Preparation): Promise<Blob> => {
  const { prepareImage, workFrom } = await import(base + STOWGATE_IMAGE) as typeof import('../image/index.ts');
  workFrom(base);
  return prepareImage(blob, how);
};
