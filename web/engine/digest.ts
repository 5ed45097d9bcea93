/** SHA-256 of all of a blob, in hexadecimal. */
export type Digest = (blob: Blob, signal?: AbortSignal) => Promise<string>;

/** Up to here a blob is hashed in one go by the browser, off this thread and ten times as fast as a script could. It is held in memory. */
const small = 16 << 20;

const toHex = (bytes: ArrayBuffer): string => Array.from(new Uint8Array(bytes), (b) => b.toString(16).padStart(2, '0')).join('');

/** Has the browser hash what it can, and the rest long. */
export const digestWith = (long: Digest): Digest => async (blob, signal) => {
  // Only pages with TLS have subtle.
  const { subtle } = globalThis.crypto as { subtle?: SubtleCrypto };
  return subtle && blob.size <= small ? toHex(await subtle.digest('SHA-256', await blob.arrayBuffer())) : long(blob, signal);
};

/** Bytes of each sample of a fingerprint. */
const sample = 64 << 10;

/** Up to this size, in bytes, the fingerprint of a blob is its digest. */
export const wholly = 3 * sample;

/**
 * Tells files of one size apart without reading all of them: a hash of the
 * beginning, the middle and the end.
 */
export function fingerprint(blob: Blob, digest: Digest): Promise<string> {
  if (blob.size <= wholly) return digest(blob);
  const middle = Math.floor((blob.size - sample) / 2);
  return digest(new Blob([blob.slice(0, sample), blob.slice(middle, middle + sample), blob.slice(-sample)]));
}
