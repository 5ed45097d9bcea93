import { fingerprint, wholly, type Digest } from './digest.ts';
import type { Selection } from './selection.ts';
import type { Item } from './types.ts';

/** Items of one size: those whose samples were read, by them, and the first, which is not read before there is a second. */
interface Group {
  lone?: string;
  readonly byPrint: Map<string, string[]>;
}

/** Finds items with the same content. Only those of one size are read, and wholly only those whose samples are the same. */
export class Twins {
  readonly #items: Selection;
  readonly #digest: Digest;
  readonly #groups = new Map<number, Group>();
  readonly #prints = new WeakMap<Blob, Promise<string>>();
  readonly #digests = new WeakMap<Blob, Promise<string>>();
  readonly #pending = new Map<string, Promise<void>>();
  #last: Promise<void> = Promise.resolve();

  constructor(items: Selection, digest: Digest) {
    this.#items = items;
    this.#digest = digest;
  }

  /** Compares an item that joined with those before it, one after the other. */
  see({ id, original }: Item): void {
    if (!original?.size) return;
    const group = this.#groups.get(original.size);
    if (!group) {
      this.#groups.set(original.size, { lone: id, byPrint: new Map() });
      return;
    }
    // A file that cannot be read has no twin; sending it says what is wrong.
    this.#last = this.#last.then(() => this.#compare(id, group)).catch(() => {}).finally(() => this.#pending.delete(id));
    this.#pending.set(id, this.#last);
  }

  /** Resolves when it is known whether an item has a twin. */
  async known(id: string): Promise<void> {
    await this.#pending.get(id);
  }

  /** The SHA-256 of a blob, which is computed once. */
  digest(blob: Blob, signal?: AbortSignal): Promise<string> {
    return once(this.#digests, blob, () => this.#digest(blob, signal));
  }

  async #compare(id: string, group: Group): Promise<void> {
    const { lone } = group;
    group.lone = undefined;
    if (lone !== undefined) await this.#print(lone, group);
    const blob = this.#items.get(id)?.original;
    for (const other of await this.#print(id, group)) {
      const theirs = this.#items.get(other)?.original;
      if (!blob || !theirs || other === id) continue;
      const digest = await this.digest(blob);
      if (await this.digest(theirs) !== digest) continue;
      this.#items.patch(other, { digest });
      this.#items.patch(id, { digest, twin: other });
      return;
    }
  }

  /** Sorts an item in by its samples, and returns those that have the same. */
  async #print(id: string, group: Group): Promise<readonly string[]> {
    const blob = this.#items.get(id)?.original;
    if (!blob) return [];
    const print = await once(blob.size > wholly ? this.#prints : this.#digests, blob, () => fingerprint(blob, this.#digest));
    const same = group.byPrint.get(print) ?? [];
    group.byPrint.set(print, same);
    same.push(id);
    return same;
  }
}

/** Computes a value for a blob once. A failure is not kept. */
function once(kept: WeakMap<Blob, Promise<string>>, blob: Blob, make: () => Promise<string>): Promise<string> {
  let value = kept.get(blob);
  if (!value) {
    value = make();
    value.catch(() => kept.delete(blob));
    kept.set(blob, value);
  }
  return value;
}
