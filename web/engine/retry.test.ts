import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Network } from './network.ts';
import { refusal } from './problem.ts';
import { Patience, pauseBefore, type Held } from './retry.ts';
import { plan } from './transfer.ts';
import type { Parts } from './types.ts';

const parts: Parts = { size: 6 << 20, concurrency: 3, retries: 3, retryFactor: 2, retryMaxTime: 15_000, timeout: 1000 };

test('pauses double up to the longest, and half of each is chance', () => {
  const at = (n: number, chance: number): number => pauseBefore(n, parts, chance);
  assert.deepEqual([0, 1, 2, 3, 4, 5, 60].map((n) => at(n, 1)), [1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
  assert.deepEqual([0, 3, 60].map((n) => at(n, 0)), [500, 4000, 7500]);
  assert.deepEqual([0, 1, 2].map((n) => pauseBefore(n, { ...parts, retryFactor: 3 }, 1)), [1000, 3000, 9000]);
  assert.equal(pauseBefore(9, { ...parts, retryMaxTime: 0 }, 1), 0);
});

/** What happens to an act that fails so often, with time passing by itself. */
async function failing(t: { mock: { timers: { enable(o: object): void; runAll(): void } } }, times: number, error: unknown): Promise<{ tries: number; told: (Held | undefined)[]; error?: unknown }> {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const network = new Network(() => {});
  const told: (Held | undefined)[] = [];
  const patience = new Patience(parts, network, (held) => {
    told.push(held);
    if (held) queueMicrotask(() => t.mock.timers.runAll());
  });
  let tries = 0;
  const act = async (): Promise<string> => {
    if (tries++ < times) throw error;
    return 'well';
  };
  try {
    assert.equal(await patience.persist(new AbortController().signal, act), 'well');
    return { tries, told };
  } catch (e) {
    return { tries, told, error: e };
  }
}

test('what fails for a passing reason is tried again, as often as was set', async (t) => {
  for (const [times, tries, ends] of [[0, 1, true], [1, 2, true], [3, 4, true], [4, 4, false], [9, 4, false]] as const) {
    await t.test(`${times} failures`, async (t) => {
      const got = await failing(t, times, refusal('network'));
      assert.equal(got.tries, tries);
      assert.equal(!got.error, ends);
      assert.equal(got.told.filter(Boolean).length, tries - 1);
      assert.equal(got.told.at(-1), undefined, 'the last word is that it goes on');
    });
  }
});

test('what cannot pass by itself is tried once', async (t) => {
  for (const error of [refusal('policy-call'), refusal('gone'), refusal('server', { again: false }), new TypeError('a bug')]) {
    await t.test(String(error), async (t) => assert.equal((await failing(t, 9, error)).tries, 1));
  }
});

test('without a network it is tried for ever, every 15 s', async (t) => {
  Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { onLine: false } });
  t.after(() => Object.defineProperty(globalThis, 'navigator', { configurable: true, value: undefined }));
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const patience = new Patience({ ...parts, retries: 0 }, new Network(() => {}), () => {});
  let tries = 0;
  const done = patience.persist(new AbortController().signal, async () => {
    if (++tries < 5) throw refusal('network');
  });
  for (let n = 1; n < 5; n++) {
    await new Promise(setImmediate);
    t.mock.timers.tick(14_999);
    await new Promise(setImmediate);
    assert.equal(tries, n);
    t.mock.timers.tick(1);
  }
  await done;
  assert.equal(tries, 5);
});

test('a pause ends when it is woken or not wanted', async () => {
  const patience = new Patience({ ...parts, retryMaxTime: 60_000, retryFactor: 100 }, new Network(() => {}), () => {});
  let tries = 0;
  const ended = new AbortController();
  const acting = patience.persist(ended.signal, async () => {
    tries++;
    throw refusal('timeout');
  });
  const soon = (): Promise<void> => new Promise((done) => setTimeout(done, 5));
  await soon();
  for (let n = 2; n < 9; n++) { // more often than there are tries: a person who asks is not counted
    patience.wake();
    await soon();
    assert.equal(tries, n);
  }
  ended.abort();
  await assert.rejects(acting, { name: 'AbortError' });
});

test('while one lane goes on, nothing is told', async () => {
  const told: unknown[] = [];
  const patience = new Patience(parts, new Network(() => {}), (held) => told.push(held));
  const { signal } = new AbortController();
  let finish = (): void => {};
  const busy = patience.persist(signal, () => new Promise<void>((done) => { finish = done; }));
  let fails = true;
  const other = patience.persist(signal, async () => { if (fails) throw refusal('network'); });
  await new Promise((done) => setTimeout(done, 5));
  assert.deepEqual(told, []);
  finish();
  await busy;
  assert.equal(told.length, 1);
  fails = false;
  patience.wake();
  await other;
  assert.deepEqual(told.slice(1), [undefined]);
});

test('files are cut so that what is on its way fits into one part', () => {
  const MiB = 1 << 20;
  for (const size of [0, 1, MiB, 6 * MiB, 1024 * MiB, 5e12, 5e13]) {
    for (const most of [5 * MiB, 6 * MiB, 100 * MiB]) {
      for (const concurrency of [1, 2, 3, 4, 7, 20]) {
        const { partSize, lanes } = plan(size, { size: most, concurrency });
        const what = `${size} bytes in ${concurrency} lanes of ${most}: parts of ${partSize}, ${lanes} lanes`;
        assert.ok(Number.isInteger(partSize) && partSize > 0, what);
        assert.ok(Math.ceil(size / partSize) <= 10_000, what);
        assert.ok(lanes >= 1 && lanes <= concurrency, what);
        assert.ok(partSize * lanes <= most || lanes === 1 && partSize === Math.ceil(size / 10_000), what);
      }
    }
  }
  assert.deepEqual(plan(1, { size: 6 * MiB, concurrency: 3 }), { partSize: 2 * MiB, lanes: 3 });
});
