import type { Events, Item, Status } from './types.ts';

/** Runs once with the next frame, or soon where there are no frames, as in a hidden tab. */
function onFrame(run: () => void): () => void {
  const { requestAnimationFrame: request, cancelAnimationFrame: cancel } = globalThis as Partial<typeof globalThis>;
  const end = (): void => {
    clearTimeout(timer);
    if (frame !== undefined) cancel?.(frame);
  };
  const once = (): void => {
    end();
    run();
  };
  const timer = setTimeout(once, request ? 250 : 16);
  const frame = request?.(once);
  return end;
}

/** On their way to the server, and not paused. */
export const active: readonly Status[] = ['waiting', 'preparing', 'uploading', 'retrying', 'offline'];

/** On their way to the server. */
export const unfinished: readonly Status[] = [...active, 'paused'];

/** The items of an engine, in their order, and who hears that they changed. */
export class Selection {
  readonly #items = new Map<string, Item>();
  readonly #counts = new Map<Status, number>();
  readonly #tell: (change: Events['change']) => void;
  #list: readonly Item[] | undefined;
  #ids = new Set<string>();
  #folders = 0;
  #listChanged = false;
  #unframe: (() => void) | undefined;

  constructor(tell: (change: Events['change']) => void) {
    this.#tell = tell;
  }

  get list(): readonly Item[] {
    return this.#list ??= [...this.#items.values()];
  }

  /** How many files there are, those that were cancelled aside. */
  get files(): number {
    return this.#items.size - this.#folders - this.count(['cancelled']);
  }

  get(id: string): Item | undefined {
    return this.#items.get(id);
  }

  /** How many items have one of these statuses. */
  count(statuses: readonly Status[]): number {
    return statuses.reduce((sum, s) => sum + (this.#counts.get(s) ?? 0), 0);
  }

  /** Adds an item at the end, or takes the place of the one with its id. */
  put(item: Item): Item {
    const old = this.#items.get(item.id);
    if (old) this.#counted(old, -1);
    else this.#listChanged = true;
    this.#counted(item, 1);
    this.#items.set(item.id, item);
    this.#changed(item.id);
    return item;
  }

  /** Replaces an item by one that differs in some fields. */
  patch(id: string, fields: Partial<Item>): Item | undefined {
    const item = this.#items.get(id);
    return item && this.put({ ...item, ...fields });
  }

  delete(id: string): void {
    const item = this.#items.get(id);
    if (!item) return;
    this.#counted(item, -1);
    this.#items.delete(id);
    this.#listChanged = true;
    this.#changed(id);
  }

  /** Tells nothing any more. */
  close(): void {
    this.#unframe?.();
    this.#unframe = () => {};
  }

  #counted(item: Item, by: number): void {
    this.#counts.set(item.status, (this.#counts.get(item.status) ?? 0) + by);
    if (item.folder) this.#folders += by;
  }

  #changed(id: string): void {
    this.#list = undefined;
    this.#ids.add(id);
    this.#unframe ??= onFrame(() => {
      const change = { ids: this.#ids, listChanged: this.#listChanged };
      this.#ids = new Set();
      this.#listChanged = false;
      this.#unframe = undefined;
      this.#tell(change);
    });
  }
}
