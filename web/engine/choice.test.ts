import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeRecords, engineFor, fileOf, next, one, serverFor, until } from './testing/fake.ts';
import type { Candidate, Item } from './types.ts';

const files = (n: number, name = 'a.png'): Candidate[] => Array.from({ length: n }, () => ({ blob: fileOf(9, name) }));
const codes = (refused: readonly { problem: { code: string } }[]) => refused.map(({ problem }) => problem.code);

test('a choice of too many files is refused as a whole, where the page wants that', async (t) => {
  const server = await serverFor(t);
  const engine = engineFor(t, server, { maxFiles: 3, wholeChoices: true, accept: ['.png'] });
  const { refused } = await engine.add(files(4));
  assert.deepEqual([codes(refused), engine.items.length], [Array(4).fill('count-max'), 0]);
  assert.deepEqual(refused[0]!.problem.values, { limit: 3, chosen: 4 });
  assert.equal((await engine.add([...files(2), ...files(5, 'a.pdf'), { folder: 'empty' }])).items.length, 3, 'what is refused anyway takes no place');
  assert.deepEqual(codes((await engine.add(files(2))).refused), ['count-max', 'count-max'], 'one place is left');
  assert.equal((await engine.add(files(1))).items.length, 1, 'at the limit');
  assert.equal(engine.items.length, 4);
});

test('where there may be one file, a choice of two is refused as a whole', async (t) => {
  const engine = engineFor(t, await serverFor(t), { maxFiles: 1, wholeChoices: true });
  await engine.add(files(1));
  assert.deepEqual(codes((await engine.add(files(2))).refused), ['count-max', 'count-max']);
  const { items: [item] } = await engine.add(files(1, 'b.png'));
  assert.deepEqual(engine.items.map((i) => i.id), [item!.id], 'one alone takes the place of the one before');
});

test('without a limit no choice is too large', async (t) => {
  const engine = engineFor(t, await serverFor(t), { maxFiles: 0, wholeChoices: true });
  assert.equal((await engine.add(files(50))).items.length, 50);
});

test('a file that is being sent is not pushed out by another', async (t) => {
  const server = await serverFor(t);
  let open = (): void => {};
  const held = new Promise<void>((done) => { open = done; });
  server.before = (path) => path === '/multipart/complete' ? held : undefined;
  let admitting = (): void => {};
  const engine = engineFor(t, server, { maxFiles: 1, admit: ({ name }) => name === 'slow' ? new Promise((done) => { admitting = done; }) : Promise.resolve() });
  const first = await one(engine, fileOf(9, 'first'));
  const second = await one(engine, fileOf(9, 'second'));
  assert.equal(engine.get(first.id), undefined, 'before it is sent, it is');
  const slow = engine.add([{ blob: fileOf(9, 'slow') }]);
  await until(() => engine.items.some(({ name }) => name === 'slow'));
  engine.start();
  await until(() => server.count('/multipart/complete'));
  admitting();
  const late = await engine.add([{ blob: fileOf(9, 'late') }]);
  for (const { items, refused } of [await slow, late]) {
    assert.deepEqual([items, codes(refused), refused[0]!.problem.values], [[], ['busy'], { name: 'second' }]);
  }
  engine.pause();
  assert.deepEqual(codes((await engine.add([{ blob: fileOf(9) }])).refused), ['busy'], 'nor while it is paused');
  open();
  engine.resume();
  const { uploaded } = await next(engine, 'finished');
  assert.deepEqual(uploaded.map((item) => item.id), [second.id]);
  const after = await one(engine, fileOf(9, 'after'));
  assert.deepEqual(engine.items.map((item) => item.id), [after.id]);
});

test('an upload of an earlier visit stays kept when another file is chosen', async (t) => {
  const server = await serverFor(t);
  const records = new FakeRecords();
  const settings = { resume: true, maxFiles: 1 } as const;
  const before = engineFor(t, server, settings, { records });
  server.before = (path, spec) => path === '/multipart/part' && spec.part !== '1' ? new Promise(() => {}) : undefined;
  await one(before, fileOf(5 << 20));
  before.start();
  await until(() => records.kept.size);
  before.close();
  const engine = engineFor(t, server, settings, { records });
  const [missing] = await engine.restore() as [Item];
  assert.equal(missing.status, 'missing');
  const other = await one(engine, fileOf(9));
  assert.deepEqual(engine.items.map((item) => item.id), [other.id]);
  assert.deepEqual([...records.kept.keys()], [missing.id]);
});

test('a file that was made of another has its own name', async (t) => {
  const server = await serverFor(t);
  const prepare = async ({ name }: Item): Promise<Blob> => name === 'a.bmp' ? new File(['made'], 'a.png', { type: 'image/png' }) : new Blob(['made'], { type: 'image/png' });
  const engine = engineFor(t, server, { prepare });
  await engine.add([{ blob: fileOf(9, 'a.bmp') }, { blob: fileOf(8, 'b.png') }]);
  engine.start();
  await next(engine, 'finished');
  assert.deepEqual(engine.items.map(({ name, type, stored }) => [name, type, stored!.filename, stored!.mimetype]), [
    ['a.png', 'image/png', 'a.png', 'image/png'], ['b.png', 'image/png', 'b.png', 'image/png'],
  ]);
});
