import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import type { Refusal } from './problem.ts';
import { engineFor, fileOf, next, one, serverFor, settingsFor, until } from './testing/fake.ts';
import type { Events } from './types.ts';

test('a file arrives, with its digest checked', async (t) => {
  const server = await serverFor(t);
  const engine = engineFor(t, server, { store: { path: '/p/' }, tags: () => ({ k: 'v' }) });
  const file = fileOf(10_000_000, 'a.png');
  const { id } = await one(engine, file);
  engine.describe(id, 'a picture');
  engine.start();
  const { uploaded, failed } = await next(engine, 'finished');
  assert.deepEqual(failed, []);
  const [item] = uploaded;
  const bytes = Buffer.from(await file.arrayBuffer());
  assert.equal(item!.id, id);
  assert.equal(item!.digest, createHash('sha256').update(bytes).digest('hex'));
  assert.equal(item!.verified, true);
  assert.equal(item!.sent, bytes.length);
  assert.equal(item!.stored!.filename, 'a.png');
  assert.deepEqual(item!.stored!.uploadTags, { k: 'v' });
  assert.ok(server.stored[0]!.bytes.equals(bytes));
  const { store, alt, mimetype } = server.stored[0]!.spec;
  assert.deepEqual({ store, alt, mimetype }, { store: { path: '/p/', location: 's3' }, alt: 'a picture', mimetype: 'image/png' });
  assert.equal(engine.phase, 'done');
  assert.deepEqual(engine.progress, { files: 1, done: 1, failed: 0, size: bytes.length, sent: bytes.length, speed: 0, left: 0 });
});


test('a small file takes four requests, an empty one two', async (t) => {
  const server = await serverFor(t);
  const engine = engineFor(t, server);
  await engine.add([{ blob: fileOf(1000) }, { blob: fileOf(0) }]);
  engine.start();
  const { uploaded } = await next(engine, 'finished');
  assert.deepEqual(uploaded.map((item) => item.stored!.size), [1000, 0]);
  assert.equal(server.seen.length, 6);
});

test('what is on its way at once is at most a part', async (t) => {
  const server = await serverFor(t);
  server.before = (path) => path === '/multipart/part' ? new Promise((done) => setTimeout(done, 5)) : undefined;
  const engine = engineFor(t, server, { parts: { ...settingsFor('').parts, size: 3 << 20, concurrency: 3 } });
  await one(engine, fileOf(12 << 20));
  engine.start();
  await next(engine, 'finished');
  assert.ok(server.mostFlying > 1 << 20, 'parts go at the same time');
  assert.ok(server.mostFlying <= 3 << 20, `${server.mostFlying} bytes at once`);
  assert.equal(server.received, 12 << 20);
});

test('so many files at a time', async (t) => {
  const server = await serverFor(t);
  let now = 0;
  let most = 0;
  server.before = (path) => {
    if (path === '/multipart/start') most = Math.max(most, ++now);
    if (path === '/multipart/complete') now--;
    return new Promise((done) => setTimeout(done, 3));
  };
  const engine = engineFor(t, server, { concurrency: 3 });
  await engine.add(Array.from({ length: 10 }, () => ({ blob: fileOf(9) })));
  engine.start();
  const { uploaded } = await next(engine, 'finished');
  assert.equal(uploaded.length, 10);
  assert.equal(most, 3);
});

