import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { FakeRecords, fileOf, engineFor, next, one, serverFor, settingsFor, until } from './testing/fake.ts';
import type { Events, Problem } from './types.ts';

const MiB = 1 << 20;
const slowly = (ms: number) => () => new Promise<void>((done) => { setTimeout(done, ms); });

/** A promise that the test resolves. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {};
  const opened = new Promise<void>((done) => { open = done; });
  return { opened, open: () => open() };
}

test('parts that get lost are sent again', async (t) => {
  const server = await serverFor(t);
  let n = 0;
  server.before = (path) => path === '/multipart/part' && n++ % 2 === 0 ? 'drop' : undefined;
  const engine = engineFor(t, server, { parts: { ...settingsFor('').parts, retries: 10 } });
  const file = fileOf(5 * MiB);
  await one(engine, file);
  engine.start();
  const { uploaded } = await next(engine, 'finished');
  assert.equal(uploaded[0]?.verified, true);
  assert.equal(server.received, 5 * MiB);
});

test('each step is repeated when the server is busy', async (t) => {
  const server = await serverFor(t);
  const first = new Set<string>();
  server.before = (path) => {
    if (first.has(path)) return;
    first.add(path);
    return [503, { error: 'too many requests' }];
  };
  const engine = engineFor(t, server);
  await one(engine, fileOf(10));
  engine.start();
  assert.equal((await next(engine, 'finished')).uploaded.length, 1);
  assert.equal(server.stored.length, 1);
  assert.equal(first.size, 4);
});

test('in the end it fails, and a retry goes on where it was', async (t) => {
  const server = await serverFor(t);
  server.before = (path, spec) => path === '/multipart/upload' && spec.part === 5 ? 'drop' : undefined;
  const engine = engineFor(t, server, { parts: { ...settingsFor('').parts, concurrency: 1, size: MiB } });
  const { id } = await one(engine, fileOf(6 * MiB));
  engine.start();
  const { failed } = await next(engine, 'finished');
  assert.deepEqual([failed[0]!.problem!.code, failed[0]!.problem!.again], ['network', true]);
  assert.equal(server.seen.filter((s) => s.path === '/multipart/upload' && s.spec.part === 5).length, 4);
  assert.equal(engine.progress.failed, 1);
  server.before = () => {};
  engine.retry(id);
  assert.equal((await next(engine, 'finished')).uploaded[0]!.verified, true);
  assert.equal(server.received, 6 * MiB);
  assert.equal(server.count('/multipart/start'), 1);
});

test('what cannot work is not repeated', async (t) => {
  const server = await serverFor(t);
  server.before = (path) => path === '/multipart/start' ? [413, { error: 'too large', c: '7f' }] : undefined;
  const engine = engineFor(t, server);
  await one(engine, fileOf(10));
  engine.start();
  const { failed: [item] } = await next(engine, 'finished');
  assert.deepEqual(item!.problem, { code: 'size-max', status: 413, detail: 'too large', request: '7f', again: false });
  assert.equal(server.seen.length, 1);
});

test('an upload that waits for its next try says until when, and can be hurried', async (t) => {
  const server = await serverFor(t);
  let down = true;
  server.before = () => down ? [503, { error: 'temporarily unavailable' }] : undefined;
  const engine = engineFor(t, server, { parts: { ...settingsFor('').parts, retryMaxTime: 3_600_000, retryFactor: 10_000 } });
  const { id } = await one(engine, fileOf(10));
  engine.start();
  await until(() => engine.get(id)!.status === 'retrying');
  engine.retry(id);
  await until(() => server.count('/multipart/start') === 2);
  await until(() => engine.get(id)!.status === 'retrying');
  const { problem, retryAt } = engine.get(id)!;
  assert.deepEqual([problem!.code, engine.phase], ['server', 'uploading']);
  assert.ok(retryAt! > Date.now());
  down = false;
  engine.retry();
  const { uploaded: [item] } = await next(engine, 'finished');
  assert.deepEqual([item!.problem, item!.retryAt], [undefined, undefined]);
});

test('requests without any progress are given up', async (t) => {
  const server = await serverFor(t);
  server.before = (path) => path === '/multipart/part' && server.count('/multipart/part') === 1 ? new Promise(() => {}) : undefined;
  const engine = engineFor(t, server, { parts: { ...settingsFor('').parts, timeout: 50 } });
  await one(engine, fileOf(10));
  engine.start();
  assert.equal((await next(engine, 'finished')).uploaded[0]!.verified, true);
  server.before = () => new Promise(() => {});
  await one(engine, fileOf(10));
  engine.start();
  assert.equal((await next(engine, 'finished')).failed[0]!.problem!.code, 'timeout');
});

test('an upload that does not move says so', async (t) => {
  const server = await serverFor(t);
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const hold = gate();
  server.before = (path) => path === '/multipart/part' ? hold.opened : undefined;
  const engine = engineFor(t, server, { parts: { ...settingsFor('').parts, timeout: 60_000 } });
  const { id } = await one(engine, fileOf(10));
  engine.start();
  await until(() => server.count('/multipart/part'));
  assert.equal(engine.get(id)!.problem, undefined);
  now = 6000;
  await until(() => engine.get(id)!.problem);
  const { status, problem, speed, left } = engine.get(id)!;
  assert.deepEqual([status, problem!.code, problem!.values, speed, left], ['uploading', 'timeout', { seconds: 6 }, 0, Infinity]);
  hold.open();
  const { uploaded: [item] } = await next(engine, 'finished');
  assert.equal(item!.problem, undefined);
});

test('speed and time left are told for each file and for all', async (t) => {
  const server = await serverFor(t);
  server.before = (path) => path === '/multipart/part' ? slowly(100)() : undefined;
  const engine = engineFor(t, server, { parts: { ...settingsFor('').parts, concurrency: 1, size: MiB } });
  const { items: [a, b] } = await engine.add([{ blob: fileOf(60 * MiB) }, { blob: fileOf(40 * MiB) }, { blob: fileOf(5), name: 'not sent' }]);
  engine.cancel(engine.items[2]!.id);
  engine.start();
  const progressed = new Set<string>();
  engine.on('progress', (item) => progressed.add(item.id));
  await until(() => engine.get(a!.id)!.speed && engine.get(b!.id)!.speed && Number.isFinite(engine.progress.left));
  const { progress } = engine;
  const [one, two] = [engine.get(a!.id)!, engine.get(b!.id)!];
  for (const item of [one, two]) assert.ok(Math.abs(item.left - (item.size - item.sent) / item.speed) < 1e-6, `${item.left} s`);
  assert.deepEqual([progress.size, progress.sent], [100 * MiB, one.sent + two.sent]);
  assert.ok(Math.abs(progress.left - (progress.size - progress.sent) / progress.speed) < 1e-6);
  assert.ok(progress.speed > 0);
  assert.deepEqual(progressed, new Set([a!.id, b!.id]));
  engine.pause();
  assert.deepEqual([engine.progress.speed, engine.progress.left, engine.get(a!.id)!.left], [0, Infinity, Infinity]);
});

test('a pause stops at once, and what was sent is not sent again', async (t) => {
  const server = await serverFor(t);
  server.before = slowly(2);
  const engine = engineFor(t, server);
  const file = fileOf(12 * MiB);
  const { id } = await one(engine, file);
  let starts = 0;
  engine.on('start', () => starts++);
  engine.start();
  let pauses = 0;
  for (; engine.get(id)!.status !== 'done'; pauses++) {
    const before = server.received;
    await until(() => server.received > before + 2 * MiB || engine.get(id)!.status === 'done');
    engine.pause(pauses % 2 ? id : undefined);
    if (engine.get(id)!.status === 'done') break;
    assert.deepEqual([engine.get(id)!.status, engine.phase], ['paused', 'paused']);
    const { received } = server;
    await slowly(30)();
    assert.ok(server.received <= received + 3 * MiB, 'no more arrives than was on its way');
    engine.resume(pauses % 2 ? undefined : id);
    assert.equal(engine.phase, 'uploading');
  }
  assert.ok(pauses > 2, `${pauses} pauses`);
  assert.equal(starts, 1, 'going on is no start');
  assert.equal(engine.get(id)!.verified, true);
  assert.ok(server.received <= 12 * MiB + pauses * 3 * MiB, `${server.received} bytes with ${pauses} pauses`);
  assert.equal(server.count('/multipart/start'), 1);
});

test('pausing and resuming in any order at any moment ends well', async (t) => {
  const server = await serverFor(t);
  server.before = slowly(1);
  const engine = engineFor(t, server, { concurrency: 3 });
  const files = Array.from({ length: 8 }, (_, i) => fileOf(i * 700_000));
  const { items } = await engine.add(files.map((blob) => ({ blob })));
  const finished = next(engine, 'finished');
  engine.start();
  let seed = 7;
  const dice = (n: number): number => (seed = seed * 16807 % 2147483647) % n;
  for (let i = 0; i < 300; i++) {
    const id = dice(3) ? items[dice(8)]!.id : undefined;
    [() => engine.pause(id), () => engine.resume(id), () => engine.retry(id), () => engine.start()][dice(4)]!();
    if (dice(2)) await slowly(dice(3))();
  }
  engine.resume();
  const { uploaded, failed } = await finished;
  assert.deepEqual(failed, []);
  assert.deepEqual(uploaded.map((item) => item.verified), files.map(() => true));
  assert.equal(server.stored.length, 8);
});

test('cancelling at each step stops there', async (t) => {
  for (const step of ['/multipart/start', '/multipart/upload', '/multipart/part', '/multipart/complete']) {
    await t.test(step, async (t) => {
      const server = await serverFor(t);
      const hold = gate();
      server.before = (path) => path === step ? hold.opened : undefined;
      const engine = engineFor(t, server);
      const { items: [a, b] } = await engine.add([{ blob: fileOf(10) }, { blob: fileOf(20) }, { blob: fileOf(30) }]);
      const cancelled: string[] = [];
      engine.on('cancelled', (item) => cancelled.push(item.id));
      engine.start();
      await until(() => server.count(step) === 2);
      engine.cancel(a!.id);
      assert.equal(engine.get(a!.id)!.status, 'cancelled');
      engine.remove(b!.id);
      assert.equal(engine.get(b!.id), undefined);
      hold.open();
      const { uploaded, failed } = await next(engine, 'finished');
      assert.deepEqual([uploaded.length, failed.length, cancelled], [1, 0, [a!.id]]);
      await slowly(10)();
      assert.deepEqual(engine.items.map((item) => item.status), ['cancelled', 'done']);
    });
  }
});

test('cancelling everything ends the run, and cancelled files can be sent after all', async (t) => {
  const server = await serverFor(t);
  server.before = () => new Promise(() => {});
  const engine = engineFor(t, server, { concurrency: 1 });
  await engine.add([{ blob: fileOf(1) }, { blob: fileOf(2) }]);
  engine.start();
  const finished = next(engine, 'finished');
  engine.cancel();
  assert.deepEqual(await finished, { uploaded: [], failed: [] });
  assert.equal(engine.phase, 'done');
  await one(engine, fileOf(3));
  assert.deepEqual(engine.items.map((item) => item.status), ['cancelled', 'cancelled', 'ready']);
  assert.deepEqual([engine.progress.size, engine.phase], [3, 'idle']);
  server.before = () => {};
  engine.retry();
  assert.equal(engine.items[0]!.status, 'cancelled', 'retrying all means what failed');
  engine.retry(engine.items[0]!.id);
  assert.equal((await next(engine, 'finished')).uploaded.length, 1);
});

test('an edit while it is sent begins anew', async (t) => {
  const server = await serverFor(t);
  const hold = gate();
  server.before = (path) => path === '/multipart/complete' && server.count(path) === 1 ? hold.opened : undefined;
  const engine = engineFor(t, server);
  const original = fileOf(100);
  const { id } = await one(engine, original);
  engine.start();
  await until(() => server.count('/multipart/complete'));
  const edit = { rotate: 90, originalWidth: 2, originalHeight: 1 };
  engine.edit(id, new Blob(['edited']), edit);
  hold.open();
  const { uploaded: [item] } = await next(engine, 'finished');
  assert.deepEqual([item!.size, item!.edit, item!.original, item!.verified], [6, edit, original, true]);
  assert.equal(server.stored.at(-1)!.bytes.toString(), 'edited');
  engine.edit(id, undefined);
  assert.deepEqual([engine.get(id)!.blob, engine.get(id)!.edit, engine.get(id)!.status, engine.get(id)!.size], [original, undefined, 'ready', 100]);
});

test('after close nothing happens any more', async (t) => {
  const server = await serverFor(t);
  const engine = engineFor(t, server);
  let heard = 0;
  await one(engine, fileOf(5 * MiB));
  engine.start();
  await until(() => server.count('/multipart/part'));
  for (const event of ['change', 'progress', 'done', 'failed', 'finished', 'phase'] as const) engine.on(event, () => heard++);
  engine.close();
  await slowly(30)();
  await until(() => server.flying === 0);
  const { length } = server.seen;
  await slowly(30)();
  assert.equal(server.seen.length, length);
  assert.deepEqual([heard, server.stored.length], [0, 0]);
});

test('a policy that expired is refreshed, and the request repeated', async (t) => {
  const server = await serverFor(t);
  const valid = 'new';
  server.before = (path, spec) => {
    if (path === '/prefetch') return (spec.security as { policy: string }).policy === valid ? undefined : [200, { problem: { code: 'policy-expired', message: 'at noon' } }];
    return path === '/multipart/start' && spec.policy !== valid ? [403, { error: 'Invalid App policy' }] : undefined;
  };
  let policy = 'old';
  const whys: Problem[] = [];
  const engine = engineFor(t, server, {
    concurrency: 5,
    grant: () => ({ policy, signature: 's' }),
    refresh: async (why) => {
      whys.push(why);
      await slowly(5)();
      policy = valid;
    },
  });
  await engine.add(Array.from({ length: 5 }, () => ({ blob: fileOf(9) })));
  engine.start();
  const { uploaded } = await next(engine, 'finished');
  assert.equal(uploaded.length, 5);
  assert.deepEqual(whys.map((w) => [w.code, w.detail]), [['policy-expired', 'at noon']], 'five refusals, one question');
});

test('check asks for a grant where there is none yet', async (t) => {
  const server = await serverFor(t);
  server.before = (path, spec) => path === '/prefetch' && !spec.security ? [200, { problem: { code: 'security-required' } }] : undefined;
  let grant: { policy: string; signature: string } | undefined;
  const engine = engineFor(t, server, { grant: () => grant, refresh: async () => { grant = { policy: 'p', signature: 's' }; } });
  assert.equal(await engine.check(), undefined);
  grant = undefined;
  const none = engineFor(t, server, { grant: () => grant, refresh: () => Promise.reject(new Error('no')) });
  assert.equal((await none.check())?.code, 'security-required');
});

test('a refusal is explained, once the page has no better policy', async (t) => {
  const server = await serverFor(t);
  server.before = (path) => path === '/multipart/start' ? [403, { error: 'Invalid App policy' }] : undefined;
  for (const [prefetch, refresh, want] of [
    [{ problem: { code: 'policy-expired' } }, undefined, 'policy-expired'],
    [{ problem: { code: 'signature', message: 'other secret' } }, async () => {}, 'signature'],
    [{ problem: { code: 'origin' } }, () => assert.fail('nothing to refresh'), 'origin'],
    [{}, undefined, 'policy-limit'],
  ] as const) {
    server.prefetch = prefetch;
    const engine = engineFor(t, server, { refresh, grant: () => ({ policy: 'p', signature: 's' }) });
    await one(engine, fileOf(9));
    engine.start();
    const { failed: [item] } = await next(engine, 'finished');
    assert.deepEqual([item!.problem!.code, item!.problem!.status], [want, 403]);
  }
});

test('a refresh that fails leaves the refusal', async (t) => {
  const server = await serverFor(t);
  server.before = (path) => path === '/multipart/start' ? [403, { error: 'Invalid App policy' }] : undefined;
  server.prefetch = { problem: { code: 'policy-expired' } };
  const engine = engineFor(t, server, { refresh: () => Promise.reject(new Error('backend is down')), grant: () => ({ policy: 'p', signature: 's' }) });
  await one(engine, fileOf(9));
  engine.start();
  const { failed: [item] } = await next(engine, 'finished');
  assert.equal(item!.problem!.code, 'policy-expired');
});

test('an upload that the server has forgotten begins anew', async (t) => {
  const server = await serverFor(t);
  server.before = (path) => {
    if (path === '/multipart/complete' && server.count(path) === 1) server.sessions.clear();
  };
  const engine = engineFor(t, server);
  await one(engine, fileOf(4 * MiB));
  engine.start();
  assert.equal((await next(engine, 'finished')).uploaded[0]!.verified, true);
  assert.equal(server.count('/multipart/start'), 2);
});

test('a part that the server has lost is found and sent again', async (t) => {
  const server = await serverFor(t);
  server.before = (path) => {
    if (path === '/multipart/complete' && server.count(path) === 1) [...server.sessions.values()][0]!.parts.delete(2);
  };
  const engine = engineFor(t, server);
  await one(engine, fileOf(4 * MiB));
  engine.start();
  assert.equal((await next(engine, 'finished')).uploaded[0]!.verified, true);
  assert.equal(server.count('/multipart/status'), 1);
  assert.equal(server.received, 5 * MiB);
});

test('a ticket that has expired is replaced', async (t) => {
  const server = await serverFor(t);
  server.before = (path) => path === '/multipart/part' && server.count(path) === 1 ? [403, { error: 'not allowed' }] : undefined;
  const engine = engineFor(t, server);
  await one(engine, fileOf(40));
  engine.start();
  assert.equal((await next(engine, 'finished')).uploaded.length, 1);
  assert.equal(server.count('/multipart/upload'), 2);
});

test('bytes that arrive changed are not called stored', async (t) => {
  const server = await serverFor(t);
  server.tell = (file) => ({ ...file, sha256: '0'.repeat(64) });
  const records = new FakeRecords();
  const engine = engineFor(t, server, { resume: true }, { records });
  const { id } = await one(engine, fileOf(4 * MiB));
  engine.start();
  const { failed: [item] } = await next(engine, 'finished');
  assert.deepEqual([item!.status, item!.problem!.code, item!.verified], ['failed', 'checksum', false]);
  server.tell = (file) => file;
  engine.retry(id);
  assert.equal((await next(engine, 'finished')).uploaded[0]!.verified, true);
  assert.equal(records.kept.size, 0);
});

test('a server that tells no checksum leaves it open', async (t) => {
  const server = await serverFor(t);
  server.tell = ({ sha256, ...file }) => (assert.ok(sha256), file);
  const engine = engineFor(t, server);
  await one(engine, fileOf(9));
  engine.start();
  const { uploaded: [item] } = await next(engine, 'finished');
  assert.equal(item!.verified, undefined);
  assert.match(item!.digest!, /^[0-9a-f]{64}$/);
});

/** A browser that says whether there is a network. */
function browser(t: TestContext): { online: boolean } {
  let online = true;
  const target = new EventTarget();
  Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { get onLine() { return online; } } });
  Object.assign(globalThis, { addEventListener: target.addEventListener.bind(target) });
  t.after(() => {
    Object.defineProperty(globalThis, 'navigator', { configurable: true, value: undefined });
    Object.assign(globalThis, { addEventListener: undefined });
  });
  return {
    get online() { return online; },
    set online(now: boolean) {
      online = now;
      target.dispatchEvent(new Event(now ? 'online' : 'offline'));
    },
  };
}

