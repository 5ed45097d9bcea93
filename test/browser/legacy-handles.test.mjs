// A file that was chosen by the browser's own dialog, which gives a handle: when
// the browser was killed amid its upload, nobody has to choose it again.
//
// No driver sees that dialog. The page's showOpenFilePicker is replaced by one
// that answers with a handle of a file in the browser's private file system,
// which is as real as one of the disk: it can be kept, asked for permission, read.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openProfile, serve, site, test, until } from './harness.js';
import { Visit } from './picker-page.mjs';

const MiB = 1 << 20;
const size = 24 * MiB;

/** Runs in the page: a file no two MiB of which are alike, its handle, and its hash. */
const script = `
Object.defineProperty(navigator, 'webdriver', { get: () => false }); // or the picker asks with an input
window.asked = 0;
const handle = async () => (await navigator.storage.getDirectory()).getFileHandle('large.bin', { create: true });
window.fill = async () => {
  const out = await (await handle()).createWritable();
  await out.truncate(${size});
  for (let at = 0; at < ${size}; at += ${MiB}) await out.write({ type: 'write', position: at, data: 'bytes at ' + at });
  await out.close();
};
window.showOpenFilePicker = async () => {
  asked++;
  return [await handle()];
};
window.hash = async () => {
  const digest = await crypto.subtle.digest('SHA-256', await (await (await handle()).getFile()).arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
};`;

test('an upload goes on after the browser was killed, without a question', { timeout: 300_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'stowgate-handles-'));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const stowgate = await serve(t);
  const app = await stowgate.app();
  const pages = await site(t);
  pages.put('/favicon.ico', '').put('/page.js', script);
  pages.put('/', `<!doctype html><html lang="en"><title>t</title><body><script src="/page.js"></script><script src="${stowgate.url}/v2/filepicker.js"></script>`);

  /** Opens the page in the browser; of the parts it sends, limit bytes are let through. */
  const visit = async (limit) => {
    const v = new Visit(await openProfile(t, folder, 'about:blank'));
    Object.assign(v, { sent: 0, begun: 0, held: 0, arrived: 0, chooser: 0 });
    await v.context.route(/\/multipart\/upload$/, async (route) => {
      const part = route.request().postDataJSON().size;
      if (v.sent + part > limit) return void v.held++; // for ever
      v.sent += part;
      v.begun++;
      await route.continue();
    });
    v.context.on('response', (r) => { if (r.request().method() === 'PUT' && r.ok()) v.arrived++; });
    v.page.on('filechooser', () => { v.chooser++; });
    await v.page.goto(pages.url);
    return v;
  };
  const pick = (v) => v.page.evaluate(({ key, ...grant }) => {
    filepicker.setKey(key);
    filepicker.pickMultiple(grant, (files) => { window.picked = files; }, (error) => { window.picked = String(error); });
  }, { key: app.key, ...app.sign() });

  const before = await visit(size / 2);
  await before.page.evaluate(() => fill());
  const wanted = await before.page.evaluate(() => hash());
  await pick(before);
  await before.page.locator('.picker__select').click();
  await before.page.getByText('large.bin').first().waitFor();
  await before.upload();
  await until(() => before.held > 0 && before.arrived === before.begun, 'half was sent', 60_000);
  assert.deepEqual([await before.page.evaluate(() => asked), before.chooser], [1, 0], 'the browser was asked, once');
  await before.kill();

  const after = await visit(Infinity);
  await pick(after);
  const offer = after.page.getByRole('region', { name: 'Unfinished uploads' });
  assert.match(await offer.textContent(), /large\.bin/);
  await offer.getByRole('button', { name: 'Continue' }).click();
  const [file] = await until(() => after.page.evaluate(() => window.picked), 'the upload is done', 120_000);
  assert.deepEqual([await after.page.evaluate(() => asked), after.chooser], [0, 0], 'nobody was asked for the file');
  assert.deepEqual([file.filename, file.size], ['large.bin', size]);
  t.diagnostic(`${(before.sent / MiB).toFixed(1)} MiB before, ${(after.sent / MiB).toFixed(1)} MiB after`);
  assert.ok(before.sent + after.sent <= size + 6 * MiB, 'at most a part was sent twice');
  const digest = await crypto.subtle.digest('SHA-256', await (await app.read(file.url.split('/').pop())).arrayBuffer());
  assert.equal(Buffer.from(digest).toString('hex'), wanted);
  after.seen.clean(stowgate, pages);
});
