/** Workers that do tasks off the page's thread, where the page allows any. */
import type { Result, Task } from './work.ts';

let base = '';

/** Says where worker.js is; the address ends in a slash. Until then there are no workers. */
export function workFrom(address: string): void {
  base = address;
}

interface Answer {
  readonly result?: Result;
  readonly error?: string;
}

/** A worker of its own, started with the first task. It does one task at a time, and the next may come when that is done. */
export class Crew {
  /** Undefined until it is first needed, null where there can be none. */
  #worker: Worker | null | undefined;
  #base = '';

  /** Does task; undefined where there is no worker to do it. signal ends it, and the worker, which is started anew for the next. */
  async ask(task: Task, signal?: AbortSignal): Promise<Answer | undefined> {
    if (this.#base !== base) {
      this.#base = base;
      // Where there was none, there may be one now.
      if (this.#worker === null) this.#worker = undefined;
    }
    if (this.#worker === undefined) this.#worker = start();
    const worker = this.#worker;
    if (!worker) return undefined;
    const stop = (): void => {
      worker.terminate();
      this.#worker = undefined;
    };
    const answer = await answerOf(worker, task, signal).catch((error: unknown) => {
      stop();
      throw error;
    });
    if (!answer) {
      stop(); // it could not be loaded, or ended
      this.#worker = null;
    }
    return answer;
  }
}

/** Undefined if the worker is not there to answer. */
function answerOf(worker: Worker, task: Task, signal?: AbortSignal): Promise<Answer | undefined> {
  return new Promise((done, failed) => {
    const abort = (): void => failed(signal?.reason as Error);
    if (signal?.aborted) return abort();
    signal?.addEventListener('abort', abort, { once: true });
    const end = (answer?: Answer): void => {
      signal?.removeEventListener('abort', abort);
      done(answer);
    };
    worker.onmessage = ({ data }: MessageEvent<Answer>) => end(data);
    worker.onerror = (event) => {
      event.preventDefault(); // nobody need see it: the work is done here instead
      end();
    };
    worker.postMessage({ task });
  });
}

/** Null where the page's origin is another, or it allows no workers. */
function start(): Worker | null {
  if (!base || new URL(base, location.href).origin !== location.origin) return null;
  try {
    return new Worker(trusted(`${base}worker.js`) as string, { type: 'module' });
  } catch {
    return null;
  }
}

interface PolicyFactory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): unknown };
}

/** A page may demand that addresses of scripts are vouched for. Source: Trusted Types, the sink of new Worker. */
function trusted(url: string): unknown {
  const { trustedTypes } = globalThis as { trustedTypes?: PolicyFactory };
  return trustedTypes?.createPolicy('stowgate', { createScriptURL: (u) => u }).createScriptURL(url) ?? url;
}
