/** What a page has set once: its key, and where the server is. */
import type { Client } from '../filestack/types.ts';
import { FilepickerException, FPError } from './errors.ts';
import type { FPFile, OnError, Options } from './types.ts';

/** The global that pages may have made before this script ran. */
export interface Preset {
  hostname?: string;
  plugin?: string;
  debug?: boolean;
  apikey?: string;
  _queue?: [method: string, values: ArrayLike<unknown>][];
}

export class Page {
  /** What the page has made of window.filepicker; read whenever it matters. */
  readonly #preset: Preset;
  readonly #script: string;
  readonly #hosts: boolean;

  /** script is where this script came from; hosts says whether its server has a host for each service. */
  constructor(preset: Preset, script: string, hosts: boolean) {
    this.#preset = preset;
    this.#script = new URL(script).origin;
    this.#hosts = hosts;
  }

  setKey(key: string): void {
    this.#preset.apikey = key;
  }

  /** The key; throws if there is none. */
  get key(): string {
    if (!this.#preset.apikey) throw new FilepickerException('API Key not found');
    return this.#preset.apikey;
  }

  get plugin(): string { return this.#preset.plugin ?? 'js_lib'; }

  /**
   * The origin of a service. A server with a domain has a host for each, and one
   * of them is known; without a domain one host has all, whatever it is called.
   */
  host(service: string): string {
    const known = (this.#preset.hostname ?? this.#script).replace(/\/+$/, '');
    if (!this.#hosts) return known;
    return known.replace(/^(https?:\/\/)(?:www|static|api|dialog)\./, `$1${service}.`);
  }

  /** The base of a file's URL. */
  get api(): string { return `${this.host('www')}/api/file`; }

  /** Where the picker's chunks are. */
  get base(): string { return `${this.host('static')}/picker/legacy/`; }

  /** A client as filestack-js would make it, for one call with these options. */
  client(options: Options): Client {
    const urls = {
      uploadApiUrl: this.host('upload'), cloudApiUrl: this.host('cloud'), cdnUrl: this.host('cdn'),
      processUrl: this.host('process'), fileApiUrl: this.api,
    };
    return { session: { apikey: this.key, urls, policy: text(options.policy), signature: text(options.signature) } };
  }

  /**
   * The URL by which this server's API knows a file. URLs of a CDN are rewritten;
   * so are those of other hosts with the same path, which pages have kept.
   */
  file(input: FPFile | string): string {
    const url = typeof input === 'string' ? input : input.url;
    const found = /^(?:https?:)?\/\/(?:[^/]+\/api\/file|cdn\.[^/]+)\/([\w-]+)([?].*)?$/.exec(url);
    if (found) return `${this.api}/${found[1]}${found[2] ?? ''}`;
    return url.startsWith(`${this.host('cdn')}/`) ? this.api + url.slice(this.host('cdn').length) : url;
  }

  /** Whether a URL is a file of this server. */
  owns(url: string): boolean { return url.startsWith(`${this.api}/`); }

  /** What is called where a page gave no onError. */
  readonly report: OnError = (error: FPError) => {
    if (this.#preset.debug) console.error(`Stowgate filepicker: ${String(error)}`);
  };
}

/** text is value if it is a text that says something. */
export const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** list reads an array, or texts with commas between them. */
export function list(...values: unknown[]): string[] {
  return values.flatMap((value) => (Array.isArray(value) ? value.map(String) : typeof value === 'number' ? [String(value)] : text(value)?.split(',') ?? []))
    .map((one) => one.trim()).filter(Boolean);
}

/** flag reads what attributes and scripts write for true. */
export const flag = (value: unknown): boolean => value === true || value === 'true';

/** number reads a number that may be written as text. */
export function number(value: unknown): number | undefined {
  const read = typeof value === 'number' ? value : Number.parseFloat(text(value) ?? '');
  return Number.isFinite(read) ? read : undefined;
}

/** pair reads a width and a height. */
export function pair(value: unknown): (number | null)[] | undefined {
  const [width, height] = list(value).map((one) => number(one) ?? null);
  return width || height ? [width ?? null, height ?? null] : undefined;
}
