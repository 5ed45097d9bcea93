import { typeOf, unfit } from './accept.ts';
import { problem, problemOf, Refusal } from './problem.ts';
import { unfinished, type Selection } from './selection.ts';
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
  /** Takes an item that nothing is done with out of the selection. */
  replaced(item: Item): void;
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
    const { settings, items: { files } } = this.#door;
    const slices = new Slices();
    const items: Item[] = [];
    const refused: { name: string; problem: Problem }[] = [];
    const take = async (candidate: Candidate, tooMany?: Problem): Promise<void> => {
      const one = await this.#one(candidate, items, tooMany);
      if ('id' in one) items.push(one);
      else refused.push(one);
    };
    const held: Candidate[] = [];
    let fit = 0;
    for await (const candidate of candidates) {
      const back = await this.#rejoin(candidate);
      if (back) items.push(back);
      else if (!settings.wholeChoices) await take(candidate);
      else {
        held.push(candidate);
        if (!('folder' in candidate) && !unfit(settings, itemOf(candidate))) fit++;
      }
      await slices.turn();
    }
    const { maxFiles } = settings;
    const room = maxFiles === 1 ? 1 : maxFiles - files;
    const tooMany = maxFiles && fit > room ? problem('count-max', { values: { limit: maxFiles, chosen: fit } }) : undefined;
    for (const candidate of held) {
      await take(candidate, tooMany);
      await slices.turn();
    }
    return { items: items.map(({ id }) => this.#door.items.get(id)).filter((item) => item !== undefined), refused };
  }

  /** The missing item that a candidate is the file of. */
  async #rejoin(candidate: Candidate): Promise<Item | undefined> {
    return 'blob' in candidate && this.#door.items.count(['missing']) ? this.#door.rejoin(candidate.blob, candidate.handle) : undefined;
  }

  async #one(candidate: Candidate, before: readonly Item[], tooMany?: Problem): Promise<Item | { name: string; problem: Problem }> {
    const { settings, items } = this.#door;
    const handle = 'blob' in candidate ? candidate.handle : undefined;
    const item = itemOf(candidate);
    const wrong = unfit(settings, item) ?? tooMany ?? this.#full(item, before) ?? this.#busy(item);
    if (wrong) return { name: item.name, problem: wrong };
    if (!settings.admit) return this.#join(item, handle);
    items.put(item);
    try {
      const name = (await settings.admit(item))?.name;
      const now = items.get(item.id);
      if (now?.status !== 'checking') return { name: item.name, problem: problem('cancelled') };
      const late = this.#busy(item); // sending began meanwhile
      if (late) throw new Refusal(late);
      return this.#join(name ? { ...now, name } : now, handle);
    } catch (error) {
      items.delete(item.id);
      return { name: item.name, problem: problemOf(error, 'refused') };
    }
  }

  #join(item: Item, handle: FileSystemFileHandle | undefined): Item {
    const { items, replaced } = this.#door;
    for (const old of this.#replaced(item)) replaced(old);
    const ready = items.put({ ...item, status: 'ready' });
    this.#door.joined(ready, handle);
    return ready;
  }

  /** The items whose place an item takes: where there may be one file only, the others. */
  #replaced(item: Item): readonly Item[] {
    const { settings, items } = this.#door;
    return settings.maxFiles === 1 && !item.folder ? items.list.filter((old) => old.id !== item.id && !old.folder) : [];
  }

  /** Says if an item would take the place of one that is being sent, which is not to be lost unasked. */
  #busy(item: Item): Problem | undefined {
    const sent = this.#replaced(item).find((old) => unfinished.includes(old.status));
    return sent && problem('busy', { values: { name: sent.name } });
  }

  /** Says if there is no room for an item. Where there may be one only, it takes the place of an earlier one, but not of its neighbour. */
  #full(item: Item, before: readonly Item[]): Problem | undefined {
    const { settings: { maxFiles }, items } = this.#door;
    if (item.folder || !maxFiles) return undefined;
    const files = maxFiles === 1 ? before.filter((i) => !i.folder).length : items.files;
    return files < maxFiles ? undefined : problem('count-max', { values: { name: item.name, limit: maxFiles } });
  }
}
