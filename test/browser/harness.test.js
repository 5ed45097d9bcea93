// The harness itself: what it must notice, it notices.
import assert from 'node:assert/strict';
import { test, serve, site, open, until } from './harness.js';

test('signed requests of a page of another origin', async (t) => {
  const stowgate = await serve(t);
  const app = await stowgate.app({ security: 'on' });
  const { url } = await app.store('n.txt', 'hello', { type: 'text/plain' });
  const pages = await site(t, { csp: `default-src 'none'; connect-src ${stowgate.url}` });
  pages.put('/', '<!doctype html><title>t</title>');
  const { page, seen } = await open(t, pages.url);
  const read = (u) => page.evaluate((u) => fetch(u).then((r) => r.status), u);
  assert.equal(await read(app.link(url, { call: ['read'] })), 200);
  seen.clean(pages, stowgate);
  assert.equal(await read(url), 403);
  assert.equal((await app.read(new URL(url).pathname.slice(1))).status, 200);
});

test('what pages do is seen', async (t) => {
  const pages = await site(t, { csp: "default-src 'self' 'unsafe-inline'" });
  const other = await site(t, { host: 'localhost' });
  other.put('/', 'other');
  pages.put('/', `<!doctype html><title>t</title><script>
    alert('a'); console.error('c'); open('${other.url}/');
    new Image().src = '${other.url}/pixel';
    setTimeout(() => { throw new Error('e'); });
  </script>`);
  const { seen } = await open(t, pages.url);
  await until(() => seen.violations.length && seen.errors.length && seen.popups.length, 'a violation, an error and a popup');
  assert.deepEqual(seen.dialogs, [{ type: 'alert', message: 'a' }]);
  assert.equal(seen.violations[0].directive, 'img-src');
  assert.ok(seen.console.some((m) => m.type === 'error' && m.text === 'c'));
  await until(() => seen.strangers(pages).length, 'a request to another origin');
  assert.throws(() => seen.clean(pages));
  seen.clear();
  seen.clean(pages);
});
