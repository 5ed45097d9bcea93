/** An engine for tests of the views. */
import type { Added, Candidate, EngineLike, Events, Item, Phase, Settings } from '../../engine/types.ts';

let ids = 0;
/** An item as engines have them. */
export const file = (name: string, type = 'text/plain', status: Item['status'] = 'ready'): Item => ({
  id: `i${ids++}`, name, type, size: 100, source: 'local_file_system', path: name, status, sent: 0, speed: 0, left: Infinity,
});

/** An engine that does at once what it is told. */
export class Fake implements EngineLike {
  items: Item[] = [];
  phase: Phase = 'idle';
  unfinished: Item[] = [];
  readonly told: string[] = [];
  #listeners: { [E in keyof Events]?: ((value: Events[E]) => void)[] } = {};
  readonly settings = { accept: [], maxFiles: 10, minFiles: 1, maxSize: Infinity, minSize: 0 } as unknown as Settings;

  get progress() {
    const sum = (of: (i: Item) => number) => this.items.reduce((n, i) => n + of(i), 0);
    const count = (status: Item['status']) => this.items.filter((i) => i.status === status).length;
    return { files: this.items.length, done: count('done'), failed: count('failed'), size: sum((i) => i.size), sent: sum((i) => i.sent), speed: 0, left: Infinity };
  }

  on<E extends keyof Events>(event: E, listen: (value: Events[E]) => void) {
    ((this.#listeners[event] ??= []) as ((value: Events[E]) => void)[]).push(listen);
    return () => {};
  }
  tell<E extends keyof Events>(event: E, value: Events[E]) {
    for (const listen of this.#listeners[event] ?? []) listen(value);
  }
  patch(id: string, change: Partial<Item>) {
    this.items = this.items.map((i) => (i.id === id ? { ...i, ...change } : i));
    this.tell('change', { ids: new Set([id]), listChanged: false });
  }
  /** Ends every file that is being sent. */
  end(status: 'done' | 'failed' | 'cancelled') {
    for (const { id } of this.items.filter((i) => i.status === 'uploading')) this.patch(id, { status });
    this.phase = 'done';
    this.tell('finished', { uploaded: [], failed: [] });
  }
  async add(candidates: Iterable<Candidate>): Promise<Added> {
    const items: Item[] = [];
    for (const c of candidates) if ('blob' in c) items.push(file(c.name ?? '', c.blob.type));
    this.items = [...this.items, ...items];
    return { items, refused: [] };
  }
  async addLink(url: string) {
    const item = file(url, 'image/png');
    this.items = [...this.items, item];
    return item;
  }
  start() {
    this.told.push('start');
    this.phase = 'uploading';
    this.items = this.items.map((i) => (i.status === 'ready' ? { ...i, status: 'uploading' } : i));
    this.tell('phase', this.phase);
  }
  edit(id: string, blob: Blob | undefined, edit?: Item['edit']) { this.patch(id, { blob, edit }); }
  clear() { this.items = []; this.phase = 'idle'; }
  remove(id: string) { this.told.push(`remove ${id}`); }
  cancel(id?: string) { this.told.push(`cancel ${id}`); }
  retry(id?: string) { this.told.push(`retry ${id}`); }
  async forget(id: string) { this.told.push(`forget ${id}`); }
  async restore() { return this.unfinished; }
  async check() { return undefined; }
  get(id: string) { return this.items.find((i) => i.id === id); }
  rename() {}
  describe() {}
  pause() {}
  resume() {}
  close() {}
}
