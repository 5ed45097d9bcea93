import type { Network } from './network.ts';
import { needsGrant, problem, problemOf, Refusal, refusal } from './problem.ts';
import { lines, send, type Reply, type Request } from './request.ts';
import type { Code, Grant, Hosts, Item, Problem, Settings, Store, Stored } from './types.ts';

/** A part that the server has, as it names it. */
export interface Part {
  readonly part_number: number;
  readonly size: number;
  readonly etag: string;
}

/** What the server knows of an unfinished upload, or what it became. */
export type Progressed = { readonly parts: readonly Part[] } | { readonly file: Stored };

/** What the server answers to prefetch, as far as it is read. */
interface Prefetch {
  readonly blocked?: boolean | string;
  readonly problem?: { readonly code: Code; readonly message?: string; readonly request?: string };
  readonly expires?: number;
  readonly sources?: readonly string[];
}

/** What a page learns before it uploads. */
export interface Checked {
  readonly problem?: Problem;
  readonly expires?: number;
  readonly sources: readonly string[];
}

/** A file as the server describes it after storing. */
interface StoredAnswer extends Omit<Stored, 'uploadTags'> {
  readonly type?: string;
  readonly upload_tags?: Readonly<Record<string, string>>;
}

const stored = ({ type, upload_tags, ...file }: StoredAnswer): Stored => ({
  ...file, mimetype: file.mimetype ?? type, ...(upload_tags ? { uploadTags: upload_tags } : undefined),
});

/** The requests of Filestack's protocol that an upload consists of, and the few that Stowgate adds. */
export class Server {
  readonly #settings: Settings;
  readonly #network: Network;
  #renewal: Promise<void> | undefined;

  constructor(settings: Settings, network: Network) {
    this.#settings = settings;
    this.#network = network;
  }

  /** Begins an upload of an item's blob and returns the name of its session. */
  async start(item: Item, signal: AbortSignal): Promise<string> {
    const { upload_id: id } = await this.#call<{ upload_id?: string }>('upload', '/multipart/start', this.#describe(item), signal);
    if (!id) throw refusal('server', { detail: 'the server named no upload' });
    return id;
  }

