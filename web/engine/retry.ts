import type { Network } from './network.ts';
import { isPassing, problem, problemOf } from './problem.ts';
import type { Parts, Problem } from './types.ts';

/** ms before try number n, from 0. Half of it is chance, so that many pages do not come back at the same moment. */
export function pauseBefore(n: number, parts: Pick<Parts, 'retryFactor' | 'retryMaxTime'>, chance = Math.random()): number {
  return Math.min(parts.retryMaxTime, 1000 * parts.retryFactor ** n) * (0.5 + chance / 2);
}

/** ms after which something is tried even though the browser says that there is no network: it may be wrong. */
const mistrust = 15_000;

/** Why nothing moves, and when it goes on; at is undefined where the network's return is waited for. */
export interface Held {
  readonly problem: Problem;
  readonly at?: number;
}

/** Repeats what fails for a passing reason, for all requests of one file. */
export class Patience {
  readonly #parts: Parts;
  readonly #network: Network;
  readonly #tell: (held: Held | undefined) => void;
  readonly #holds = new Map<() => void, Held>();
  #acting = 0;

  /** tell hears when all that was going on waits, and when something goes on. */
  constructor(parts: Parts, network: Network, tell: (held: Held | undefined) => void) {
    this.#parts = parts;
    this.#network = network;
    this.#tell = tell;
  }

  /** Repeats act until it works, has failed for a reason that does not pass, or was tried often enough. Without a network, no try counts. */
  async persist<T>(signal: AbortSignal, act: () => Promise<T>, passes = isPassing): Promise<T> {
    for (let tries = 0; ;) {
      try {
        this.#acting++;
        return await act();
      } catch (error) {
        signal.throwIfAborted();
        const p = problemOf(error);
        const { unplugged } = this.#network;
        if (!passes(p) || !unplugged && tries >= this.#parts.retries) throw error;
        this.#acting--;
        try {
          const pause = unplugged ? mistrust : pauseBefore(tries++, this.#parts);
          if (await this.#hold(signal, unplugged ? { problem: problem('offline') } : { problem: p, at: Date.now() + pause }, pause)) tries = 0;
        } finally {
          this.#acting++;
        }
      } finally {
        this.#acting--;
        this.#look();
      }
    }
  }

  /** Ends all pauses now. */
  wake(): void {
    for (const end of [...this.#holds.keys()]) end();
  }

  /** Waits until held ends; resolves with whether it was woken. */
  #hold(signal: AbortSignal, held: Held, pause: number): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const end = (woken: boolean): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
        this.#holds.delete(wake);
        this.#tell(undefined);
        resolve(woken);
      };
      const wake = (): void => end(true);
      const stop = (): void => {
        end(false);
        reject(signal.reason as Error);
      };
      const timer = setTimeout(() => end(false), pause);
      signal.addEventListener('abort', stop);
      this.#holds.set(wake, held);
      this.#look();
    });
  }

  /** Tells of what goes on first, if all waits. */
  #look(): void {
    if (this.#acting || !this.#holds.size) return;
    this.#tell([...this.#holds.values()].sort((a, b) => (a.at ?? Infinity) - (b.at ?? Infinity))[0]);
  }
}
