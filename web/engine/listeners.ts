import type { Events } from './types.ts';

/** Who listens to what. */
export class Listeners {
  readonly #all = new Map<keyof Events, Set<(value: never) => void>>();

  on<E extends keyof Events>(event: E, listen: (value: Events[E]) => void): () => void {
    const set = this.#all.get(event) ?? new Set();
    this.#all.set(event, set.add(listen));
    return () => set.delete(listen);
  }

  /** Calls all who listen. What one of them throws goes to the console and disturbs nobody else. */
  emit<E extends keyof Events>(event: E, value: Events[E]): void {
    for (const listen of [...this.#all.get(event) ?? []] as ((value: Events[E]) => void)[]) {
      try {
        listen(value);
      } catch (error) {
        console.error(error);
      }
    }
  }

  close(): void {
    this.#all.clear();
  }
}
