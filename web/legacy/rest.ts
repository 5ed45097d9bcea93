/** The calls that need no dialog. */
import { codeOf, families, FPError, type Family } from './errors.ts';
import { flag, list, text, type Page } from './page.ts';
import type { FPFile, Input, Options } from './types.ts';

export type OnProgress = (percent: number) => void;

interface Request {
  readonly method?: string;
  readonly url: string;
  readonly query?: Options;
  readonly body?: Blob | string | URLSearchParams;
  readonly type?: string;
  readonly family: Family;
  readonly foreign?: boolean;
  readonly onProgress?: OnProgress;
}

/** send resolves with the bytes of the answer, and rejects with an FPError. */
function send({ method = 'POST', url, query = {}, body, type, family, foreign, onProgress }: Request): Promise<Blob> {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '');
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not tell the progress of what is sent
    request.open(method, search ? `${url}${url.includes('?') ? '&' : '?'}${search}` : url);
    request.responseType = 'blob';
    if (type) request.setRequestHeader('content-type', type);
    const progress = (e: ProgressEvent) => e.lengthComputable && onProgress?.(Math.round((95 * e.loaded) / e.total));
    (body === undefined ? request : request.upload).onprogress = progress;
    request.onload = () => {
      if (request.status >= 400) return reject(new FPError(codeOf(request.status, family, foreign)));
      onProgress?.(100);
      resolve(request.response as Blob);
    };
    request.onerror = () => reject(new FPError(codeOf(0, family, foreign)));
    request.send(body);
  });
}

const sendForFile = async (page: Page, request: Request): Promise<FPFile> => fpfile(page, JSON.parse(await (await send(request)).text()) as Answer);

interface Answer {
  url: string;
  filename?: string; name?: string;
  mimetype?: string; type?: string;
  size?: number;
  key?: string; s3_key?: string;
  container?: string; path?: string; client?: string;
  isWriteable?: boolean; writeable?: boolean;
}

/** fpfile reads the file that a server answered with. */
export function fpfile(page: Page, a: Answer): FPFile {
  const file: FPFile = {
    url: page.file(a.url), filename: a.filename ?? a.name, mimetype: a.mimetype ?? a.type, size: a.size,
    isWriteable: a.isWriteable ?? a.writeable ?? true, key: a.key ?? a.s3_key, container: a.container, path: a.path, client: a.client,
  };
  return Object.fromEntries(Object.entries(file).filter(([, value]) => value !== undefined)) as unknown as FPFile;
}

const grant = ({ policy, signature }: Options): Options => ({ policy, signature });

/** storeQuery is what a store is told in its URL. */
function storeQuery(page: Page, options: Options): Options {
  const { filename, mimetype, path, container, access, region, base64decode } = options;
  return { key: page.key, plugin: page.plugin, filename, mimetype, path, container, access, region, base64decode, ...grant(options) };
}

const storeURL = (page: Page, { location }: Options): string => `${page.host('www')}/api/store/${encodeURIComponent(text(location) ?? 'S3')}`;

/** fileOf returns the file of an input element; rejects with 115 if there is none. */
function fileOf(input: HTMLInputElement): Blob {
  const file = input.files?.[0];
  if (!file) throw new FPError(115);
  return file;
}

const isInput = (input: unknown): input is HTMLInputElement => input instanceof HTMLInputElement;

export async function store(page: Page, input: Input, options: Options, onProgress?: OnProgress): Promise<FPFile> {
  if (typeof input === 'object' && !(input instanceof Blob) && !isInput(input)) {
    return storeUrl(page, input.url, { filename: input.filename, ...options }, onProgress);
  }
  const body = isInput(input) ? fileOf(input) : input;
  const named = body instanceof File ? { filename: body.name, ...options } : options;
  const type = text(options.mimetype) ?? (body instanceof Blob && body.type || (typeof body === 'string' ? 'text/plain' : 'application/octet-stream'));
  return sendForFile(page, { url: storeURL(page, options), query: storeQuery(page, named), body, type, family: families.write, onProgress });
}

/** storeUrl lets the server fetch a URL; one of its own files is copied. */
export async function storeUrl(page: Page, url: string, options: Options, onProgress?: OnProgress): Promise<FPFile> {
  const body = new URLSearchParams({ url: page.file(url) });
  return sendForFile(page, { url: storeURL(page, options), query: storeQuery(page, options), body, family: families.storeUrl, onProgress });
}

