// The examples, run as their READMEs say, against the real server.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { open, serve, site, test, until } from './harness.js';
import { png } from './picker-page.mjs';

const examples = fileURLToPath(new URL('../../examples', import.meta.url));
const stowgate = await serve(null);
const picture = png(60, 40, 'a.png');
const chosen = { name: picture.name, mimeType: picture.type, buffer: Buffer.from(picture.bytes) };

/** Runs an example until t ends, and returns where it is. */
async function run(t, folder, command, app, env = {}) {
  const child = spawn(command[0], command.slice(1), {
    cwd: join(examples, folder), stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, STOWGATE_URL: stowgate.url, STOWGATE_KEY: app.key, STOWGATE_SECRET: app.secret, LISTEN: '127.0.0.1:0', ...env },
  });
  t.after(() => { child.kill(); });
  return new Promise((done, fail) => {
    createInterface({ input: child.stdout }).once('line', done);
    child.once('exit', (status) => fail(new Error(`${folder} ended with ${status}`)));
    child.once('error', fail);
  });
}

/** Compiles an example in Go. */
async function compiled(t, folder) {
  const dir = await mkdtemp(join(tmpdir(), 'stowgate-example-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  execFileSync('go', ['build', '-o', join(dir, 'example'), '.'], { cwd: join(examples, folder) });
  return join(dir, 'example');
}

/** Waits until an image has been drawn. */
const drawn = (page) => until(() => page.evaluate(() => {
  const image = document.querySelector('img');
  return image?.complete && image.naturalWidth;
}), 'the picture is drawn', 30_000);

for (const [folder, start] of [['go', async (t) => [await compiled(t, 'go')]], ['python', async () => ['python3', 'app.py']]]) {
  test(`examples/${folder}: a page that the server fills in, and one that asks for its policy`, { timeout: 120_000 }, async (t) => {
    const app = await stowgate.app();
    const base = await run(t, folder, await start(t), app);
    for (const path of ['/', '/static/fetch.html']) {
      const { page } = await open(t, base + path);
      assert.ok(!(await page.content()).includes(app.secret));
      await page.getByRole('button', { name: 'Choose a picture' }).click();
      await page.locator('.picker__file-input').first().setInputFiles(chosen);
      await page.locator('.picker__button--primary', { hasText: 'Upload' }).click();
      assert.equal(await drawn(page), 320);
    }
  });
}

test('examples/gallery: private pictures by links of their own', { timeout: 120_000 }, async (t) => {
  const app = await stowgate.app();
  const dir = await mkdtemp(join(tmpdir(), 'stowgate-gallery-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  const base = await run(t, 'gallery', [await compiled(t, 'gallery')], app, { GALLERY: join(dir, 'gallery.json') });
  const { page } = await open(t, base);
  await page.getByLabel('A picture').setInputFiles(chosen);
  await page.getByRole('button', { name: 'Add it' }).click();
  assert.equal(await drawn(page), 300);
  const link = new URL(await page.getByRole('link').getAttribute('href'));
  assert.equal((await fetch(link)).status, 200);
  assert.equal((await fetch(link.origin + link.pathname)).status, 403, 'without its policy');
  const { handle } = await app.store('other.txt', 'another file');
  assert.equal((await fetch(`${link.origin}/${handle}${link.search}`)).status, 403, "with another file's policy");
  assert.equal((await fetch(`${link.origin}/resize=width:9${link.pathname}${link.search}`)).status, 403, 'for something else');
});

test('examples/react: the elements in React', { timeout: 120_000 }, async (t) => {
  const app = await stowgate.app();
  const { page } = await open(t, await run(t, 'react', ['node', 'server.mjs'], app));
  await page.locator('stowgate-button').click();
  await page.locator('.picker__file-input').first().setInputFiles(chosen);
  await page.locator('.picker__button--primary', { hasText: 'Upload' }).click();
  assert.equal(await drawn(page), 200);
});

test('examples/html: one file', { timeout: 120_000 }, async (t) => {
  const app = await stowgate.app({ security: 'off' });
  const text = readFileSync(join(examples, 'html/index.html'), 'utf8');
  const pages = await site(t);
  pages.put('/', text.replace('YOUR_API_KEY', app.key).replace('http://127.0.0.1:8080', stowgate.url));
  const { page } = await open(t, pages.url);
  await page.locator('.picker__file-input').first().setInputFiles(chosen);
  await page.locator('.picker__button--primary', { hasText: 'Upload' }).click();
  const link = page.getByRole('link', { name: 'a.png' });
  await link.waitFor();
  assert.deepEqual(Buffer.from(await (await fetch(await link.getAttribute('href'))).arrayBuffer()), chosen.buffer);
});