test('items are never changed, and changes come at most once a frame', async (t) => {
  const server = await serverFor(t);
  const frames: (() => void)[] = [];
  Object.assign(globalThis, { requestAnimationFrame: (f: () => void) => frames.push(f), cancelAnimationFrame: () => {} });
  t.after(() => Object.assign(globalThis, { requestAnimationFrame: undefined, cancelAnimationFrame: undefined }));
  const engine = engineFor(t, server);
  const changes: Events['change'][] = [];
  engine.on('change', (change) => changes.push(change));
  const { items: [a, b] } = await engine.add([{ blob: fileOf(1) }, { blob: fileOf(2) }]);
  engine.rename(a!.id, 'x');
  engine.describe(a!.id, 'y');
  assert.equal(frames.length, 1);
  assert.deepEqual(changes, []);
  frames.shift()!();
  assert.deepEqual(changes, [{ ids: new Set([a!.id, b!.id]), listChanged: true }]);
  engine.rename(b!.id, 'z');
  frames.shift()!();
  assert.deepEqual(changes[1], { ids: new Set([b!.id]), listChanged: false });
  assert.equal(a!.name, 'n.bin');
  assert.equal(engine.get(a!.id)!.name, 'x');
  assert.notEqual(engine.get(a!.id), a);
  assert.equal(engine.items, engine.items, 'a list that did not change is the same list');
});

test('10,000 files are added in slices of at most 8 ms', async (t) => {
  const server = await serverFor(t);
  const engine = engineFor(t, server);
  // Each file takes 0.2 ms by this clock, which stands still otherwise.
  let now = 0;
  let began = 0;
  let longest = 0;
  let slices = 0;
  t.mock.method(performance, 'now', () => now);
  const { MessageChannel } = globalThis;
  t.after(() => { globalThis.MessageChannel = MessageChannel; });
  globalThis.MessageChannel = class extends MessageChannel {
    constructor() {
      super();
      slices++;
      longest = Math.max(longest, now - began);
      began = now;
    }
  };
  const candidates = function* () {
    for (let i = 0; i < 10_000; i++) {
      now += 0.2;
      yield { blob: new Blob(['x'.repeat(i % 100)]), name: `${i}.txt` };
    }
  };
  const { items, refused } = await engine.add(candidates());
  assert.deepEqual([items.length, refused.length, engine.items.length], [10_000, 0, 10_000]);
  assert.ok(longest <= 8.3, `a slice of ${longest} ms`);
  assert.ok(slices >= 2000 / 8.3 - 1, `${slices} slices`);
});

test('as many files as are allowed', async (t) => {
  const server = await serverFor(t);
  const engine = engineFor(t, server, { maxFiles: 3 });
  const heard: string[] = [];
  engine.on('refused', (list) => heard.push(...list.map((r) => r.name)));
  const names = (...list: string[]) => list.map((name) => ({ blob: new Blob([name]), name }));
  const first = await engine.add([...names('a', 'b'), { folder: 'empty' }]);
  assert.deepEqual(first.refused, []);
  const { items, refused } = await engine.add(names('c', 'd', 'e'));
  assert.deepEqual(items.map((item) => item.name), ['c']);
  assert.deepEqual(refused.map((r) => [r.name, r.problem.code, r.problem.values!.limit]), [['d', 'count-max', 3], ['e', 'count-max', 3]]);
  assert.deepEqual(heard, ['d', 'e']);
  engine.cancel(items[0]!.id);
  assert.equal((await engine.add(names('f'))).items.length, 1, 'a cancelled file leaves its place');
});

test('where there may be one file only, the next takes its place', async (t) => {
  const server = await serverFor(t);
  const engine = engineFor(t, server, { maxFiles: 1, accept: ['.txt'] });
  const names = (...list: string[]) => list.map((name) => ({ blob: new Blob([name]), name }));
  await engine.add(names('a.txt'));
  const { refused } = await engine.add(names('b.txt', 'c.txt'));
  assert.deepEqual(refused.map((r) => [r.name, r.problem.code]), [['c.txt', 'count-max']]);
  assert.deepEqual(engine.items.map((item) => item.name), ['b.txt']);
  await engine.add(names('d.png'));
  assert.deepEqual(engine.items.map((item) => item.name), ['b.txt'], 'one that is refused replaces nothing');
});

