import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rate, secondsFor } from './rate.ts';

/** Feeds a rate in steps, at speeds in bytes a second that are true from a moment on, and looks at it every 250 ms. */
function simulate(speeds: readonly (readonly [from: number, speed: number])[], seconds: number, every = 50, look = (_now: number, _speed: number): void => {}): Rate {
  const rate = new Rate();
  for (let now = 0; now <= seconds * 1000; now += every) {
    const speed = speeds.findLast(([from]) => from * 1000 <= now)![1];
    rate.add(speed * every / 1000, now);
    if (now % 250 === 0) look(now, rate.speed(now));
  }
  return rate;
}

test('after a step in throughput, the time left is right within 20 % after 10 s', () => {
  for (const [before, after] of [[10e6, 1e6], [1e6, 10e6], [100e6, 1e5], [1e5, 100e6], [1e6, 2e6], [1e6, 1e6]] as const) {
    for (const every of [10, 50, 500, 1000]) {
      const rate = simulate([[0, before], [60, after]], 70, every);
      const told = secondsFor(1e9, rate.speed(70_000));
      assert.ok(Math.abs(told - 1e9 / after) <= 0.2 * 1e9 / after, `${before} to ${after} every ${every} ms: ${told} s, not ${1e9 / after} s`);
    }
  }
});

test('it is smooth: throughput that flickers does not make the time left flicker', () => {
  let least = Infinity;
  let most = 0;
  const rate = new Rate();
  for (let now = 0; now <= 60_000; now += 100) {
    rate.add(Math.floor(now / 1000) % 2 ? 200_000 : 20_000, now); // ten times as much every other second
    if (now < 10_000 || now % 250) continue;
    least = Math.min(least, rate.speed(now));
    most = Math.max(most, rate.speed(now));
  }
  assert.ok(most / least < 1.3, `between ${least} and ${most} bytes a second`);
});

test('nothing is said before there is something to say, and a stall shows', () => {
  const rate = simulate([[0, 1e6]], 0.5);
  assert.equal(rate.speed(900), 0);
  assert.equal(secondsFor(5, 0), Infinity);
  assert.equal(secondsFor(0, 0), 0);
  const stalled = simulate([[0, 1e6], [20, 0]], 28);
  assert.equal(stalled.speed(28_100), 0);
});

test('bytes that are sent again do not count twice', () => {
  const rate = new Rate();
  for (let now = 0; now <= 20_000; now += 100) {
    rate.add(1000, now);
    if (now % 1000 === 0) rate.add(-5000, now);
  }
  const speed = rate.speed(20_000);
  assert.ok(Math.abs(speed - 5000) < 700, `${speed} bytes a second`);
});

test('after a pause it begins anew', () => {
  const rate = simulate([[0, 1e6]], 30);
  rate.reset();
  for (let now = 90_000; now <= 92_000; now += 50) rate.add(100, now);
  const speed = rate.speed(92_000);
  assert.ok(Math.abs(speed - 2000) < 100, `${speed} bytes a second`);
});
