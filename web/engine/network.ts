/** Failed requests in a row, without an answer to any, after which there seems to be no network, whatever the browser says. */
const enough = 3;

type Targeted = { addEventListener?(type: string, listen: () => void, options?: { signal?: AbortSignal }): void };

/** Knows whether there is a network: from the browser, and from requests that get no answer. */
export class Network {
  #failures = 0;
  #was = false;
  readonly #changed: (offline: boolean) => void;
  readonly #end = new AbortController();

  /** changed hears of each change, until close. */
  constructor(changed: (offline: boolean) => void) {
    this.#changed = changed;
    const { signal } = this.#end;
    const target = globalThis as Targeted;
    target.addEventListener?.('online', () => {
      this.#failures = 0;
      this.#was = this.offline;
      this.#changed(this.#was);
    }, { signal });
    target.addEventListener?.('offline', () => this.#look(), { signal });
    this.#was = this.offline;
  }

  /** Whether the browser knows that there is no network; what it does not know, only trying tells. */
  get unplugged(): boolean {
    return (globalThis as { navigator?: { onLine?: boolean } }).navigator?.onLine === false;
  }

  get offline(): boolean {
    return this.unplugged || this.#failures >= enough;
  }

  /** Says that a server answered, or that trying again is due. */
  worked(): void {
    this.#failures = 0;
    this.#look();
  }

  /** Says that a request got no answer. */
  failed(): void {
    this.#failures++;
    this.#look();
  }

  close(): void {
    this.#end.abort();
  }

  #look(): void {
    if (this.#was === this.offline) return;
    this.#was = this.offline;
    this.#changed(this.#was);
  }
}
