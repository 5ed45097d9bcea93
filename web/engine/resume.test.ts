import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Engine } from './engine.ts';
import type { Handle } from './records.ts';
import { engineFor, FakeRecords, type FakeServer, fileOf, next, one, serverFor, settingsFor, until } from './testing/fake.ts';
import type { Item } from './types.ts';

const MiB = 1 << 20;

/** Begins an upload of file, and leaves it as a browser does that is killed in the middle. */
async function killed(t: TestContext, server: FakeServer, records: FakeRecords, file: File, handle?: Handle): Promise<Item> {
  const before = server.before;
  server.before = (path) => path === '/multipart/part' && server.received >= file.size / 2 ? new Promise(() => {}) : undefined;
  const engine = engineFor(t, server, { resume: true }, { records });
  const { items: [item] } = await engine.add([{ blob: file, path: 'd/n.bin', handle }]);
  engine.describe(item!.id, 'words');
  engine.start();
  await until(() => server.received >= file.size / 2 && records.kept.size);
  engine.close();
  await until(() => server.flying === 0 || server.received >= file.size / 2);
  server.before = before;
  server.seen.length = 0;
  return item!;
}

const later = (t: TestContext, server: FakeServer, records: FakeRecords): Engine => engineFor(t, server, { resume: true }, { records });

/** Chooses a file that is missing, and waits for the end. */
const goOn = async (engine: Engine, file: File): Promise<Item | undefined> => {
  const finished = next(engine, 'finished');
  await one(engine, file);
  return (await finished).uploaded[0];
};

/** The same bytes as another object, as when a file is chosen again. */
const again = (file: File, name = file.name, lastModified = file.lastModified): File => new File([file], name, { lastModified });

test('after a kill the file is chosen again and goes on, at most a part is sent twice', async (t) => {
  const server = await serverFor(t);
  const records = new FakeRecords();
  const file = fileOf(12 * MiB);
  const { id } = await killed(t, server, records, file);
  const engine = later(t, server, records);
  const [item] = await engine.restore();
  assert.deepEqual(
    [item!.id, item!.name, item!.path, item!.size, item!.alt, item!.status, item!.blob, engine.phase],
    [id, 'n.bin', 'd/n.bin', 12 * MiB, 'words', 'missing', undefined, 'idle'],
  );
  engine.start();
  assert.equal(engine.phase, 'idle', 'there is nothing to send');
  const other = await one(engine, fileOf(12 * MiB));
  assert.notEqual(other.id, id, 'another file of this size is another file');
  assert.notEqual((await one(engine, again(file, 'n.bin', 2))).id, id, 'a file that was changed since is another file');
  const done = await goOn(engine, again(file, 'renamed.bin')); // by itself
  assert.deepEqual([done!.id, done!.verified, done!.sent], [id, true, 12 * MiB]);
  assert.deepEqual(server.stored[0]!.bytes, Buffer.from(await file.arrayBuffer()));
  assert.equal(server.stored[0]!.spec.alt, 'words');
  assert.equal(server.count('/multipart/start'), 0);
  assert.ok(server.received <= 15 * MiB, `${server.received} bytes in all`);
  assert.equal(records.kept.size, 0);
});

test('progress begins with what the server has', async (t) => {
  const server = await serverFor(t);
  const records = new FakeRecords();
  const file = fileOf(12 * MiB);
  await killed(t, server, records, file);
  server.before = (path) => path === '/multipart/part' ? new Promise(() => {}) : undefined;
  const engine = later(t, server, records);
  await engine.restore();
  const { id } = await one(engine, again(file));
  await until(() => engine.get(id)!.sent >= 6 * MiB);
  assert.ok(engine.get(id)!.sent < 12 * MiB);
  assert.ok(engine.get(id)!.speed < 1000, 'what was there already is no speed');
});

test('an upload that was complete is found complete', async (t) => {
  const server = await serverFor(t);
  const records = new FakeRecords();
  const file = fileOf(4 * MiB);
  const first = engineFor(t, server, { resume: true }, { records });
  await one(first, file);
  first.start();
  let saved = new Map(records.kept);
  await until(() => {
    if (records.kept.size) saved = new Map(records.kept);
    return first.phase === 'done';
  });
  await until(() => !records.kept.size);
  for (const [id, record] of saved) records.kept.set(id, record); // as if the answer had come too late
  server.seen.length = 0;
  const engine = later(t, server, records);
  await engine.restore();
  assert.equal((await goOn(engine, again(file)))?.verified, true);
  assert.deepEqual(server.seen.map((s) => s.path), ['/multipart/status']);
  assert.equal(server.stored.length, 1);
});

test('an upload that the server has dropped begins anew', async (t) => {
  const server = await serverFor(t);
  const records = new FakeRecords();
  const file = fileOf(6 * MiB);
  await killed(t, server, records, file);
  server.sessions.clear();
  const engine = later(t, server, records);
  await engine.restore();
  assert.equal((await goOn(engine, again(file)))?.verified, true);
  assert.deepEqual([server.count('/multipart/status'), server.count('/multipart/start')], [1, 1]);
  await until(() => !records.kept.size);
});

test('parts of another length are not trusted', async (t) => {
  const server = await serverFor(t);
  const records = new FakeRecords();
  const file = fileOf(6 * MiB);
  await killed(t, server, records, file);
  const [session] = server.sessions.values();
  session!.parts.set(1, session!.parts.get(1)!.subarray(1));
  const engine = later(t, server, records);
  await engine.restore();
  assert.equal((await goOn(engine, again(file)))?.verified, true);
});

