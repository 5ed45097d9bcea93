import { Sha256 } from './sha256.ts';
import { Slices } from './slices.ts';

/** How much is read at once. */
const chunk = 4 << 20;

/** How much is hashed at once on this thread. Until the code is compiled, even this takes some ms. */
const piece = 32 << 10;

/** SHA-256 of all of a blob of any size, in hexadecimal, anywhere. It holds at most 8 MiB of it, and the thread at most a slice. */
export async function hash(blob: Blob, signal?: AbortSignal): Promise<string> {
  const sum = new Sha256();
  const slices = new Slices();
  let next = blob.slice(0, chunk).arrayBuffer();
  for (let at = 0; at < blob.size; at += chunk) {
    const bytes = new Uint8Array(await next);
    next = blob.slice(at + chunk, at + 2 * chunk).arrayBuffer();
    next.catch(() => {}); // is seen when it is awaited
    for (let p = 0; p < bytes.length; p += piece) {
      signal?.throwIfAborted();
      sum.update(bytes.subarray(p, p + piece));
      await slices.turn();
    }
  }
  return sum.hex();
}
