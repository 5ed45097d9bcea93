// The engine of the picker (web/engine) in a browser, without views: uploads
// really arrive, a tab that is killed loses at most a part, and nothing blocks
// the page.
import assert from 'node:assert/strict';
import { open as openFile, rm, mkdtemp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test, chromium, serve, site, soak, open, until } from './harness.js';

const web = fileURLToPath(new URL('../../web/', import.meta.url));
const MiB = 1 << 20;

/** The size of the engine's parts, in bytes. */
const partSize = 2 * MiB;

/** A large file's size, in bytes; STOWGATE_LARGE gives another in MiB. */
const large = Number(process.env.STOWGATE_LARGE ?? 64) * MiB;

/**
 * longest returns for how many ms of processor time the page's thread was held by
 * one task while act ran; undefined without STOWGATE_SOAK, as a slow or busy machine has other numbers.
 */
async function longest(page, act) {
  if (!soak) return void await act();
  const browser = await chromium();
  await browser.startTracing(page, { categories: ['toplevel', 'devtools.timeline', '__metadata'] });
  await act();
  const { traceEvents } = JSON.parse(await browser.stopTracing());
  const threads = new Set(traceEvents.filter((e) => e.name === 'thread_name' && e.args.name === 'CrRendererMain').map((e) => `${e.pid} ${e.tid}`));
  const tasks = traceEvents.filter((e) => /RunTask$/.test(e.name) && e.tdur && threads.has(`${e.pid} ${e.tid}`));
  assert.ok(tasks.length > 10, 'the page\'s tasks are seen');
  return Math.max(...tasks.map((e) => e.tdur)) / 1000;
}

/** pages serves a page that has the engine. */
async function pages(t, stowgate) {
  const { build } = createRequire(join(web, 'package.json'))('esbuild');
  const { outputFiles: [engine] } = await build({
    entryPoints: [join(web, 'engine/index.ts')], bundle: true, minify: true, write: false, format: 'esm', target: 'es2022',
  });
  const s = await site(t, { csp: `default-src 'none'; script-src 'self'; connect-src ${stowgate.url}; require-trusted-types-for 'script'` });
  s.put('/engine.js', Buffer.from(engine.contents));
  s.put('/page.js', `
    import { Engine, hash } from './engine.js';
    window.make = (url, apiKey, grant, more) => {
      window.engine = new Engine({
        apiKey, hosts: () => ({ upload: url, cloud: url, cdn: url, process: url, api: url + '/api/file' }), grant: () => grant,
        accept: [], maxFiles: 0, minFiles: 0, maxSize: 0, minSize: 0, store: {}, concurrency: 4, resume: true, digest: hash,
        parts: { size: 6 << 20, concurrency: 3, retries: 10, retryFactor: 2, retryMaxTime: 1000, timeout: 30000 }, ...more,
      });
      document.querySelector('input')?.addEventListener('change', async (e) => {
        window.added = await engine.add(Array.from(e.target.files, (blob) => ({ blob })));
      });
    };
    window.finished = () => new Promise((done) => engine.on('finished', ({ uploaded, failed }) => done({
      uploaded: uploaded.map(({ blob, original, ...item }) => item), failed: failed.map(({ name, problem }) => ({ name, problem })),
    })));
    // What act gives, and how often the page got its turn meanwhile.
    window.turns = async (act) => {
      const { port1, port2 } = new MessageChannel();
      let count = 0;
      port1.onmessage = () => { count++; port2.postMessage(0); };
      port2.postMessage(0);
      const result = await act();
      port1.close();
      return { ...result, turns: count };
    };
    window.loaded = true;
  `);
  return s.put('/', '<!doctype html><title>engine</title><input type="file" multiple aria-label="files"><script type="module" src="page.js"></script>');
}

/**
 * hold lets count parts of uploads pass, and holds all others back until the returned function is called: what a test does
 * in the middle of an upload does not depend on how fast that is.
 */
async function hold(page, count) {
  let release;
  const held = new Promise((done) => { release = done; });
  await page.route('**', async (route) => {
    if (route.request().method() === 'PUT' && --count < 0) await held;
    await route.continue().catch(() => {}); // its page may have gone
  });
  return release;
}

/** begin makes an engine on a page, for an app and a policy. */
async function begin(page, stowgate, app, grant, more = {}) {
  await page.waitForFunction(() => window.loaded);
  await page.evaluate(([url, key, grant, more]) => window.make(url, key, grant, more), [stowgate.url, app.key, grant, more]);
}

const stowgate = await serve(null);

