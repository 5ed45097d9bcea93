import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hash } from './hash.ts';
import { engineFor, fileOf, next, serverFor, until } from './testing/fake.ts';

const large = (16 << 20) + 1; // for the browser to hash in one go

test('hashing that lags holds back no other file', async (t) => {
  const server = await serverFor(t);
  let open = (): void => {};
  const held = new Promise<void>((done) => { open = done; });
  const engine = engineFor(t, server, { concurrency: 1, digest: (blob, signal) => held.then(() => hash(blob, signal)) });
  const { items: [slow, quick] } = await engine.add([{ blob: fileOf(large) }, { blob: fileOf(9) }]);
  engine.start();
  await until(() => engine.get(quick!.id)!.status === 'done');
  const { status, sent, size, stored } = engine.get(slow!.id)!;
  assert.deepEqual([status, sent === size, stored], ['uploading', true, undefined], 'what is not verified is not called stored');
  assert.equal(engine.phase, 'uploading');
  open();
  const { uploaded } = await next(engine, 'finished');
  assert.deepEqual(uploaded.map(({ id, verified }) => [id, verified]), [[slow!.id, true], [quick!.id, true]]);
});

test('a file whose sum is waited for can be paused and gone on with', async (t) => {
  const server = await serverFor(t);
  let open = (): void => {};
  const held = new Promise<void>((done) => { open = done; });
  const engine = engineFor(t, server, { digest: (blob, signal) => held.then(() => hash(blob, signal)) });
  const { items: [item] } = await engine.add([{ blob: fileOf(large) }]);
  engine.start();
  await until(() => engine.get(item!.id)!.sent === large && server.count('/multipart/complete'));
  engine.pause();
  engine.resume();
  open();
  const { uploaded } = await next(engine, 'finished');
  assert.deepEqual([uploaded.length, uploaded[0]!.verified, server.received], [1, true, large], 'nothing is sent twice');
});
