// @uploadcare/upload-client in Chromium, unmodified, with the hosts that @uploadcare/cname-prefix computes of an app's key:
// PREFIX.localhost, which browsers take for this machine.
import { getPrefixedCdnBaseSync, isPrefixedCdnBase } from '@uploadcare/cname-prefix/sync';
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { open, site, test } from '../../browser/harness.js';
import { png, stand } from './stand.mjs';

const modules = fileURLToPath(new URL('node_modules', import.meta.url));

test('files are on the host of their app, which clients compute', async (t) => {
  const s = await stand(t, { security: 'uploads' });
  const other = await s.stowgate.app({ security: 'uploads' });
  const { port } = new URL(s.stowgate.url);
  const zone = `http://localhost:${port}`;
  const base = getPrefixedCdnBaseSync(s.app.key, zone);
  assert.match(base, new RegExp(`^http://[0-9a-z]{10}\\.localhost:${port}$`));
  assert.notEqual(base, getPrefixedCdnBaseSync(other.key, zone));
  assert.ok(isPrefixedCdnBase(base, zone));

  const own = await site(t);
  own.folder('/modules/', modules).put('/favicon.ico', '');
  own.put('/', `<!doctype html><title>t</title><script type="module">import * as uploadcare from '/modules/@uploadcare/upload-client/dist/esm/index.browser.mjs'; window.uploadcare = uploadcare;</script>`);
  const { page, seen } = await open(t, own.url);
  await page.waitForFunction(() => window.uploadcare);
  const made = await page.evaluate(async ([options, bytes]) => {
    const text = await uploadcare.uploadFile(new File(['hello'], 'h.txt', { type: 'text/plain' }), options);
    const picture = await uploadcare.uploadFile(new File([new Uint8Array(bytes)], 'p.png', { type: 'image/png' }), options);
    const group = await uploadcare.uploadFileGroup([text.uuid, picture.uuid], options);
    const read = async (url) => { const answer = await fetch(url); return [answer.status, await answer.text()]; };
    return {
      text: text.cdnUrl, name: text.uuid, group: group.cdnUrl, read: await read(text.cdnUrl), nth: await read(`${group.cdnUrl}nth/0/`),
      json: await read(`${picture.cdnUrl}-/resize/20x/-/json/`),
      drawn: await new Promise((done) => { const image = new Image(); image.onload = () => done(image.naturalWidth); image.onerror = () => done('failed'); image.src = `${picture.cdnUrl}-/preview/30x30/`; }),
    };
  }, [{ ...s.upload, ...s.sign(), baseURL: zone, baseCDN: base }, [...png(60, 40)]]);
  assert.ok(made.text.startsWith(`${base}/`), made.text);
  assert.deepEqual(made.read, [200, 'hello']);
  assert.deepEqual(made.nth, [200, 'hello']);
  assert.equal(JSON.parse(made.json[1]).width, 20);
  assert.equal(made.drawn, 30);
  const asked = seen.requests.map((r) => new URL(r.url).hostname).filter((host) => host.endsWith('.localhost'));
  assert.ok(asked.length >= 4, `only ${asked.length} requests for the host of the app`);
  assert.deepEqual(seen.errors, []);
});