  /** Sends bytes as a part of a session and returns the server's name of them. */
  async part(session: string, number: number, bytes: Blob, signal: AbortSignal, progress: (bytes: number) => void): Promise<string> {
    const ticket = await this.#call<{ url: string; headers?: Record<string, string> }>(
      'upload', '/multipart/upload', { upload_id: session, part: number, size: bytes.size }, signal);
    const { etag } = await this.#send({ method: 'PUT', url: ticket.url, headers: ticket.headers, body: bytes, signal, progress });
    return etag;
  }

  /** Makes the parts of a session into a file. Doing it again gives the same file. */
  async complete(session: string, item: Item, parts: ReadonlyMap<number, string>, signal: AbortSignal): Promise<Stored> {
    const named = Array.from(parts, ([part_number, etag]) => ({ part_number, etag }));
    return stored(await this.#call<StoredAnswer>('upload', '/multipart/complete', { ...this.#describe(item), upload_id: session, parts: named }, signal));
  }

  /** Asks what has arrived of a session. Rejects with code gone when there is no such session any more. */
  async status(session: string, signal: AbortSignal): Promise<Progressed> {
    const answer = await this.#call<{ parts?: Part[]; file?: StoredAnswer }>('upload', '/multipart/status', { upload_id: session }, signal);
    return answer.file ? { file: stored(answer.file) } : { parts: answer.parts ?? [] };
  }

  /** Has the server fetch a link and store it. The server tells now and then how many bytes have come, and of how many, if that is known. */
  async import(item: Item, signal: AbortSignal, arrived: (received: number, size?: number) => void): Promise<Stored> {
    const { filename, upload_tags, store } = this.#describe(item);
    const url = { path: item.link!.url, headers: item.link!.headers, store: { filename, ...store } };
    // How long that takes is between the server and the link's host.
    const answer = await this.#call<{ url: StoredAnswer }>('cloud', '/store/', { flow: 'web', upload_tags, clouds: { url } }, signal, {
      timeout: 0,
      headers: { 'Content-Type': 'application/json', Accept: lines },
      line: (text) => {
        const { received, size } = read<{ received: number; size?: number }>(text);
        arrived(received, size);
      },
    });
    return stored(answer.url);
  }

  /** Looks up what is behind a link. */
  lookUp(url: string, headers: Readonly<Record<string, string>> | undefined, signal: AbortSignal): Promise<{ filename?: string; mimetype?: string; size?: number | null }> {
    return this.#call('cloud', '/metadata', { url, headers }, signal);
  }

  /** Asks whether and how this page may upload, with a newer grant if that may help. */
  async check(signal: AbortSignal): Promise<Checked> {
    const told = await this.#prefetch(signal);
    return told.problem && await this.#renew(told.problem) ? this.#prefetch(signal) : told;
  }

  async #prefetch(signal: AbortSignal): Promise<Checked> {
    const { apiKey, grant, store } = this.#settings;
    const { text } = await this.#post('upload', '/prefetch', {
      apikey: apiKey, security: grant(), settings: ['inapp_browser'], permissions: ['intelligent_ingestion', 'whitelabel'], events: ['picker'],
      picker_config: { storeTo: store },
    }, signal);
    const told = read<Prefetch>(text);
    const { problem: p } = told;
    const wrong = p ? problem(p.code, { detail: p.message, request: p.request })
      : told.blocked ? problem('app-disabled', typeof told.blocked === 'string' ? { detail: told.blocked } : undefined) : undefined;
    return { problem: wrong, expires: told.expires, sources: told.sources ?? [] };
  }

  /** What is said of a file when its upload begins and again when it ends. */
  #describe(item: Item) {
    const { filename, ...store } = this.#settings.store as Store;
    return {
      filename: filename ?? item.name, mimetype: item.type || undefined, size: item.size < 0 ? undefined : item.size,
      alt: item.alt || undefined, upload_tags: this.#settings.tags?.(item), store: { ...store, location: store.location ?? 's3' },
    };
  }

  /** Posts to a route that takes the page's grant. If that is refused, a newer one is asked for, once. */
  async #call<T>(host: keyof Hosts, path: string, body: object, signal: AbortSignal, more?: Partial<Request>): Promise<T> {
    const { apiKey, grant } = this.#settings;
    const attempt = async (used: Grant | undefined): Promise<T> => read<T>((await this.#post(host, path, { ...body, apikey: apiKey, ...used }, signal, more)).text);
    const used = grant();
    try {
      return await attempt(used);
    } catch (error) {
      const refused = problemOf(error);
      if (!needsGrant(refused)) throw error;
      const why = new Refusal(await this.#explain(refused, signal));
      // Another request may have seen to it meanwhile.
      if (grant()?.policy === used?.policy && !await this.#renew(why.problem)) throw why;
      signal.throwIfAborted();
    }
    try {
      return await attempt(grant());
    } catch (error) {
      throw new Refusal(await this.#explain(problemOf(error), signal));
    }
  }

  /** Asks the page for a newer grant, once for all requests that wait for one. Resolves with whether there may be one. */
  async #renew(why: Problem): Promise<boolean> {
    const { refresh } = this.#settings;
    if (!refresh || !needsGrant(why)) return false;
    this.#renewal ??= refresh(why).finally(() => { this.#renewal = undefined; });
    return this.#renewal.then(() => true, () => false);
  }

  /** The routes that store say only that the policy is not good; prefetch says why. */
  async #explain(refused: Problem, signal: AbortSignal): Promise<Problem> {
    if (!needsGrant(refused)) return refused;
    try {
      const { problem: why } = await this.#prefetch(signal);
      return why ? { ...refused, ...why, detail: why.detail ?? refused.detail, request: refused.request ?? why.request } : refused;
    } catch {
      return refused;
    }
  }

  #post(host: keyof Hosts, path: string, body: object, signal: AbortSignal, more?: Partial<Request>): Promise<Reply> {
    const url = this.#settings.hosts()[host] + path;
    return this.#send({ method: 'POST', url, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body), signal, ...more });
  }

  async #send(request: Omit<Request, 'timeout'> & { readonly timeout?: number }): Promise<Reply> {
    try {
      const reply = await send({ ...request, timeout: request.timeout ?? this.#settings.parts.timeout });
      this.#network.worked();
      return reply;
    } catch (error) {
      const p = problemOf(error);
      if (p.status) this.#network.worked();
      else if (p.code === 'network') this.#network.failed();
      throw error;
    }
  }
}

function read<T>(text: string): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    throw refusal('server', { detail: text.slice(0, 300) });
  }
}
