import { typeOf, unfit } from './accept.ts';
import { problem, problemOf } from './problem.ts';
import type { Selection } from './selection.ts';
import { Slices } from './slices.ts';
import type { Added, Candidate, Item, Problem, Settings } from './types.ts';

/** 32 hexadecimal digits of chance. */
export const newId = (): string => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');

/** What admission needs of the engine. */
export interface Door {
  readonly settings: Settings;
  readonly items: Selection;
  /** Goes on with a missing item whose file blob is; undefined if it is none's. */
  rejoin(blob: Blob, handle?: FileSystemFileHandle): Promise<Item | undefined>;
  /** An item has been admitted. */
  joined(item: Item, handle?: FileSystemFileHandle): void;
  /** Takes an item out of the selection, whatever it is doing. */
  remove(id: string): void;
}

const last = (path: string): string => path.split('/').filter(Boolean).at(-1) ?? path;

/** The item that a candidate would be. */
function itemOf(c: Candidate): Item {
  const base = { id: newId(), status: 'checking', sent: 0, speed: 0, left: Infinity } as const;
  if ('folder' in c) return { ...base, name: last(c.folder), type: '', size: 0, source: 'local_file_system', path: c.folder, folder: true };
  if ('link' in c) return { ...base, name: c.name, type: typeOf(c.name, c.type), size: c.size ?? -1, source: c.source ?? 'url', path: c.link.url, link: c.link };
  const file = c.blob as Partial<File>;
  const name = c.name ?? file.name ?? 'file';
  return {
    ...base, name, type: typeOf(name, c.blob.type), size: c.blob.size, source: c.source ?? 'local_file_system',
    path: c.path ?? (file.webkitRelativePath || name), blob: c.blob, original: c.blob,
  };
}

/** Adds candidates to a selection, as far as the restrictions and page code allow. */
export class Admission {
  readonly #door: Door;

  constructor(door: Door) {
    this.#door = door;
  }

  async add(candidates: Iterable<Candidate> | AsyncIterable<Candidate>): Promise<Added> {
    const slices = new Slices();
    const items: Item[] = [];
    const refused: { name: string; problem: Problem }[] = [];
    for await (const candidate of candidates) {
      const one = await this.#one(candidate, items);
      if ('id' in one) items.push(one);
      else refused.push(one);
      await slices.turn();
    }
    return { items: items.map(({ id }) => this.#door.items.get(id)).filter((item) => item !== undefined), refused };
  }

  async #one(candidate: Candidate, before: readonly Item[]): Promise<Item | { name: string; problem: Problem }> {
    const { settings, items } = this.#door;
    const handle = 'blob' in candidate ? candidate.handle : undefined;
    if ('blob' in candidate && items.count(['missing'])) {
      const item = await this.#door.rejoin(candidate.blob, handle);
      if (item) return item;
    }
    const item = itemOf(candidate);
    const wrong = unfit(settings, item) ?? this.#full(item, before);
    if (wrong) return { name: item.name, problem: wrong };
    if (!settings.admit) return this.#join(item, handle);
    items.put(item);
    try {
      const name = (await settings.admit(item))?.name;
      const now = items.get(item.id);
      if (now?.status !== 'checking') return { name: item.name, problem: problem('cancelled') };
      return this.#join(name ? { ...now, name } : now, handle);
    } catch (error) {
      items.delete(item.id);
      return { name: item.name, problem: problemOf(error, 'refused') };
    }
  }

  #join(item: Item, handle: FileSystemFileHandle | undefined): Item {
    const { settings, items, remove } = this.#door;
    if (settings.maxFiles === 1 && !item.folder) {
      for (const old of items.list) if (old.id !== item.id && !old.folder) remove(old.id);
    }
    const ready = items.put({ ...item, status: 'ready' });
    this.#door.joined(ready, handle);
    return ready;
  }

  /** Says if there is no room for an item. Where there may be one only, it takes the place of an earlier one, but not of its neighbour. */
  #full(item: Item, before: readonly Item[]): Problem | undefined {
    const { settings: { maxFiles }, items } = this.#door;
    if (item.folder || !maxFiles) return undefined;
    const files = maxFiles === 1 ? before.filter((i) => !i.folder).length : items.files;
    return files < maxFiles ? undefined : problem('count-max', { values: { name: item.name, limit: maxFiles } });
  }
}