/**
 * read resolves with a text: the file's, with asText; base64, with base64encode;
 * else one with a character for each byte.
 */
export async function read(page: Page, input: FPFile | string | Blob | HTMLInputElement, options: Options, onProgress?: OnProgress): Promise<string> {
  const blob = input instanceof Blob || isInput(input) ? (isInput(input) ? fileOf(input) : input) : await fetched(page, input, options, onProgress);
  if (flag(options.asText)) return blob.text();
  const bytes = new Uint8Array(await blob.arrayBuffer());
  let binary = '';
  for (let at = 0; at < bytes.length; at += 8192) binary += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return flag(options.base64encode) ? btoa(binary) : binary;
}

function fetched(page: Page, input: FPFile | string, options: Options, onProgress?: OnProgress): Promise<Blob> {
  const url = page.file(input);
  const own = page.owns(url);
  const query = own ? { key: page.key, ...grant(options), ...(flag(options.cache) ? { cache: true } : {}) } : {};
  return send({ method: 'GET', url, query, family: families.read, foreign: !own, onProgress });
}

export async function write(page: Page, target: FPFile, input: Input, options: Options, onProgress?: OnProgress): Promise<FPFile> {
  if (typeof input === 'object' && !(input instanceof Blob) && !isInput(input)) return writeUrl(page, target, input.url, options, onProgress);
  const body = isInput(input) ? fileOf(input) : input;
  const { base64decode, mimetype } = options;
  const query = { key: page.key, plugin: page.plugin, base64decode, mimetype, ...grant(options) };
  const type = text(mimetype) ?? (body instanceof Blob && body.type || 'text/plain');
  return sendForFile(page, { url: page.file(target), query, body, type, family: families.write, onProgress });
}

export async function writeUrl(page: Page, target: FPFile, url: string, options: Options, onProgress?: OnProgress): Promise<FPFile> {
  const query = { key: page.key, plugin: page.plugin, ...grant(options) };
  return sendForFile(page, { url: page.file(target), query, body: new URLSearchParams({ url: page.file(url) }), family: families.write, onProgress });
}

/** stat resolves with what the server knows, times as Date. */
export async function stat(page: Page, file: FPFile, options: Options): Promise<Record<string, unknown>> {
  const answer = await send({ method: 'GET', url: under(page.file(file), '/metadata'), query: { ...options, ...grant(options) }, family: families.stat });
  const known = JSON.parse(await answer.text()) as Record<string, unknown>;
  for (const name of ['uploaded', 'modified', 'created']) {
    if (known[name]) known[name] = new Date(known[name] as number);
  }
  return known;
}

export async function remove(page: Page, file: FPFile, options: Options): Promise<void> {
  await send({ url: under(page.file(file), '/remove'), query: { key: page.key, plugin: page.plugin, ...grant(options) }, family: families.remove });
}

const conversions = list(`width,height,fit,align,crop,crop_first,format,quality,rotate,filter,blurAmount,sharpenAmount,compress,exif,page,secure,
  watermark,watermark_position,watermark_size,text,text_align,text_color,text_font,text_padding,text_size,
  storeLocation,storePath,storeContainer,storeRegion,storeAccess,policy,signature`);

/** unknownConversion is the first option that convert does not know. */
export const unknownConversion = (options: Options): string | undefined => Object.keys(options).find((name) => !conversions.includes(name));

/** convert stores what becomes of an image or a PDF. storeOptions are those of store. */
export async function convert(page: Page, file: FPFile, options: Options, storeOptions: Options, onProgress?: OnProgress): Promise<FPFile> {
  if (file.mimetype && !/^image\/|^application\/pdf/.test(file.mimetype)) throw new FPError(142);
  const { location, path, container, region, access } = storeOptions;
  const query: Options = {
    storeLocation: location, storePath: path, storeContainer: container, storeRegion: region, storeAccess: access, ...grant(storeOptions),
    ...Object.fromEntries(Object.entries(options).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value])),
    key: page.key, plugin: page.plugin,
  };
  return sendForFile(page, { url: under(page.file(file), '/convert'), query, family: families.convert, onProgress });
}

/** under adds to the path of url; its query, which may hold a policy, stays. */
const under = (url: string, path: string): string => url.replace(/\?|$/, (end) => path + end);
