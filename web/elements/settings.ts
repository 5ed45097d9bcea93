/** Turns an element's properties into what the engine and the views are told. */
import type { Hosts, Item, Settings } from '../engine/types.ts';
import { digesting, preparing } from '../filestack/chunks.ts';
import { sources } from '../filestack/sources.ts';
import type { Editing, Mode, ViewEvents, ViewOptions } from '../picker/types.ts';
import type { Outcome, Properties, StowgateFile } from './description.ts';

/** Where this script came from, with its chunks beside it; ends in a slash. */
export const base = new URL('.', import.meta.url).href;

export function hosts({ server, domain }: Properties): Hosts {
  if (domain) {
    const at = (name: string) => `https://${name}.${domain}`;
    return { upload: at('upload'), cloud: at('cloud'), cdn: at('cdn'), process: at('process'), api: `${at('www')}/api/file` };
  }
  const { origin } = new URL(server || base);
  return { upload: origin, cloud: origin, cdn: origin, process: origin, api: `${origin}/api/file` };
}

/** settings is what an engine is told. What the page may change later is read when it is needed. */
export function settings(p: Properties, mode: Mode, grant: Pick<Settings, 'grant' | 'refresh'>): Settings {
  const { stripMetadata, imageMax } = p;
  const max = imageMax ? pair(imageMax) : undefined;
  const prepare = preparing(base);
  return {
    ...grant,
    apiKey: p.apiKey ?? '',
    hosts: () => hosts(p),
    accept: list(p.accept),
    maxFiles: p.maxFiles ?? 1,
    minFiles: p.minFiles ?? 1,
    maxSize: bytes(p.maxSize),
    minSize: 0,
    admit: p.admit && (async (item) => p.admit?.(fileOf(item)) as ReturnType<NonNullable<Settings['admit']>>),
    prepare: max || stripMetadata ? (item) => prepare(item, { max, strip: stripMetadata }) : undefined,
    digest: digesting(base),
    tags: p.tags && ((item) => p.tags?.(fileOf(item)) ?? {}),
    store: {
      location: p.storeLocation, path: p.storePath, container: p.storeContainer, region: p.storeRegion,
      access: p.storeAccess as 'public' | 'private' | undefined,
    },
    concurrency: p.concurrency ?? 4,
    parts: { size: 6 * 1024 * 1024, concurrency: 3, retries: 10, retryFactor: 2, retryMaxTime: 15_000, timeout: 120_000 },
    resume: mode !== 'pane', // which has no place to ask for a missing file
  };
}

/** options is what the views are told. */
export function options(p: Properties, mode: Mode, lang: string, events: ViewEvents): ViewOptions {
  return {
    mode, lang, base, events,
    sources: sourcesOf(p, []),
    customText: p.texts,
    editing: editing(p),
    uploadAtOnce: mode === 'pane' || Boolean(p.autoUpload),
    uploadInBackground: false,
    startAtMaxFiles: false,
    hideWhenUploading: false,
    allowRetry: mode !== 'pane',
    thumbnails: true,
    altText: true,
    folders: true,
    dropEverywhere: false,
    compact: p.compact ?? false,
    noticeTime: 5000,
    videoSize: [1280, 720],
    pane: mode === 'pane' ? { click: true, overlay: false, icon: true, progress: true, crop: false } : undefined,
  };
}

/** sourcesOf lists what a person may choose from; of the drives those that the server has credentials for. */
export function sourcesOf(p: Properties, offered: readonly string[]): ViewOptions['sources'] {
  const wanted = list(p.sources);
  const fromSources = wanted.length ? wanted : ['local_file_system', 'url', 'webcam'];
  return sources({ fromSources }, offered, () => { throw new Error('the elements have no custom sources'); });
}

function editing({ crop, aspectRatio, exactSize }: Properties): Editing | undefined {
  if (crop === 'none') return undefined;
  const [width, height] = exactSize ? pair(exactSize) : [];
  const exact = width && height ? { width, height } : undefined;
  const ratio = exact ? exact.width / exact.height : quotient(aspectRatio);
  return { crop: true, circle: (ratio ?? 1) === 1, rotate: true, exact, aspectRatio: ratio, force: crop === 'required' };
}

/** fileOf is a file as pages get it: a copy. */
export function fileOf({ id, name, type, size, source, path, status, blob, problem, stored, digest, verified }: Item): StowgateFile {
  return {
    id, name, type, size, source, path, status, file: blob, problem,
    handle: stored?.handle, url: stored?.url, key: stored?.key, sha256: digest ?? stored?.sha256, verified,
  };
}

export const outcome = (uploaded: readonly Item[], failed: readonly Item[]): Outcome =>
  ({ stored: uploaded.map(fileOf), failed: failed.map(fileOf) });

/** A list, or its items between commas. */
export const list = (value: readonly string[] | string = []): readonly string[] =>
  (typeof value === 'string' ? value.split(',') : value).map((one) => one.trim()).filter(Boolean);

/** A number of bytes, or like 10MB; Infinity where it is neither. */
export function bytes(value: number | string | undefined): number {
  const [, number, unit] = /^\s*([\d.]+)\s*([kmgt]?)i?b?\s*$/i.exec(String(value ?? '')) ?? [];
  return number ? Number(number) * 1024 ** ' kmgt'.indexOf((unit || ' ').toLowerCase()) : Infinity;
}

/** A number, or like 16:9; undefined where it is neither. */
export function quotient(value: number | string | undefined): number | undefined {
  const [, above, below = '1'] = /^\s*([\d.]+)(?:\s*[:/]\s*([\d.]+))?\s*$/.exec(String(value ?? '')) ?? [];
  const made = Number(above) / Number(below);
  return made > 0 && Number.isFinite(made) ? made : undefined;
}

/** Two numbers, like 400x300. */
const pair = (value: string): [number | null, number | null] => {
  const [width, height] = value.toLowerCase().split('x').map(Number);
  return [width || null, height || null];
};
