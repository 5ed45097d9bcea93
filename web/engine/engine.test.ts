import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { Engine, type Surroundings } from './engine.ts';
import { FakeServer, fileOf, settingsFor } from './testing/fake.ts';
import type { Events, Item, Settings } from './types.ts';

const serverFor = async (t: TestContext): Promise<FakeServer> => {
  const server = await new FakeServer().listen();
  t.after(() => server.close());
  return server;
};

const engineFor = (t: TestContext, server: FakeServer, more?: Partial<Settings>, around?: Surroundings): Engine => {
  const engine = new Engine(settingsFor(server.url, more), around);
  t.after(() => engine.close());
  return engine;
};

const next = <E extends keyof Events>(engine: Engine, event: E, is: (value: Events[E]) => boolean = () => true): Promise<Events[E]> =>
  new Promise((resolve) => {
    const off = engine.on(event, (value) => {
      if (!is(value)) return;
      off();
      resolve(value);
    });
  });

/** Waits until something is so. */
const until = async (is: () => unknown, what = 'the condition'): Promise<void> => {
  for (const end = Date.now() + 8000; !is();) {
    assert.ok(Date.now() < end, `${what} did not come about`);
    await new Promise((done) => setTimeout(done, 2));
  }
};

const one = async (engine: Engine, blob: Blob): Promise<Item> => (await engine.add([{ blob }])).items[0]!;

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

void until;