test('page code admits, renames and refuses', async (t) => {
  const server = await serverFor(t);
  const asked: string[] = [];
  const engine = engineFor(t, server, {
    maxFiles: 2,
    admit: async (item) => {
      asked.push(`${item.name} ${item.status} ${engine.items.length}`);
      await new Promise((done) => setTimeout(done, 1));
      if (item.name.startsWith('bad')) throw new Error('no bad files');
      return { name: `${item.name}!` };
    },
  });
  const names = (...list: string[]) => list.map((name) => ({ blob: new Blob([name]), name }));
  const adding = engine.add(names('bad1', 'a', 'bad2', 'b', 'c'));
  engine.start(); // what is being checked is sent when it was admitted
  const { items, refused } = await adding;
  assert.deepEqual(asked, ['bad1 checking 1', 'a checking 1', 'bad2 checking 2', 'b checking 2']);
  assert.deepEqual(items.map((item) => item.name), ['a!', 'b!']);
  assert.deepEqual(refused.map((r) => [r.name, r.problem.code, r.problem.detail]), [
    ['bad1', 'refused', 'no bad files'], ['bad2', 'refused', 'no bad files'], ['c', 'count-max', undefined],
  ]);
  assert.deepEqual(engine.items.map((item) => item.status), ['ready', 'ready'], 'only what was there when start was called');
});

test('start waits for what is being checked', async (t) => {
  const server = await serverFor(t);
  let admit = (): void => {};
  const engine = engineFor(t, server, { admit: () => new Promise((done) => { admit = done; }) });
  const adding = engine.add([{ blob: fileOf(3) }]);
  await until(() => engine.items.length);
  engine.start();
  assert.equal(engine.phase, 'idle');
  const finished = next(engine, 'finished');
  admit();
  await adding;
  assert.equal((await finished).uploaded.length, 1);
});

test('a file that is removed while it is checked stays away', async (t) => {
  const server = await serverFor(t);
  let admit = (): void => {};
  const engine = engineFor(t, server, { admit: () => new Promise((done) => { admit = done; }) });
  const adding = engine.add([{ blob: fileOf(3) }]);
  await until(() => engine.items.length);
  engine.remove(engine.items[0]!.id);
  admit();
  const { items, refused } = await adding;
  assert.deepEqual([items, refused[0]!.problem.code, engine.items], [[], 'cancelled', []]);
});

test('a file that is cancelled or renamed while it is checked stays so', async (t) => {
  const server = await serverFor(t);
  let admit = (): void => {};
  const engine = engineFor(t, server, { admit: () => new Promise((done) => { admit = done; }) });
  for (const [act, want] of [
    [(id: string) => engine.cancel(id), ['n.bin', 'cancelled']],
    [(id: string) => engine.rename(id, 'x'), ['x', 'ready']],
  ] as const) {
    const adding = engine.add([{ blob: fileOf(3) }]);
    await until(() => engine.items.at(-1)?.status === 'checking');
    const { id } = engine.items.at(-1)!;
    act(id);
    admit();
    await adding;
    assert.deepEqual([engine.get(id)!.name, engine.get(id)!.status], want);
  }
});

test('removing everything is no end of a run', async (t) => {
  const server = await serverFor(t);
  server.before = () => new Promise(() => {});
  const engine = engineFor(t, server);
  engine.on('finished', () => assert.fail('nothing was finished'));
  await one(engine, fileOf(3));
  engine.start();
  engine.clear();
  assert.deepEqual([engine.items, engine.phase], [[], 'idle']);
});

test('a listener that throws disturbs nobody', async (t) => {
  const server = await serverFor(t);
  const said = t.mock.method(console, 'error', () => {});
  const engine = engineFor(t, server);
  for (const event of ['start', 'progress', 'done', 'phase', 'finished'] as const) engine.on(event, () => { throw new Error(event); });
  await one(engine, fileOf(10));
  engine.start();
  assert.equal((await next(engine, 'finished')).uploaded.length, 1);
  assert.ok(said.mock.callCount() >= 5);
});

