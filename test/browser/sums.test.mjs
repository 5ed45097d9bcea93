// Checksums of files that are too large for a browser to hash in one go.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from './harness.js';
import { part } from './parts.js';

const page = `
  import { digest, workFrom } from './image/index.ts';
  if (location.hash) workFrom(location.origin + location.hash.slice(1));
  window.digest = digest;
  window.ready = true;
`;

const bytes = (length, value) => createHash('sha256').update(Buffer.alloc(length, value)).digest('hex');

for (const [way, base] of Object.entries({ 'beside the page': '', 'in a worker': '/parts/', 'after a worker that is not there': '/nowhere/' })) {
  test(`large files are hashed ${way}`, async (t) => {
    const { page: shown, pages, seen } = await part(t, page.replace('location.hash)', `'${base}')`).replace('location.hash.slice(1)', `'${base}'`));
    const sums = await shown.evaluate(async () => {
      const of = (length, value) => new Blob([new Uint8Array(length).fill(value)]);
      const gone = new AbortController();
      const unwanted = digest(of(64 << 20, 9), gone.signal).catch((error) => error.name);
      const [small, large] = [digest(of(1000, 1)), digest(of(20 << 20, 2))];
      gone.abort();
      return [await unwanted, await small, await large];
    });
    assert.deepEqual(sums, ['AbortError', bytes(1000, 1), bytes(20 << 20, 2)]);
    assert.equal(pages.hits.some((hit) => hit.path === `${base}worker.js`), Boolean(base));
    if (base !== '/nowhere/') seen.clean(pages);
  });
}