test('which uploads are restored', async (t) => {
  const server = await serverFor(t);
  const records = new FakeRecords();
  await killed(t, server, records, fileOf(4 * MiB));
  const [saved] = records.kept.values();
  const restored = async (more: object = {}): Promise<number> => {
    const engine = engineFor(t, server, { resume: true, ...more }, { records });
    const items = await engine.restore();
    engine.close();
    return items.length;
  };
  assert.equal(await restored(), 1);
  assert.equal(await restored({ apiKey: 'Other' }), 0, 'of another app');
  assert.equal(await restored({ hosts: settingsFor('http://other').hosts }), 0, 'of another server');
  assert.equal(await restored({ resume: false }), 0, 'not wanted');
  assert.equal(records.kept.size, 1);
  t.mock.timers.enable({ apis: ['Date'], now: saved!.begun + 7 * 24 * 3600_000 - 1 });
  assert.equal(await restored(), 1, 'in its last moment');
  assert.equal(await restored({ lifetime: 1000 }), 0, 'older than the server keeps it');
  assert.equal(records.kept.size, 0, 'and then forgotten');
  records.kept.set(saved!.id, saved!);
  t.mock.timers.setTime(saved!.begun + 7 * 24 * 3600_000);
  assert.equal(await restored(), 0, 'a week later');
});

test('an upload that another page is busy with is left to it', async (t) => {
  const held = new Map<string, Promise<unknown>>();
  const locks = {
    query: async () => ({ held: [...held.keys()].map((name) => ({ name })) }),
    request: async (name: string, _: object, hold: () => Promise<unknown>) => {
      const until = hold();
      held.set(name, until);
      await until;
      held.delete(name);
    },
  };
  Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { locks } });
  t.after(() => Object.defineProperty(globalThis, 'navigator', { configurable: true, value: undefined }));
  const server = await serverFor(t);
  const records = new FakeRecords();
  server.before = (path) => path === '/multipart/part' ? new Promise(() => {}) : undefined;
  const busy = engineFor(t, server, { resume: true }, { records });
  await one(busy, fileOf(4 * MiB));
  busy.start();
  await until(() => records.kept.size);
  const engine = later(t, server, records);
  assert.deepEqual(await engine.restore(), []);
  busy.close();
  await until(() => !held.size);
  assert.equal((await engine.restore()).length, 1);
  assert.deepEqual(await engine.restore(), [], 'once');
});

test('what is kept and when it goes', async (t) => {
  const server = await serverFor(t);
  const records = new FakeRecords();
  server.before = (path, spec) => path === '/multipart/part' && Number((spec as { size: string }).size) === MiB ? new Promise(() => {}) : undefined;
  const engine = engineFor(t, server, { resume: true, concurrency: 9 }, { records });
  const made = new Blob([new Uint8Array(4 * MiB)]);
  const { items } = await engine.add([
    { blob: fileOf(9), name: 'small' }, { blob: made, name: 'made here' }, { blob: fileOf(4 * MiB), name: 'a' }, { blob: fileOf(5 * MiB), name: 'b' },
  ]);
  engine.start();
  await until(() => records.kept.size === 2);
  await until(() => engine.items[0]!.status === 'done');
  assert.deepEqual([...records.kept.values()].map((saved) => saved.name).sort(), ['a', 'b']);
  engine.pause();
  assert.equal(records.kept.size, 2, 'paused uploads stay');
  engine.cancel(items[2]!.id);
  await until(() => records.kept.size === 1);
  await engine.forget(items[3]!.id);
  assert.equal(records.kept.size, 0);
  assert.equal(engine.get(items[3]!.id), undefined);
});

/** A kept handle of a file, as the File System Access API gives it. */
function handleOf(file: () => File, permission: { now: PermissionState; asked?: PermissionState }): Handle {
  return {
    getFile: async () => file(),
    queryPermission: async () => permission.now,
    requestPermission: async () => permission.now = permission.asked ?? 'denied',
  } as unknown as Handle;
}

test('a file that the browser kept needs not be chosen again', async (t) => {
  const server = await serverFor(t);
  const records = new FakeRecords();
  const file = fileOf(8 * MiB);
  const { id } = await killed(t, server, records, file, handleOf(() => again(file), { now: 'granted' }));
  const engine = later(t, server, records);
  const [item] = await engine.restore();
  assert.deepEqual([item!.id, item!.status, item!.blob!.size], [id, 'ready', 8 * MiB]);
  engine.start();
  assert.equal((await next(engine, 'finished')).uploaded[0]!.verified, true);
  assert.equal(server.count('/multipart/start'), 0);
});

test('a kept file is read after the person agreed', async (t) => {
  const server = await serverFor(t);
  const records = new FakeRecords();
  const file = fileOf(8 * MiB);
  const permission = { now: 'prompt', asked: 'denied' } as { now: PermissionState; asked: PermissionState };
  const { id } = await killed(t, server, records, file, handleOf(() => again(file), permission));
  const engine = later(t, server, records);
  await engine.restore();
  assert.equal(engine.get(id)!.status, 'missing');
  engine.retry(id);
  await until(() => permission.now === 'denied');
  assert.equal(engine.get(id)!.status, 'missing');
  permission.asked = 'granted';
  const finished = next(engine, 'finished');
  engine.retry(id);
  assert.equal((await finished).uploaded[0]!.verified, true);
});

test('a kept file that was changed or is gone has to be chosen', async (t) => {
  const server = await serverFor(t);
  for (const file of [() => fileOf(4 * MiB), () => { throw Object.assign(new Error('gone'), { name: 'NotFoundError' }); }]) {
    const records = new FakeRecords();
    await killed(t, server, records, fileOf(4 * MiB), handleOf(file, { now: 'granted' }));
    server.received = 0;
    const engine = later(t, server, records);
    assert.deepEqual((await engine.restore()).map((item) => item.status), ['missing']);
  }
});