test('events come in order, once each', async (t) => {
  const server = await serverFor(t);
  const engine = engineFor(t, server);
  const seen: string[] = [];
  engine.on('phase', (phase) => seen.push(phase));
  for (const event of ['start', 'done', 'failed', 'cancelled'] as const) engine.on(event, (item) => seen.push(`${event} ${item.name}`));
  engine.on('finished', ({ uploaded, failed }) => seen.push(`finished ${uploaded.length} ${failed.length}`));
  server.before = (path, spec) => path === '/multipart/start' && spec.filename === 'b' ? [400, { error: 'invalid params: size' }] : undefined;
  await engine.add([{ blob: fileOf(1), name: 'a' }]);
  engine.start();
  await next(engine, 'finished');
  await engine.add([{ blob: fileOf(1), name: 'b' }, { folder: 'd/empty' }]);
  assert.equal(engine.phase, 'idle');
  engine.start();
  await next(engine, 'finished');
  assert.deepEqual(seen, [
    'uploading', 'start a', 'done a', 'done', 'finished 1 0',
    'idle', 'uploading', 'start b', 'start empty', 'done empty', 'failed b', 'done', 'finished 1 1',
  ]);
  assert.deepEqual(engine.items.map((item) => item.status), ['done', 'failed', 'done']);
});

test('a link is looked up and imported', async (t) => {
  const server = await serverFor(t);
  const engine = engineFor(t, server, { accept: ['image/*'], maxSize: 10, store: { path: '/l/' }, tags: () => ({ a: 'b' }) });
  const item = await engine.addLink('https://example.com/x?y', undefined, { X: 'y' });
  assert.deepEqual([item.name, item.type, item.size, item.source, item.path], ['far.png', 'image/png', 7, 'url', 'https://example.com/x?y']);
  assert.deepEqual(server.seen[0]!.spec, { apikey: 'AKey', url: 'https://example.com/x?y', headers: { X: 'y' } });
  engine.start();
  const { uploaded } = await next(engine, 'finished');
  assert.equal(uploaded[0]!.stored!.filename, 'far.png');
  assert.deepEqual(server.seen[1]!.spec, {
    apikey: 'AKey', flow: 'web', upload_tags: { a: 'b' },
    clouds: { url: { path: 'https://example.com/x?y', headers: { X: 'y' }, store: { filename: 'far.png', path: '/l/', location: 's3' } } },
  });
});

test('an edited link is sent as it was edited', async (t) => {
  const server = await serverFor(t);
  const engine = engineFor(t, server);
  const { id } = await engine.addLink('https://example.com/x');
  engine.edit(id, new Blob(['edited']), { originalWidth: 1, originalHeight: 1 });
  engine.start();
  const { uploaded } = await next(engine, 'finished');
  assert.equal(uploaded[0]!.stored!.size, 6);
  assert.ok(!server.seen.some(({ path }) => path === '/store/'), 'the original was imported');
});

test('an import is repeated when the server is busy, but not when it may have happened', async (t) => {
  const server = await serverFor(t);
  const engine = engineFor(t, server, { parts: { ...settingsFor('').parts, timeout: 700 } });
  let n = 0;
  server.before = async (path) => {
    if (path !== '/store/') return undefined;
    if (n++ === 0) return [503, { error: 'too many requests' }];
    await new Promise((done) => setTimeout(done, 1500)); // longer than a request may stand still otherwise
    return n === 2 ? undefined : 'drop';
  };
  await engine.addLink('https://example.com/a');
  engine.start();
  assert.equal((await next(engine, 'finished')).uploaded.length, 1);
  await engine.addLink('https://example.com/b');
  engine.start();
  const { failed: [item] } = await next(engine, 'finished');
  assert.deepEqual([item!.problem!.code, item!.problem!.again, n], ['network', true, 3]);
});

test('a link that cannot be added says why', async (t) => {
  const server = await serverFor(t);
  const engine = engineFor(t, server, { accept: ['.pdf'] });
  const why = (url: string) => engine.addLink(url).then(() => undefined, (e: Refusal) => e.problem.code);
  assert.equal(await why('no address'), 'link-invalid');
  assert.equal(await why('javascript:alert(1)'), 'link-invalid');
  assert.equal(await why('ftp://example.com/a'), 'link-invalid');
  assert.equal(server.seen.length, 0);
  assert.equal(await why('https://example.com/'), 'type');
  server.before = () => [400, { error: 'Invalid response when trying to read from the source' }];
  assert.equal(await why('https://example.com/'), 'link-unreachable');
  assert.deepEqual(engine.items, []);
});

