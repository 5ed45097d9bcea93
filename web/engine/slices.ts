/** The longest that work holds the thread before others get a turn, in ms. */
export const slice = 8;

/**
 * Lets everything that waits have its turn before work goes on. Timers would wait 4 ms each, and are slowed down in hidden
 * tabs; scheduler.yield would go on before network events, and uploads would starve while their bytes are hashed.
 */
function breathe(): Promise<void> {
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
