/** Turns a page's options into what the engine and the views are told. */
import type { Item, Settings } from '../engine/types.ts';
import type { Preparation } from '../image/index.ts';
import type { Editing, Mode, PaneOptions } from '../picker/types.ts';
import { digesting, fitting, later, preparing } from './chunks.ts';
import { grant, hosts } from './client.ts';
import { pickedFile, type Describe } from './files.ts';
import type { Client, Options, Pair, PickedFile } from './types.ts';

export const mode = ({ displayMode }: Options): Mode =>
  displayMode === 'dropPane' ? 'pane' : displayMode === 'inline' ? 'inline' : 'overlay';

export function accepted({ accept }: Options): readonly string[] {
  return accept === undefined ? [] : typeof accept === 'string' ? [accept] : [...accept];
}

type Size = readonly [number | null, number | null];

/**
 * settings is what an engine is told. base is where chunks are loaded from, and
 * atLeast how many files it must take, whatever maxFiles says.
 */
export function settings(client: Client, options: Options, describe: () => Describe, base: string, atLeast = 0): Settings {
  const { storeTo = {}, uploadConfig = {} } = options;
  const single = options.miniUploader && options.multipleFileUpload === false;
  const how = preparation(options);
  const prepare = preparing(base);
  const fits = options.imageMinMaxBlock && !options.imageDim && how ? fitting(base) : undefined;
  return {
    apiKey: client.session.apikey,
    hosts: () => hosts(client),
    grant: () => grant(client),
    accept: accepted(options),
    maxFiles: Math.max(single ? 1 : options.maxFiles ?? 1, atLeast),
    wholeChoices: options.failOverMaxFiles,
    minFiles: options.minFiles ?? 1,
    maxSize: options.maxSize ?? Infinity,
    minSize: 0,
    admit: admit(options, describe, base, fits && ((item) => fits(item, how as Preparation))),
    prepare: how && (async (item) => {
      await fits?.(item, how); // it may have been edited since it was chosen
      return prepare(item, how);
    }),
    digest: digesting(base),
    tags: uploadConfig.tags && ((item) => tags(options, pickedFile(item, describe()))),
    store: { ...storeTo, disableStorageKey: options.disableStorageKey },
    concurrency: options.concurrency ?? 4,
    parts: {
      size: uploadConfig.partSize ?? 6 * 1024 * 1024,
      concurrency: uploadConfig.concurrency ?? 3,
      retries: uploadConfig.retry ?? 10,
      retryFactor: uploadConfig.retryFactor ?? 2,
      retryMaxTime: uploadConfig.retryMaxTime ?? 15_000,
      timeout: uploadConfig.timeout ?? 120_000,
    },
    resume: mode(options) !== 'pane', // which has no place to ask for a missing file
  };
}

/** admit asks the page's acceptFn and onFileSelected, if there are any. */
function admit(options: Options, describe: () => Describe, base: string, fits?: (item: Item) => Promise<void>): Settings['admit'] {
  if (!options.acceptFn && !options.onFileSelected && !fits) return undefined;
  return async (item) => {
    await fits?.(item);
    try {
      if (options.acceptFn) await askAcceptFn(options, item, describe(), await later(base));
      const file = { ...pickedFile(item, describe()), name: item.name };
      const answer = await options.onFileSelected?.(file) as { name?: unknown } | undefined;
      // The page may also have changed the object that it was given.
      const name = answer?.name ?? file.name;
      return typeof name === 'string' && name !== item.name && !item.link ? { name } : undefined;
    } catch (reason) {
      throw reason instanceof Error ? reason : new Error(typeof reason === 'string' ? reason : '');
    }
  };
}

type Later = Awaited<ReturnType<typeof later>>;

async function askAcceptFn({ acceptFn, ...options }: Options, item: Item, { cdn }: Describe, { mimeFromExtension, mimeFromMagicBytes }: Later): Promise<void> {
  const accept = accepted(options);
  const acceptMime = accept.map((one) => (one.includes('/') ? one : mimeFromExtension(one))).filter(Boolean);
  await acceptFn?.(pickedFile(item, { cdn, expose: true }), { accept, acceptMime, mimeFromMagicBytes, mimeFromExtension });
}

function tags({ uploadConfig }: Options, file: PickedFile): Record<string, string> {
  return Object.fromEntries(Object.entries(uploadConfig?.tags ?? {})
    .map(([name, value]) => [name, String(typeof value === 'function' ? value(file) : value)]));
}

function preparation({ imageDim, imageMax, imageMin, cleanupImageExif }: Options): Preparation | undefined {
  if (!imageDim && !imageMax && !imageMin && !cleanupImageExif) return undefined;
  const keep = typeof cleanupImageExif === 'object' ? cleanupImageExif : {};
  return {
    dim: size(imageDim), max: size(imageMax), min: size(imageMin), strip: Boolean(cleanupImageExif),
    keepOrientation: keep.keepOrientation, keepProfile: keep.keepICCandAPP,
  };
}

const size = (pair: Pair | undefined): Size | undefined => pair && [pair[0] ?? null, pair[1] ?? null];

/** editing is what a person may do to images; undefined for nothing. */
export function editing({ transformations = {}, disableTransformer }: Options): Editing | undefined {
  const { crop = true, circle = true, rotate = true, force } = transformations;
  if (disableTransformer || !(crop || circle || rotate)) return undefined;
  const cropping = typeof crop === 'object' ? crop : {};
  const aspectRatio = cropping.aspectRatio;
  return {
    crop: Boolean(crop), aspectRatio, rotate,
    circle: circle && (aspectRatio === undefined || aspectRatio === 1),
    force: Boolean(force || cropping.force),
  };
}

/** cropping is editing for files that are there to be edited: one that is saved as it is counts as well. */
export function cropping(options: Options): Editing | undefined {
  const allowed = editing({ ...options, disableTransformer: false });
  return allowed && { ...allowed, force: true };
}

/** pane is how a drop pane behaves; call reports what its callbacks throw. */
export function pane({ dropPane = {} }: Options, call: (name: string, callback?: () => unknown) => void): PaneOptions {
  const { onDragEnter, onDragOver, onDragLeave, onDrop, onClick } = dropPane;
  return {
    text: dropPane.customText,
    click: !dropPane.disableClick,
    overlay: dropPane.overlay ?? true,
    icon: dropPane.showIcon ?? true,
    progress: dropPane.showProgress ?? true,
    crop: Boolean(dropPane.cropFiles),
    onDragEnter: (event) => call('dropPane.onDragEnter', () => onDragEnter?.(event)),
    onDragOver: (event) => call('dropPane.onDragOver', () => onDragOver?.(event)),
    onDragLeave: () => call('dropPane.onDragLeave', () => onDragLeave?.()),
    onDrop: (event) => call('dropPane.onDrop', () => onDrop?.(event)),
    onClick: (event) => call('dropPane.onClick', () => onClick?.(event)),
  };
}