test('without a network uploads wait, however long, and go on with it', async (t) => {
  const net = browser(t);
  const server = await serverFor(t);
  server.before = (path) => net.online ? slowly(2)() : 'drop';
  const engine = engineFor(t, server, { parts: { ...settingsFor('').parts, retries: 0 } });
  const phases: Events['phase'][] = [];
  engine.on('phase', (phase) => phases.push(phase));
  const { id } = await one(engine, fileOf(10 * MiB));
  engine.start();
  await until(() => server.received > 3 * MiB);
  net.online = false;
  await until(() => engine.get(id)!.status === 'offline');
  await until(() => engine.phase === 'offline');
  const { problem, retryAt, speed, left } = engine.get(id)!;
  assert.deepEqual([problem!.code, retryAt, speed, left], ['offline', undefined, 0, Infinity]);
  const { length } = server.seen;
  await slowly(60)();
  assert.equal(server.seen.length, length, 'nothing is tried');
  net.online = true;
  const { uploaded } = await next(engine, 'finished');
  assert.equal(uploaded[0]!.verified, true);
  assert.deepEqual(phases, ['uploading', 'offline', 'uploading', 'done']);
  assert.ok(server.received <= 13 * MiB, `${server.received} bytes`);
});

test('the browser may be wrong about the network', async (t) => {
  browser(t).online = false;
  const server = await serverFor(t);
  const engine = engineFor(t, server, { parts: { ...settingsFor('').parts, retries: 0 } });
  const { id } = await one(engine, fileOf(10));
  engine.start();
  assert.equal((await next(engine, 'finished')).uploaded.length, 1, 'it is tried all the same');
  server.before = () => 'drop';
  const other = await one(engine, fileOf(10));
  engine.start();
  await until(() => engine.get(other.id)!.status === 'offline');
  server.before = () => {};
  engine.retry();
  assert.equal((await next(engine, 'finished')).uploaded.length, 2);
  assert.ok(id);
});

