/** The parts of the picker that are loaded when they are first needed. */
import { refusal } from '../engine/problem.ts';
import type { Item } from '../engine/types.ts';
import type { Preparation } from '../image/index.ts';

// Names of files, which the build puts in.
declare const STOWGATE_VIEW: string;
declare const STOWGATE_IMAGE: string;
declare const STOWGATE_LATER: string;

/** loadView loads what a person sees. base is where this script came from. */
export const loadView = (base: string): Promise<typeof import('../picker/view.tsx')> => import(base + STOWGATE_VIEW);

/** later loads what few picks need. */
export const later = (base: string): Promise<typeof import('./later.ts')> => import(base + STOWGATE_LATER);

const images = async (base: string): Promise<typeof import('../image/index.ts')> => {
  const made = await import(base + STOWGATE_IMAGE) as typeof import('../image/index.ts');
  made.workFrom(base);
  return made;
};

/** preparing loads what prepares images with the first file. */
export const preparing = (base: string) => async ({ blob, name }: Item, how: Preparation): Promise<Blob> =>
  (await images(base)).prepareFile(blob as Blob, name, how);

/** digesting loads what hashes large files with the first of them. */
export const digesting = (base: string) => async (blob: Blob, signal?: AbortSignal): Promise<string> => (await images(base)).digest(blob, signal);

/** fitting refuses images that are larger or smaller than how says. */
export const fitting = (base: string) => async ({ blob }: Item, how: Preparation): Promise<void> => {
  const misfit = blob && await (await images(base)).misfitOf(blob, how);
  if (misfit) throw refusal(misfit.code, { values: { ...misfit } });
};