test('a file arrives under a signed policy, with a checksum of both ends', async (t) => {
  const app = await stowgate.app({ security: 'on' });
  const s = await pages(t, stowgate);
  const { page, seen } = await open(t, s.url);
  await begin(page, stowgate, app, app.sign({ call: ['pick', 'store'] }));
  assert.equal(await page.evaluate(() => window.engine.check()), undefined);
  assert.deepEqual(await page.evaluate(() => window.engine.offered), ['url']);
  const { uploaded: [item] } = await page.evaluate(async () => {
    await window.engine.add([{ blob: new Blob([new Uint8Array(5e6).fill(7)], { type: 'text/plain' }), name: 'n.txt' }]);
    window.engine.start();
    return window.finished();
  });
  assert.deepEqual([item.status, item.verified, item.stored.size, item.stored.filename], ['done', true, 5e6, 'n.txt']);
  assert.equal(item.digest, item.stored.sha256);
  seen.clean(stowgate, s);
});

test('a page whose policy is not good learns why', async (t) => {
  const app = await stowgate.app({ security: 'on' });
  const s = await pages(t, stowgate);
  const { page } = await open(t, s.url);
  const code = async (grant, key = app.key) => {
    await begin(page, stowgate, { key }, grant);
    const told = await page.evaluate(async () => {
      const checked = await window.engine.check();
      await window.engine.add([{ blob: new Blob(['x']), name: 'n.txt' }]);
      const finished = window.finished();
      window.engine.start();
      return { checked: checked?.code, failed: (await finished).failed[0]?.problem.code };
    });
    assert.equal(told.failed, told.checked, 'what check says is why uploads fail');
    return told.checked;
  };
  const good = app.sign({ call: ['pick', 'store'] });
  assert.equal(await code(good), undefined);
  assert.equal(await code(undefined), 'security-required');
  assert.equal(await code({ ...good, signature: '0'.repeat(64) }), 'signature');
  assert.equal(await code(app.sign({ call: ['read'] })), 'policy-call');
  assert.equal(await code(app.sign({ call: ['pick', 'store'], expiry: 1 })), 'policy-expired');
  assert.equal(await code(undefined, 'ANoSuchKeyAtAllHere00z'), 'key-unknown');
});

test('a tab that is killed in the middle of a large file loses at most a part', { timeout: 600_000 }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'stowgate-large-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'large.bin');
  const file = await openFile(path, 'w');
  await file.truncate(large);
  for (let at = 0; at < large; at += 16 * MiB) await file.write(`bytes at ${at}`, at);
  await file.close();

  const app = await stowgate.app({ security: 'on' });
  const grant = app.sign({ call: ['pick', 'store'] });
  const s = await pages(t, stowgate);
  const { page, context, seen } = await open(t, s.url);
  await begin(page, stowgate, app, grant);
  const release = await hold(page, large / 2 / partSize);
  t.after(release);
  await page.setInputFiles('input', path);
  await page.waitForFunction(() => window.added);
  await page.evaluate(() => window.engine.start());
  await page.waitForFunction((half) => window.engine.progress.sent >= half, large / 2, { timeout: 300_000 });
  const gone = page.waitForEvent('crash');
  page.goto('chrome://crash').catch(() => {}); // what is killed gives no answer
  await gone;

  const other = await context.newPage();
  await other.goto(s.url);
  await begin(other, stowgate, app, grant);
  const [missing] = await other.evaluate(() => window.engine.restore());
  assert.deepEqual([missing?.name, missing?.size, missing?.status], ['large.bin', large, 'missing']);
  const finished = other.evaluate(() => window.finished());
  await other.setInputFiles('input', path); // it goes on by itself
  const { uploaded: [item] } = await finished;
  assert.deepEqual([item.id, item.verified, item.stored.size], [missing.id, true, large]);

  const puts = seen.requests.filter((r) => r.method === 'PUT').length;
  const starts = seen.requests.filter((r) => r.url.endsWith('/multipart/start')).length;
  t.diagnostic(`${large / MiB} MiB: ${puts} parts of 2 MiB were sent where ${large / partSize} make the file`);
  assert.equal(starts, 1);
  assert.ok(puts * partSize <= large + 6 * MiB, `${puts} parts were sent`);
  assert.deepEqual(await other.evaluate(() => window.engine.restore()), []);
});

test('a file that the browser kept goes on without being chosen again', async (t) => {
  const app = await stowgate.app({ security: 'off' });
  const s = await pages(t, stowgate);
  const { page, context } = await open(t, s.url);
  await begin(page, stowgate, app, undefined);
  t.after(await hold(page, 8));
  await page.evaluate(async () => {
    // A handle like those that dropped files have, but of a file that no dialog needs to give.
    const handle = await (await navigator.storage.getDirectory()).getFileHandle('kept.bin', { create: true });
    const writer = await handle.createWritable();
    await writer.write(new Uint8Array(32 << 20).fill(5));
    await writer.close();
    await window.engine.add([{ blob: await handle.getFile(), handle }]);
    window.engine.start();
  });
  await page.waitForFunction(() => window.engine.progress.sent >= 8 << 20);
  const gone = page.waitForEvent('crash');
  page.goto('chrome://crash').catch(() => {});
  await gone;

  const other = await context.newPage();
  await other.goto(s.url);
  await begin(other, stowgate, app, undefined);
  assert.deepEqual((await other.evaluate(() => window.engine.restore())).map(({ name, status }) => [name, status]), [['kept.bin', 'ready']]);
  const { uploaded: [item] } = await other.evaluate(() => {
    const finished = window.finished();
    window.engine.start();
    return finished;
  });
  assert.deepEqual([item.verified, item.stored.size], [true, 32 << 20]);
});

