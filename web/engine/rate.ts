/**
 * How many ms the speed is an average of. Longer is smoother. After a change of
 * the throughput, the time left is right when this has passed: below 10 s.
 */
const span = 8000;

/** Shorter than this, in ms, an average says nothing. */
const least = 1000;

/** ms between two measurements that are kept. */
const step = 200;

/** Measures throughput as a moving average, which forgets completely: a stall or a faster network shows as what it is. */
export class Rate {
  #total = 0;
  #marks: { at: number; total: number }[] = [];

  /** Begins anew, as after a pause. */
  reset(): void {
    this.#marks = [];
  }

  /** Says that bytes more (or, when a request was in vain, fewer) have gone by until now. */
  add(bytes: number, now: number): void {
    this.#total += bytes;
    const last = this.#marks.at(-1);
    if (!last || now - last.at >= step) this.#mark(now);
  }

  /** Bytes a second; 0 while unknown or stalled. */
  speed(now: number): number {
    this.#mark(now);
    const first = this.#marks[0]!;
    const passed = now - first.at;
    return passed < least ? 0 : Math.max(0, (this.#total - first.total) / passed * 1000);
  }

  #mark(now: number): void {
    this.#marks.push({ at: now, total: this.#total });
    // One mark at or before the span stays, to measure from.
    while (this.#marks.length > 2 && this.#marks[1]!.at <= now - span) this.#marks.shift();
  }
}

/** Seconds for bytes at speed; Infinity while unknown. */
export const secondsFor = (bytes: number, speed: number): number => (bytes <= 0 ? 0 : speed > 0 ? bytes / speed : Infinity);
