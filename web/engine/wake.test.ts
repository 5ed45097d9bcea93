import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { stayAwake } from './wake.ts';

const soon = (): Promise<void> => new Promise((done) => { setTimeout(done, 5); });

/** A browser that counts who keeps its screen on. */
function screen(t: TestContext, request?: () => Promise<never>): { locks: number; show(state: 'visible' | 'hidden'): void } {
  const document = Object.assign(new EventTarget(), { visibilityState: 'visible' });
  const s = {
    locks: 0,
    show(state: 'visible' | 'hidden'): void {
      document.visibilityState = state;
      document.dispatchEvent(new Event('visibilitychange'));
    },
  };
  const wakeLock = { request: request ?? (async () => {
    s.locks++;
    let held = true;
    const release = async (): Promise<void> => {
      if (held) s.locks--;
      held = false;
    };
    document.addEventListener('visibilitychange', () => { if (document.visibilityState === 'hidden') void release(); });
    return { release };
  }) };
  for (const [name, value] of Object.entries({ navigator: { wakeLock }, document })) {
    Object.defineProperty(globalThis, name, { configurable: true, value });
    t.after(() => Object.defineProperty(globalThis, name, { configurable: true, value: undefined }));
  }
  return s;
}

test('the screen stays on until it is let go, and after the page was hidden', async (t) => {
  const s = screen(t);
  const sleep = stayAwake();
  await soon();
  assert.equal(s.locks, 1);
  s.show('hidden');
  await soon();
  assert.equal(s.locks, 0, 'the browser lets go');
  s.show('visible');
  s.show('visible');
  await soon();
  assert.equal(s.locks, 1);
  sleep();
  await soon();
  assert.equal(s.locks, 0);
  s.show('visible');
  await soon();
  assert.equal(s.locks, 0);
});

test('letting go at once lets go', async (t) => {
  const s = screen(t);
  stayAwake()();
  await soon();
  assert.equal(s.locks, 0);
});

test('a browser that refuses, or cannot, disturbs nothing', async (t) => {
  stayAwake()();
  screen(t, () => Promise.reject(new Error('low battery')));
  stayAwake()();
  await soon();
});
