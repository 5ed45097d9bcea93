/** The longest that work holds the thread before others get a turn, in ms. */
export const slice = 8;

interface Scheduler { yield?(): Promise<void> }

/** Lets the browser paint and answer before work goes on. Timers would wait 4 ms each, and are slowed down in hidden tabs. */
export function breathe(): Promise<void> {
  const { scheduler } = globalThis as { scheduler?: Scheduler };
  if (scheduler?.yield) return scheduler.yield();
  return new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      channel.port1.close();
      resolve();
    };
    channel.port2.postMessage(0);
  });
}

/** Work that is done in slices: await turn() between its steps. */
export class Slices {
  #began = performance.now();

  /** Resolves at once while the slice lasts, and otherwise after others had a turn. */
  async turn(): Promise<void> {
    if (performance.now() - this.#began < slice) return;
    await breathe();
    this.#began = performance.now();
  }
}
