import type { Patience } from './retry.ts';
import { problemOf, Refusal, refusal } from './problem.ts';
import type { Part, Server } from './server.ts';
import type { Item, Parts, Stored } from './types.ts';

/** How many parts an upload may have. Source: the S3 rule, which the server keeps to. */
const maxParts = 10_000;

/** Below this, in bytes, the two requests of a part cost more than sending its bytes. */
const worthwhile = 1 << 20;

/**
 * Cuts a file so that what is on its way at once, in all lanes together, is at
 * most the size that was set: no more is lost with the page. Only a file of more
 * than 10,000 times that size has larger parts.
 */
export function plan(size: number, { size: most, concurrency }: Pick<Parts, 'size' | 'concurrency'>): { partSize: number; lanes: number } {
  const partSize = Math.max(Math.min(worthwhile, most), Math.floor(most / concurrency), Math.ceil(size / maxParts));
  return { partSize, lanes: lanes(partSize, most, concurrency) };
}

const lanes = (partSize: number, most: number, concurrency: number): number => Math.max(1, Math.min(concurrency, Math.floor(most / partSize)));

/** An upload that was begun: its name, how it is cut, and which parts the server has, with its names of them. */
export interface Session {
  readonly id: string;
  readonly partSize: number;
  readonly parts: Map<number, string>;
}

export interface Watcher {
  /** The item as it is now. */
  item(): Item;
  /** Bytes were sent, or, if negative, are to be sent again. */
  moved(bytes: number): void;
  /** A session was begun. */
  begun(session: Session): void;
}

/** Sends one blob in parts. After run has ended, running again goes on where it was. */
export class Transfer {
  readonly #server: Server;
  readonly #patience: Patience;
  readonly #parts: Parts;
  readonly #watcher: Watcher;
  #session: Session | undefined;
  /** Whether the server must be asked what it has: after a reload, or when it disagrees. */
  #unsure: boolean;
  #flying = new Map<number, number>();

  /** session is one of an earlier visit. */
  constructor(server: Server, patience: Patience, parts: Parts, watcher: Watcher, session?: Session) {
    this.#server = server;
    this.#patience = patience;
    this.#parts = parts;
    this.#watcher = watcher;
    this.#session = session;
    this.#unsure = session !== undefined;
  }

  /** Bytes that the server has or that are on their way. */
  get sent(): number {
    const { size } = this.#watcher.item();
    let sum = 0;
    for (const n of this.#session?.parts.keys() ?? []) sum += sizeOf(n, this.#session!.partSize, size);
    for (const bytes of this.#flying.values()) sum += bytes;
    return sum;
  }

  /** Sends what is missing of blob. */
  async run(blob: Blob, signal: AbortSignal): Promise<Stored> {
    for (let anew = false; ; anew = true) {
      try {
        return await this.#attempt(blob, signal);
      } catch (error) {
        const p = problemOf(error);
        const gone = p.code === 'gone';
        const disagrees = p.status === 400 && /parts/.test(p.detail ?? '');
        if (gone) this.#session = undefined;
        if (disagrees) this.#unsure = true;
        if (signal.aborted || anew || !gone && !disagrees) throw error;
      }
    }
  }

  async #attempt(blob: Blob, signal: AbortSignal): Promise<Stored> {
    const persist = <T>(act: () => Promise<T>): Promise<T> => this.#patience.persist(signal, act);
    if (this.#session && this.#unsure) {
      const { id, partSize, parts } = this.#session;
      const known = await persist(() => this.#server.status(id, signal));
      if ('file' in known) return known.file;
      parts.clear();
      for (const [n, etag] of whole(known.parts, partSize, blob.size)) parts.set(n, etag);
      this.#unsure = false;
    }
    if (!this.#session) {
      const id = await persist(() => this.#server.start(this.#watcher.item(), signal));
      this.#session = { id, partSize: plan(blob.size, this.#parts).partSize, parts: new Map() };
      this.#watcher.begun(this.#session);
    }
    const session = this.#session;
    await this.#sendParts(session, blob, signal);
    return persist(() => this.#server.complete(session.id, this.#watcher.item(), session.parts, signal));
  }

  /** Sends the missing parts, several at once; one that fails ends all. */
  async #sendParts(session: Session, blob: Blob, outer: AbortSignal): Promise<void> {
    const count = Math.ceil(blob.size / session.partSize);
    let next = 1;
    const failed = new AbortController();
    const signal = AbortSignal.any([outer, failed.signal]);
    const lane = async (): Promise<void> => {
      for (let n = next++; n <= count; n = next++) {
        if (!session.parts.has(n)) await this.#patience.persist(signal, () => this.#sendPart(session, n, blob, signal));
      }
    };
    const wide = lanes(session.partSize, this.#parts.size, this.#parts.concurrency);
    try {
      await Promise.all(Array.from({ length: Math.min(wide, count) }, () => lane().catch((error: unknown) => {
        failed.abort(error);
        throw error;
      })));
    } finally {
      failed.abort();
    }
  }

  async #sendPart(session: Session, n: number, blob: Blob, signal: AbortSignal): Promise<void> {
    const bytes = blob.slice((n - 1) * session.partSize, n * session.partSize);
    let gone = 0;
    const progress = (loaded: number): void => {
      const now = Math.min(loaded, bytes.size);
      this.#flying.set(n, now);
      this.#watcher.moved(now - gone);
      gone = now;
    };
    try {
      const etag = await this.#server.part(session.id, n, bytes, signal, progress);
      progress(bytes.size);
      session.parts.set(n, etag);
    } catch (error) {
      this.#watcher.moved(-gone);
      signal.throwIfAborted();
      await readable(bytes);
      throw ticketEnded(error);
    } finally {
      this.#flying.delete(n);
    }
  }
}

const sizeOf = (n: number, partSize: number, size: number): number => Math.min(partSize, size - (n - 1) * partSize);

/** The parts that a server lists and that are what would be sent. */
function* whole(parts: readonly Part[], partSize: number, size: number): Iterable<[number, string]> {
  for (const p of parts) {
    if (p.part_number >= 1 && p.size === sizeOf(p.part_number, partSize, size)) yield [p.part_number, p.etag];
  }
}

/** Rejects if the bytes of a file cannot be read any more: browsers report that as if the network had failed. */
async function readable(bytes: Blob): Promise<void> {
  await bytes.slice(0, 1).arrayBuffer();
}

/** A part's ticket that was refused has expired, and the next try gets another. */
function ticketEnded(error: unknown): unknown {
  const p = problemOf(error);
  return p.status === 403 && p.code === 'server' && error instanceof Refusal ? refusal('server', { ...p, again: true }) : error;
}