test('no answer to anything counts as no network, whatever the browser says', async (t) => {
  const net = browser(t);
  const server = await serverFor(t);
  let dead = true;
  server.before = () => dead ? 'drop' : undefined;
  const engine = engineFor(t, server, { parts: { ...settingsFor('').parts, retries: 1000, retryMaxTime: 10 } });
  const { id } = await one(engine, fileOf(10));
  engine.start();
  await until(() => engine.get(id)!.status === 'offline');
  assert.ok(engine.get(id)!.retryAt, 'but it goes on trying');
  await until(() => engine.phase === 'offline');
  dead = false;
  assert.equal((await next(engine, 'finished')).uploaded.length, 1);
  assert.ok(net.online);
});

test('the file changed on disk', async (t) => {
  const server = await serverFor(t);
  server.before = (path) => path === '/multipart/part' ? 'drop' : undefined;
  const engine = engineFor(t, server);
  const file = fileOf(5 * MiB);
  await one(engine, file);
  const { slice } = Blob.prototype;
  t.after(() => { Blob.prototype.slice = slice; });
  engine.start();
  await until(() => server.count('/multipart/part'));
  t.mock.method(Blob.prototype, 'arrayBuffer', () => Promise.reject(Object.assign(new Error('changed'), { name: 'NotReadableError' })));
  const { failed: [item] } = await next(engine, 'finished');
  assert.deepEqual([item!.problem!.code, item!.problem!.again], ['file-changed', false]);
});
