/**
 * Works on images without holding up the page: in a worker where the page allows one, else here in slices. One image is
 * worked on at a time, since each may need a hundred megabytes.
 */
import type { Edit } from '../engine/types.ts';
import { headLength, misfit as findMisfit, readHeader, type Limits, type Misfit, type Size } from './header.ts';
import type { Picture, Preparation, Result, Task } from './work.ts';

export type { Picture, Preparation };

interface Job {
  readonly task: Task;
  readonly signal?: AbortSignal;
  readonly done: (result: Result) => void;
  readonly failed: (error: unknown) => void;
}

const waiting: Job[] = [];
let busy = false;
let base = '';
/** Undefined until it is first needed, null where there can be none. */
let worker: Worker | null | undefined;

/** Says where worker.js is; the address ends in a slash. Until then, all is done in slices. */
export function workFrom(address: string): void {
  if (address === base) return;
  base = address;
  if (worker === null) worker = undefined; // where there was none, there may be one now
}

/** A picture that fits into size × size pixels, upright; undefined when the browser cannot decode it, or signal was aborted. */
export async function thumbnail(blob: Blob, size: number, signal?: AbortSignal): Promise<ImageBitmap | undefined> {
  return (await picture(blob, size, signal))?.bitmap;
}

/** Like thumbnail, and says how large the image itself is. */
export async function picture(blob: Blob, size: number, signal?: AbortSignal): Promise<Picture | undefined> {
  return await ask({ act: 'picture', blob, size }, signal) as Picture | undefined;
}

/**
 * Makes an image ready to be sent: sizes of JPEG, PNG and BMP (which becomes PNG), metadata of JPEG. Returns blob itself
 * when there is nothing to do, for other types and animations, and when the browser cannot decode it. A resized image
 * is upright and has no metadata.
 */
export async function prepareImage(blob: Blob, how: Preparation): Promise<Blob> {
  if (!how.dim && !how.max && !how.min && !how.strip) return blob;
  return await ask({ act: 'prepare', blob, how }) as Blob | undefined ?? blob;
}

/** Like prepareImage, for a file called name. Where its bytes became others, the result is a File with a name that fits their type. */
export async function prepareFile(blob: Blob, name: string, how: Preparation): Promise<Blob> {
  const made = await prepareImage(blob, how);
  return made === blob ? blob : new File([made], nameFor(name, blob, made), { type: made.type });
}

/** Says how an image is outside the limits; undefined if it is not, or if this browser cannot tell its size. */
export async function misfitOf(blob: Blob, limits: Limits): Promise<Misfit & { readonly size: string } | undefined> {
  const size = readHeader(new Uint8Array(await blob.slice(0, headLength).arrayBuffer())) ?? (blob.type.startsWith('image/') ? await measure(blob) : undefined);
  const misfit = size && findMisfit(size, limits);
  return misfit && { ...misfit, size: `${size.width} × ${size.height}` };
}

async function measure(blob: Blob): Promise<Size | undefined> {
  const shown = await picture(blob, 1);
  shown?.bitmap.close();
  return shown;
}

/** Does an edit. JPEG stays JPEG, PNG stays PNG, a circle becomes PNG. Rejects if the browser cannot decode blob. */
export async function render(blob: Blob, edit: Edit): Promise<Blob> {
  return await ask({ act: 'render', blob, edit }) as Blob;
}

/** The orientation that a JPEG's Exif asks for, 1 to 8; 1 for anything else. */
export async function orientation(blob: Blob): Promise<number> {
  return readHeader(new Uint8Array(await blob.slice(0, headLength).arrayBuffer()))?.orientation ?? 1;
}

/** The first is the usual one. */
const endings: Readonly<Record<string, readonly string[]>> = { 'image/jpeg': ['jpg', 'jpeg', 'jpe', 'jfif'], 'image/png': ['png'], 'image/webp': ['webp'] };

/** The name of a file that may have become another type: a.heic that is now JPEG is a.jpg. */
export function nameFor(name: string, before: Blob, after: Blob): string {
  const fitting = endings[after.type];
  const [, stem = name, ending = ''] = /^(.+)\.([^./]{1,5})$/.exec(name) ?? [];
  if (before.type === after.type || !fitting || fitting.includes(ending.toLowerCase())) return name;
  return `${stem}.${fitting[0]}`;
}

function ask(task: Task, signal?: AbortSignal): Promise<Result> {
  return new Promise((done, failed) => {
    const job = { task, signal, done, failed };
    // What a person waits for, or is about to be sent, comes before pictures of rows.
    const at = task.act === 'picture' ? -1 : waiting.findIndex((j) => j.task.act === 'picture');
    if (at < 0) waiting.push(job);
    else waiting.splice(at, 0, job);
    void next();
  });
}

async function next(): Promise<void> {
  if (busy) return;
  busy = true;
  for (let job = waiting.shift(); job; job = waiting.shift()) {
    try {
      job.done(job.signal?.aborted ? undefined : await perform(job.task));
    } catch (error) {
      job.failed(error);
    }
  }
  busy = false;
}

async function perform(task: Task): Promise<Result> {
  if (worker === undefined) worker = start();
  if (worker) {
    const answer = await answerOf(worker, task);
    if (answer) {
      if (answer.error !== undefined) throw new Error(answer.error);
      return answer.result;
    }
    worker.terminate(); // it could not be loaded, or ended
    worker = null;
  }
  const { work } = await import('./work.ts');
  return work(task, turn);
}

interface Answer {
  readonly result?: Result;
  readonly error?: string;
}

/** Undefined if the worker is not there to answer. */
function answerOf(worker: Worker, task: Task): Promise<Answer | undefined> {
  return new Promise((done) => {
    worker.onmessage = ({ data }: MessageEvent<Answer>) => done(data);
    worker.onerror = (event) => {
      event.preventDefault(); // nobody need see it: the work is done here instead
      done(undefined);
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

/** Lets the page do what it has to do. */
const turn = () => new Promise<void>((done) => {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    done();
  };
  port2.postMessage(null);
});