test('an upload that goes on in one tab is not offered in another', async (t) => {
  const app = await stowgate.app({ security: 'off' });
  const s = await pages(t, stowgate);
  const { page, context } = await open(t, s.url);
  await begin(page, stowgate, app, undefined);
  t.after(await hold(page, 2));
  await page.evaluate(async () => {
    await window.engine.add([{ blob: new File([new Uint8Array(32 << 20)], 'busy.bin') }]);
    window.engine.start();
  });
  await page.waitForFunction(() => window.engine.progress.sent >= 4 << 20);
  await page.evaluate(() => window.engine.pause());
  const other = await context.newPage();
  await other.goto(s.url);
  await begin(other, stowgate, app, undefined);
  assert.deepEqual(await other.evaluate(() => window.engine.restore()), []);
  await page.close();
  await until(async () => (await other.evaluate(() => window.engine.restore())).length === 1, 'the upload is offered');
});

test('10,000 files are added, and compared, while the page goes on', async (t) => {
  const app = await stowgate.app({ security: 'off' });
  const s = await pages(t, stowgate);
  const { page } = await open(t, s.url);
  await begin(page, stowgate, app, undefined, { maxFiles: 10_000 });
  await page.evaluate(() => {
    window.files = Array.from({ length: 10_000 }, (_, i) => ({ blob: new Blob(['x'.repeat(i % 1000)]), name: `${i}.txt` }));
  });
  let got;
  const most = await longest(page, async () => {
    got = await page.evaluate(() => turns(async () => {
      const began = performance.now();
      const { items, refused } = await window.engine.add(window.files);
      return { items: items.length, refused: refused.length, took: performance.now() - began };
    }));
    await until(() => page.evaluate(() => window.engine.items[1500].twin), 'files of one size are compared');
  });
  t.diagnostic(`${got.took.toFixed(0)} ms, ${got.turns} turns, longest task ${most} ms`);
  assert.deepEqual([got.items, got.refused], [10_000, 0]);
  assert.ok(got.turns >= 5, `the page gets ${got.turns} turns`);
  assert.ok(!soak || most <= 50, `a task of ${most} ms`);
});

test('hashing a large file does not block the page', async (t) => {
  const app = await stowgate.app({ security: 'off' });
  const s = await pages(t, stowgate);
  const { page } = await open(t, s.url);
  await begin(page, stowgate, app, undefined);
  await page.evaluate(async () => {
    const piece = new Uint8Array(1 << 20);
    window.blob = new Blob(Array.from({ length: 128 }, () => piece));
    window.hash = (await import('./engine.js')).hash;
  });
  let got;
  const most = await longest(page, async () => {
    got = await page.evaluate(() => turns(async () => {
      const began = performance.now();
      const sum = await window.hash(window.blob);
      return { sum, rate: 128 / (performance.now() - began) * 1000 };
    }));
  });
  t.diagnostic(`${got.rate.toFixed(0)} MiB/s, ${got.turns} turns, longest task ${most} ms`);
  assert.ok(got.turns >= 5, `the page gets ${got.turns} turns`);
  assert.equal(got.sum, '254bcc3fc4f27172636df4bf32de9f107f620d559b20d760197e452b97453917');
  assert.ok(!soak || most <= 50, `a task of ${most} ms`);
});

test('uploads wait while the network is away', async (t) => {
  const app = await stowgate.app({ security: 'off' });
  const s = await pages(t, stowgate);
  const { page, context } = await open(t, s.url);
  await begin(page, stowgate, app, undefined);
  const release = await hold(page, 2);
  await page.evaluate(async () => {
    window.phases = [];
    window.engine.on('phase', (phase) => window.phases.push(phase));
    await window.engine.add([{ blob: new Blob([new Uint8Array(32 << 20)]), name: 'n.bin' }]);
    window.end = window.finished();
    window.engine.start();
  });
  await page.waitForFunction(() => window.engine.progress.sent >= 4 << 20);
  await context.setOffline(true);
  release();
  await until(() => page.evaluate(() => window.engine.items[0].status === 'offline'), 'the upload waits');
  await until(async () => await page.evaluate(() => window.engine.phase) === 'offline', 'the phase says so');
  await context.setOffline(false);
  const { uploaded: [item] } = await page.evaluate(() => window.end);
  assert.equal(item.verified, true);
  assert.deepEqual(await page.evaluate(() => window.phases), ['uploading', 'offline', 'uploading', 'done']);
});
