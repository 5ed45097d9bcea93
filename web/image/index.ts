/**
 * Works on images without holding up the page: in a worker where the page allows one, else here in slices. One image is
 * worked on at a time, since each may need a hundred megabytes.
 */
import type { Edit } from '../engine/types.ts';
import { Crew, workFrom } from './crew.ts';
import { headLength, misfit as findMisfit, readHeader, type Limits, type Misfit, type Size } from './header.ts';
import type { Picture, Preparation, Result, Task } from './work.ts';

export { workFrom };
export type { Picture, Preparation };

interface Job {
  readonly task: Task;
  readonly signal?: AbortSignal;
  readonly done: (result: Result) => void;
  readonly failed: (error: unknown) => void;
}

const waiting: Job[] = [];
let busy = false;
const painters = new Crew();
/** Sums of large files take long, and pictures are not to wait for them. */
const adders = new Crew();
let summed: Promise<unknown> = Promise.resolve();

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
  const answer = await painters.ask(task);
  if (answer?.error !== undefined) throw new Error(answer.error);
  if (answer) return answer.result;
  const { work } = await import('./work.ts');
  return work(task, turn);
}

/** SHA-256 of a blob of any size, in hexadecimal. */
export function digest(blob: Blob, signal?: AbortSignal): Promise<string> {
  const sum = summed.then(async () => {
    const answer = await adders.ask({ act: 'digest', blob }, signal);
    if (answer?.result !== undefined) return answer.result as string;
    if (answer) await blob.slice(0, 1).arrayBuffer(); // which says what is wrong with it
    const { hash } = await import('../engine/hash.ts');
    return hash(blob, signal);
  });
  summed = sum.catch(() => {});
  return sum;
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
