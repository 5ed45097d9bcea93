import { Sha256 } from './sha256.ts';
import { Slices } from './slices.ts';

/** Up to here a blob is hashed in one go by the browser, off this thread. */
const small = 4 << 20;

/** How much is hashed at once on this thread. Until the code is compiled, even this takes some ms. */
const piece = 32 << 10;

const toHex = (bytes: ArrayBuffer): string => Array.from(new Uint8Array(bytes), (b) => b.toString(16).padStart(2, '0')).join('');

/** SHA-256 of all of blob, in hexadecimal. It holds at most 8 MiB of it, and the thread at most a slice. */
export async function digest(blob: Blob, signal?: AbortSignal): Promise<string> {
  // Only pages with TLS have subtle.
  const { subtle } = globalThis.crypto as { subtle?: SubtleCrypto };
  if (blob.size <= small && subtle) return toHex(await subtle.digest('SHA-256', await blob.arrayBuffer()));
  const sum = new Sha256();
  const slices = new Slices();
  let next = blob.slice(0, small).arrayBuffer();
  for (let at = 0; at < blob.size; at += small) {
    const bytes = new Uint8Array(await next);
    next = blob.slice(at + small, at + 2 * small).arrayBuffer();
    next.catch(() => {}); // is seen when it is awaited
    for (let p = 0; p < bytes.length; p += piece) {
      signal?.throwIfAborted();
      sum.update(bytes.subarray(p, p + piece));
      await slices.turn();
    }
  }
  return sum.hex();
}

/** Bytes of each sample of a fingerprint. */
const sample = 64 << 10;

/** Up to this size, in bytes, the fingerprint of a blob is its digest. */
export const wholly = 3 * sample;

/**
 * Tells files of one size apart without reading all of them: a hash of the
 * beginning, the middle and the end.
 */
export function fingerprint(blob: Blob): Promise<string> {
  if (blob.size <= wholly) return digest(blob);
  const middle = Math.floor((blob.size - sample) / 2);
  return digest(new Blob([blob.slice(0, sample), blob.slice(middle, middle + sample), blob.slice(-sample)]));
}
