import { fingerprint, type Digest } from './digest.ts';
import type { Handle, Records, Saved } from './records.ts';
import type { Session } from './transfer.ts';
import type { Item, Settings } from './types.ts';

/** How long the server keeps an unfinished upload, in ms, unless it is told otherwise. */
const lifetime = 7 * 24 * 3600 * 1000;

interface Locks {
  request(name: string, options: { ifAvailable: true }, hold: (lock: unknown) => unknown): Promise<unknown>;
  query(): Promise<{ held?: { name?: string }[] }>;
}

const locks = (): Locks | undefined => (globalThis as { navigator?: { locks?: Locks } }).navigator?.locks;

/** Uploads that were begun and may be gone on with after the page was closed. */
export class Resume {
  readonly #settings: Settings;
  readonly #records: Records;
  readonly #digest: Digest;
  readonly #known = new Map<string, Saved>();
  readonly #held = new Map<string, () => void>();

  constructor(settings: Settings, records: Records, digest: Digest) {
    this.#digest = digest;
    this.#settings = settings;
    this.#records = records;
  }

  /** Names the app and the server, whose uploads alone are this page's. */
  get #app(): string {
    return `${this.#settings.apiKey} ${this.#settings.hosts().upload}`;
  }

  /** Keeps what is needed to go on with an upload of blob. */
  async save(item: Item, blob: Blob, session: Session, handle?: FileSystemFileHandle): Promise<void> {
    const { id, name, type, size, path, source, alt } = item;
    this.#hold(id);
    const saved: Saved = {
      id, name, type, size, path, source, alt, app: this.#app, session: session.id, partSize: session.partSize, begun: Date.now(),
      lastModified: changed(blob), fingerprint: await fingerprint(blob, this.#digest), handle,
    };
    if (!this.#held.has(id)) return; // it ended meanwhile
    this.#known.set(id, saved);
    await this.#records.put(saved);
  }

  /** Forgets an upload, because it has ended or is not wanted any more. */
  async drop(id: string): Promise<void> {
    if (!this.#known.has(id) && !this.#held.has(id)) return;
    this.release(id);
    this.#known.delete(id);
    await this.#records.delete(id);
  }

  /** Lets go of an upload, which may be restored elsewhere. */
  release(id: string): void {
    this.#held.get(id)?.();
    this.#held.delete(id);
  }

  /** Unfinished uploads of earlier visits that no other page is busy with, with their blobs where the browser kept them. */
  async *restore(): AsyncIterable<{ item: Item; blob?: Blob }> {
    const busy = new Set((await locks()?.query())?.held?.map((lock) => lock.name));
    const oldest = Date.now() - (this.#settings.lifetime ?? lifetime);
    for (const saved of await this.#records.all()) {
      if (saved.begun <= oldest) await this.#records.delete(saved.id);
      else if (saved.app === this.#app && !busy.has(lockName(saved.id)) && !this.#held.has(saved.id)) {
        this.#known.set(saved.id, saved);
        const { id, name, type, size, path, source, alt } = saved;
        const item: Item = { id, name, type, size, path, source, alt, status: 'missing', sent: 0, speed: 0, left: Infinity };
        yield { item, blob: await this.open(id, false) };
      }
    }
  }

  /** Reads the file of an upload again, if the browser kept it. ask lets it ask the person, who must just have clicked. */
  async open(id: string, ask: boolean): Promise<Blob | undefined> {
    const handle: Handle | undefined = this.#known.get(id)?.handle;
    if (!handle) return undefined;
    try {
      const mode = { mode: 'read' } as const;
      const may = await (ask ? handle.requestPermission?.(mode) : handle.queryPermission?.(mode));
      const file = may === 'granted' ? await handle.getFile() : undefined;
      return file && await this.#fits(this.#known.get(id)!, file) ? file : undefined;
    } catch {
      return undefined; // moved, deleted, or refused: it can still be chosen again
    }
  }

  /** Returns which of the missing uploads blob is the file of. */
  async match(blob: Blob, isMissing: (id: string) => boolean): Promise<string | undefined> {
    for (const [id, saved] of this.#known) if (isMissing(id) && await this.#fits(saved, blob)) return id;
    return undefined;
  }

  /** The session of an upload of an earlier visit; what the server has of it, only the server knows. */
  session(id: string): Session | undefined {
    const saved = this.#known.get(id);
    if (!saved) return undefined;
    this.#hold(id);
    return { id: saved.session, partSize: saved.partSize, parts: new Map() };
  }

  close(): void {
    for (const id of [...this.#held.keys()]) this.release(id);
  }

  async #fits(saved: Saved, blob: Blob): Promise<boolean> {
    return blob.size === saved.size && changed(blob) === saved.lastModified && await fingerprint(blob, this.#digest) === saved.fingerprint;
  }

  /** Keeps other pages from restoring an upload while this one is busy with it. */
  #hold(id: string): void {
    if (this.#held.has(id)) return;
    let release = (): void => {};
    const held = new Promise<void>((resolve) => { release = resolve; });
    this.#held.set(id, release);
    locks()?.request(lockName(id), { ifAvailable: true }, () => held).catch(() => {});
  }
}

const lockName = (id: string): string => `stowgate ${id}`;

const changed = (blob: Blob): number => (blob as Partial<File>).lastModified ?? 0;
