import type { Network } from './network.ts';
import { isPassing, problem, problemOf, Refusal, refusal } from './problem.ts';
import { Rate, secondsFor } from './rate.ts';
import type { Resume } from './resume.ts';
import { Patience } from './retry.ts';
import type { Selection } from './selection.ts';
import type { Server } from './server.ts';
import { Transfer } from './transfer.ts';
import type { Twins } from './twins.ts';
import type { Item, Settings, Stored } from './types.ts';

/** What jobs share. */
export interface Tools {
  readonly settings: Settings;
  readonly items: Selection;
  readonly server: Server;
  readonly network: Network;
  readonly twins: Twins;
  /** Absent where nothing is to be kept. */
  readonly resume?: Resume;
  /** The speed of all together. */
  readonly total: Rate;
}

/** ms without any movement after which an upload counts as stalled. */
const patient = 5000;

/** The way of one item to the server, over pauses and retries. It changes its item while it runs; who stops it says what becomes of it. */
export class Job {
  readonly id: string;
  readonly handle: FileSystemFileHandle | undefined;
  /** Whether it was told that this began; cleared with each end. */
  begun = false;
  readonly #tools: Tools;
  readonly #patience: Patience;
  readonly #rate = new Rate();
  readonly #life = new AbortController();
  #transfer: Transfer | undefined;
  /** Bytes of a link that the server has; undefined while it tells nothing. */
  #imported: number | undefined;
  #prepared = false;
  #moved = 0;
  #run: AbortController | undefined;
  #ended: Promise<unknown> = Promise.resolve();

  constructor(tools: Tools, id: string, handle?: FileSystemFileHandle) {
    this.#tools = tools;
    this.id = id;
    this.handle = handle;
    this.#patience = new Patience(tools.settings.parts, tools.network, (held) => {
      if (!this.#run || this.#run.signal.aborted) return;
      if (!held) this.#set({ status: 'uploading', problem: undefined, retryAt: undefined });
      else this.#set({ status: tools.network.offline ? 'offline' : 'retrying', problem: held.problem, retryAt: held.at, speed: 0, left: Infinity });
    });
  }

  get #item(): Item {
    const item = this.#tools.items.get(this.id);
    if (!item) throw refusal('cancelled');
    return item;
  }

  /** Sends the item. Resolves with how it ended, or with nothing after stop. sent is called once its bytes have gone and only their sum is waited for. */
  run(sent: () => void): Promise<Partial<Item> | undefined> {
    const { signal } = this.#run = new AbortController();
    const ended = this.#ended.then(() => this.#send(signal, sent)); // what was stopped may still be ending
    this.#ended = ended;
    return ended;
  }

  async #send(signal: AbortSignal, sent: () => void): Promise<Partial<Item> | undefined> {
    try {
      signal.throwIfAborted();
      const { link, blob, folder } = this.#item;
      if (folder) return { status: 'done' };
      const end = link && !blob ? { stored: await this.#import(signal) } : await this.#upload(signal, sent);
      return signal.aborted ? undefined : { status: 'done', sent: Math.max(0, end.stored.size ?? this.#item.size), left: 0, ...end };
    } catch (error) {
      if (signal.aborted) return undefined;
      const p = problemOf(error);
      return { status: 'failed', left: Infinity, problem: p, ...(p.code === 'checksum' ? { verified: false } : undefined) };
    } finally {
      this.#rate.reset();
    }
  }

  /** Stops running; run may be called again. */
  stop(): void {
    this.#run?.abort();
  }

  /** Stops for good. */
  close(): void {
    this.stop();
    this.#life.abort();
  }

  /** Ends pauses between tries. */
  wake(): void {
    this.#patience.wake();
  }

  /** Says how far the item is; returns whether that is news. */
  measure(now: number): boolean {
    const item = this.#tools.items.get(this.id);
    const sent = this.#imported ?? this.#transfer?.sent;
    if (item?.status !== 'uploading' || sent === undefined) return false;
    const quiet = now - this.#moved;
    const stalled = sent < item.size && quiet > patient;
    const speed = stalled ? 0 : this.#rate.speed(now);
    this.#set({
      sent, speed, left: secondsFor(item.size - sent, speed),
      problem: stalled ? problem('timeout', { values: { seconds: Math.round(quiet / 1000) } }) : undefined,
    });
    return sent !== item.sent;
  }

  #set(fields: Partial<Item>): void {
    this.#tools.items.patch(this.id, fields);
  }

  #import(signal: AbortSignal): Promise<Stored> {
    this.#set({ status: 'uploading' });
    const arrived = (received: number, size = -1): void => {
      const now = this.#moved = performance.now();
      for (const rate of [this.#rate, this.#tools.total]) rate.add(received - (this.#imported ?? 0), now);
      this.#imported = received;
      if (size >= 0) this.#set({ size });
    };
    // What got no answer may have been stored all the same, and is not asked for twice.
    return this.#patience.persist(signal, () => this.#tools.server.import(this.#item, signal, arrived), (p) => p.status !== undefined && isPassing(p));
  }

  async #upload(signal: AbortSignal, sent: () => void): Promise<{ stored: Stored; digest: string; verified?: boolean }> {
    const { settings, twins } = this.#tools;
    this.#set({ status: 'preparing' });
    await twins.known(this.id);
    signal.throwIfAborted();
    if (settings.prepare && !this.#prepared) {
      const blob = await settings.prepare(this.#item, signal).catch((error: unknown) => {
        throw new Refusal(problemOf(error, 'refused'));
      });
      signal.throwIfAborted();
      const name = blob === this.#item.blob ? undefined : (blob as Partial<File>).name;
      this.#set({ blob, type: blob.type || this.#item.type, size: blob.size, ...(name && { name }) });
      this.#prepared = true;
    }
    const { blob } = this.#item;
    if (!blob) throw refusal('file-unreadable');
    this.#transfer ??= this.#begin(blob);
    this.#moved = performance.now();
    this.#set({ status: 'uploading', sent: this.#transfer.sent });
    let hashing = true;
    const hashed = twins.digest(blob, this.#life.signal).finally(() => { hashing = false; });
    hashed.catch(() => {}); // is seen when the bytes have gone
    const stored = await this.#transfer.run(blob, signal);
    if (hashing && !signal.aborted) {
      this.#set({ sent: blob.size, speed: 0, left: Infinity, problem: undefined });
      sent();
    }
    const digest = await hashed;
    const verified = stored.sha256 === undefined ? undefined : stored.sha256 === digest;
    if (verified === false) {
      this.#transfer = undefined;
      await this.#tools.resume?.drop(this.id);
      throw refusal('checksum');
    }
    return { stored, digest, verified };
  }

  #begin(blob: Blob): Transfer {
    const { settings, server, resume, total } = this.#tools;
    return new Transfer(server, this.#patience, settings.parts, {
      item: () => this.#item,
      moved: (bytes) => {
        const now = performance.now();
        this.#moved = now;
        this.#rate.add(bytes, now);
        total.add(bytes, now);
      },
      begun: (session) => {
        const item = this.#item;
        // What was made on this page cannot be chosen again, and a file of one part has nothing to go on with.
        const chosen = blob === item.original && 'lastModified' in blob && item.source === 'local_file_system';
        if (resume && chosen && blob.size > session.partSize) {
          resume.save(item, blob, session, this.handle).catch(() => {}); // an upload that is not kept is an upload still
        }
      },
    }, resume?.session(this.id));
  }
}