test('check says what is wrong with the page', async (t) => {
  const server = await serverFor(t);
  const engine = engineFor(t, server, { grant: () => ({ policy: 'P', signature: 'S' }) });
  server.prefetch = { blocked: false, expires: 1234, sources: ['url', 'googledrive'] };
  assert.equal(await engine.check(), undefined);
  assert.deepEqual([engine.offered, engine.expires], [['url', 'googledrive'], 1234]);
  assert.deepEqual(server.seen[0]!.spec.security, { policy: 'P', signature: 'S' });
  for (const [answer, code] of [
    [[200, { problem: { code: 'policy-expired', message: 'it expired' } }], 'policy-expired'],
    [[200, { blocked: true }], 'app-disabled'],
    [[403, { error: 'Invalid Application' }], 'key-unknown'],
    [[400, { problem: { code: 'origin' } }], 'origin'],
    ['drop', 'network'],
  ] as const) {
    server.before = () => answer as [number, object] | 'drop';
    assert.equal((await engine.check())?.code, code);
  }
});

test('items with the same content are twins', async (t) => {
  const server = await serverFor(t);
  const engine = engineFor(t, server);
  const bytes = await fileOf(1_000_000).bytes?.() ?? new Uint8Array(await fileOf(1_000_000).arrayBuffer());
  const between = Uint8Array.from(bytes);
  between[300_000]! ^= 1; // where no sample is
  const { items: [a, b, c, d] } = await engine.add([bytes, Uint8Array.from(bytes), between, bytes.slice(1)].map((x, i) => ({ blob: new Blob([x]), name: `${i}` })));
  await until(() => engine.get(c!.id)!.digest ?? engine.get(b!.id)!.twin);
  engine.start();
  const { uploaded } = await next(engine, 'finished');
  assert.deepEqual(uploaded.map((item) => item.twin), [undefined, a!.id, undefined, undefined]);
  assert.equal(uploaded[0]!.digest, uploaded[1]!.digest);
  assert.notEqual(uploaded[0]!.digest, uploaded[2]!.digest);
  assert.ok(d);
});

test('the screen stays on while something is sent', async (t) => {
  const server = await serverFor(t);
  const seen: string[] = [];
  const engine = engineFor(t, server, {}, { stayAwake: () => { seen.push('on'); return () => seen.push('off'); } });
  server.before = () => new Promise((done) => setTimeout(done, 5));
  await one(engine, fileOf(10));
  engine.start();
  await until(() => engine.items[0]!.status === 'uploading');
  engine.pause();
  assert.deepEqual(seen, ['on', 'off']);
  engine.resume();
  await next(engine, 'finished');
  assert.deepEqual(seen, ['on', 'off', 'on', 'off']);
});

test('what is sent is what was prepared', async (t) => {
  const server = await serverFor(t);
  const prepared: string[] = [];
  const engine = engineFor(t, server, {
    prepare: async (item) => {
      prepared.push(item.name);
      if (item.name === 'broken') throw new Error('no picture');
      return new Blob(['small']);
    },
  });
  const original = fileOf(1000);
  await engine.add([{ blob: original, name: 'a' }, { blob: fileOf(9), name: 'broken' }]);
  server.before = (path) => path === '/multipart/complete' && server.count(path) === 1 ? [500, {}] : undefined;
  engine.start();
  const { uploaded: [item], failed: [no] } = await next(engine, 'finished');
  assert.deepEqual([item!.size, item!.sent, item!.original], [5, 5, original]);
  assert.equal(server.stored[0]!.bytes.toString(), 'small');
  assert.deepEqual([no!.problem!.code, no!.problem!.detail], ['refused', 'no picture']);
  assert.deepEqual(prepared, ['a', 'broken'], 'once, although a request was repeated');
});
