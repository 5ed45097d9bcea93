// The browser is killed at half of a large file. What a person finds who comes
// back, and how many bytes the server is sent a second time.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, open as openFile, rm } from 'node:fs/promises';
import { Agent, createServer, request as ask } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openProfile, test, until } from './harness.js';
import { setUp, Visit } from './picker-page.mjs';

const { stowgate, app, pages } = await setUp();
const MiB = 1 << 20;

/** The file's size; STOWGATE_LARGE gives another in MiB. */
const size = Number(process.env.STOWGATE_LARGE ?? 64) * MiB;

/** uploadConfig.partSize: what may be sent twice. */
const partSize = 6 * MiB;

/** A folder that lasts until t ends. */
async function folderFor(t) {
  const folder = await mkdtemp(join(tmpdir(), 'stowgate-killed-'));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** Writes a file no two MiB of which are alike. */
async function largeFile(path) {
  const file = await openFile(path, 'w');
  await file.truncate(size);
  for (let at = 0; at < size; at += MiB) await file.write(`bytes at ${at}`, at);
  await file.close();
}

async function sha256(stream) {
  const sum = createHash('sha256');
  for await (const piece of stream) sum.update(piece);
  return sum.digest('hex');
}

/** A proxy that counts the bytes of parts, and can hold all that come after so many. */
class Meter {
  bytes = 0;
  #at = Infinity; #reached;

  static async start(t) {
    const meter = new Meter();
    const agent = new Agent({ keepAlive: true });
    const proxy = createServer((request, response) => {
      const onward = ask(request.url, { method: request.method, headers: request.headers, agent }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      });
      onward.on('error', () => response.destroy());
      response.on('close', () => onward.destroy());
      if (request.method === 'PUT') request.on('data', (piece) => meter.#count(piece.length, request));
      request.pipe(onward);
    });
    await new Promise((done) => { proxy.listen(0, '127.0.0.1', done); });
    t.after(() => {
      proxy.closeAllConnections();
      proxy.close();
      agent.destroy();
    });
    meter.server = `http://127.0.0.1:${proxy.address().port}`;
    return meter;
  }

  /** Resolves when there were so many bytes. Those that are being sent then get no further. */
  reaches(bytes) {
    this.#at = bytes;
    return new Promise((done) => { this.#reached = done; });
  }

  /** Lets bytes pass again. */
  open() { this.#at = Infinity; }

  #count(bytes, request) {
    this.bytes += bytes;
    if (this.bytes < this.#at) return;
    request.unpipe();
    request.pause();
    this.#reached();
  }
}

/** Opens the picker of filestack-js in a browser with a profile. */
async function visit(t, profile, meter) {
  const v = new Visit(await openProfile(t, profile, `${pages.url}/4.3.8`, { proxy: { server: meter.server } }));
  await v.begin({ key: app.key, security: app.sign(), base: stowgate.url, options: { uploadConfig: { partSize } } });
  return v;
}

test(`a browser that is killed at half of ${size / MiB} MiB sends at most a part twice`, { timeout: 600_000 }, async (t) => {
  const folder = await folderFor(t);
  const path = join(folder, 'large.bin');
  await largeFile(path);
  const meter = await Meter.start(t);

  const before = await visit(t, join(folder, 'profile'), meter);
  const half = meter.reaches(size / 2);
  await before.page.locator('#fsp-fileUpload').setInputFiles(path);
  await before.upload();
  await half;
  await before.kill();
  meter.open();
  const sent = meter.bytes;
  assert.ok(sent < size, `it was killed too late: ${sent} bytes were sent`);

  const after = await visit(t, join(folder, 'profile'), meter);
  const offer = after.page.getByRole('region', { name: 'Unfinished uploads' });
  assert.match(await offer.textContent(), /large\.bin/);
  await offer.getByRole('button', { name: 'Continue' }).click();
  const chooser = after.page.waitForEvent('filechooser');
  await after.page.getByRole('button', { name: 'Choose large.bin again' }).click();
  await (await chooser).setFiles(path); // it goes on by itself
  await until(async () => (await after.values('onUploadDone')).length, 'the upload is done', 300_000);
  const [{ filesUploaded: [file], filesFailed }] = await after.heard('onUploadDone');

  t.diagnostic(`killed after ${(sent / MiB).toFixed(1)} MiB; ${(meter.bytes / MiB).toFixed(1)} MiB were sent in all, of a file of ${size / MiB} MiB`);
  assert.deepEqual(filesFailed, []);
  assert.deepEqual([file.filename, file.size], ['large.bin', size]);
  assert.ok(meter.bytes >= size && meter.bytes <= size + partSize, `${meter.bytes - size} bytes were sent twice`);
  const wanted = await sha256(createReadStream(path));
  assert.equal(file.sha256, wanted);
  assert.equal(await sha256((await app.read(file.handle)).body), wanted);
  after.seen.clean(stowgate, pages);

  await after.page.evaluate(() => picker.open());
  await after.page.locator('.picker__select').waitFor();
  assert.equal(await offer.count(), 0, 'what has ended is not offered again');
});
