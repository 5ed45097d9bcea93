import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { digestWith, fingerprint } from './digest.ts';
import { hash } from './hash.ts';
import { Sha256 } from './sha256.ts';

const want = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

test('known vectors', () => {
  // Source: NIST, SHA-256 examples and the Secure Hash Standard's validation list.
  const text = (s: string): string => new Sha256().update(new TextEncoder().encode(s)).hex();
  assert.equal(text(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  assert.equal(text('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  assert.equal(text('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'), '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1');
  assert.equal(text('a'.repeat(1_000_000)), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0');
});

test('every length around the edges of a block', () => {
  for (let n = 0; n <= 260; n++) {
    const bytes = randomBytes(n);
    assert.equal(new Sha256().update(bytes).hex(), want(bytes), `${n} bytes`);
  }
});

test('pieces of any size give the same as the whole', () => {
  const bytes = randomBytes(5000);
  for (const size of [1, 3, 63, 64, 65, 127, 128, 1000, 4999]) {
    const sum = new Sha256();
    for (let at = 0; at < bytes.length; at += size) sum.update(bytes.subarray(at, at + size));
    assert.equal(sum.hex(), want(bytes), `pieces of ${size}`);
  }
});

test('a digest is that of the whole blob, whichever way it is computed', async () => {
  for (const n of [0, 1, 100_000, 4 << 20, (4 << 20) + 1, 9_000_001]) {
    const bytes = randomBytes(n);
    assert.equal(await hash(new Blob([bytes])), want(bytes), `${n} bytes`);
    assert.equal(await digestWith(() => assert.fail('the browser can'))(new Blob([bytes])), want(bytes), `${n} bytes, by the browser`);
  }
});

test('what is too large for the browser is hashed otherwise', async (t) => {
  const digest = digestWith(async ({ size }) => `sum of ${size}`);
  assert.match(await digest(new Blob([new Uint8Array(16 << 20)])), /^[0-9a-f]{64}$/);
  assert.equal(await digest(new Blob([new Uint8Array((16 << 20) + 1)])), `sum of ${(16 << 20) + 1}`);
  const { crypto } = globalThis;
  Object.defineProperty(globalThis, 'crypto', { configurable: true, value: {} });
  t.after(() => Object.defineProperty(globalThis, 'crypto', { configurable: true, value: crypto }));
  assert.equal(await digest(new Blob(['x'])), 'sum of 1', 'as is everything on a page without TLS');
});

test('a digest ends when it is not wanted any more', async () => {
  const ended = new AbortController();
  const sum = hash(new Blob([new Uint8Array(64 << 20)]), ended.signal);
  ended.abort();
  await assert.rejects(sum, { name: 'AbortError' });
});

test('a fingerprint sees the beginning, the middle and the end', async () => {
  const bytes = randomBytes(1 << 20);
  const print = (at?: number): Promise<string> => {
    const copy = Uint8Array.from(bytes);
    if (at !== undefined) copy[at]! ^= 1;
    return fingerprint(new Blob([copy]), hash);
  };
  const same = await print();
  assert.equal(await print(), same);
  for (const at of [0, 65535, 1 << 19, (1 << 20) - 1]) assert.notEqual(await print(at), same, `a change at ${at}`);
  assert.equal(await print(200_000), same); // is between the samples
});
