import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Edit } from '../../engine/types.ts';
import { begin, isIdle, mirrored, moved, ratioOf, reshaped, resized, toEdit, toOriginal, toView, turned, viewSize, withCrop, withResult, withShape } from './geometry.ts';
import type { Handle, State } from './geometry.ts';

const original = { width: 600, height: 400 };
const free = { crop: true, circle: true, rotate: true, force: false };
const rect = (x: number, y: number, width: number, height: number) => ({ x, y, width, height });

test('rectangles go to the view and back', () => {
  const r = rect(10, 20, 100, 50);
  for (const rotate of [0, 90, 180, 270]) {
    for (const flip of [false, true]) {
      for (const flop of [false, true]) {
        const turn = { rotate, flip, flop };
        assert.deepEqual(toOriginal(toView(r, original, turn), original, turn), r, JSON.stringify(turn));
      }
    }
  }
  assert.deepEqual(toView(r, original, { rotate: 90, flip: false, flop: false }), rect(330, 10, 50, 100));
  assert.deepEqual(toView(r, original, { rotate: 0, flip: true, flop: true }), rect(490, 330, 100, 50));
});

test('turning and mirroring the view keeps the same pixels in the crop', () => {
  const pixels = rect(10, 20, 100, 50);
  let s: State = withCrop(begin(original, free), pixels, free);
  const steps = [(n: State) => turned(n, 90, original, free), (n: State) => mirrored(n, 'flop', original), (n: State) => turned(n, 270, original, free),
    (n: State) => mirrored(n, 'flip', original), (n: State) => turned(n, 90, original, free), (n: State) => mirrored(n, 'flip', original)];
  for (const step of steps) {
    s = step(s);
    assert.deepEqual(toOriginal(s.crop, original, s), pixels);
  }
  // Four quarters, and a mirror twice, are nothing.
  let same = s;
  for (let i = 0; i < 4; i++) same = turned(same, 90, original, free);
  assert.deepEqual(mirrored(mirrored(same, 'flop', original), 'flop', original), s);
});

test('a mirror of an image that lies on its side', () => {
  const s = turned(begin(original, free), 90, original, free);
  assert.deepEqual({ ...mirrored(s, 'flop', original) }, { ...s, flip: true });
  assert.deepEqual({ ...mirrored(s, 'flip', original) }, { ...s, flop: true });
});

test('handles stay within the image and keep the opposite side', () => {
  const r = rect(100, 100, 200, 100);
  const at = (handle: Handle, dx: number, dy: number, ratio?: number) => resized(r, handle, dx, dy, original, ratio);
  assert.deepEqual(at('se', 10, 20), rect(100, 100, 210, 120));
  assert.deepEqual(at('nw', 10, 20), rect(110, 120, 190, 80));
  assert.deepEqual(at('n', 99, -20), rect(100, 80, 200, 120));
  assert.deepEqual(at('e', 1000, 0), rect(100, 100, 500, 100));
  assert.deepEqual(at('w', 1000, 0), rect(292, 100, 8, 100));
  assert.deepEqual(at('sw', -1000, 1000), rect(0, 100, 300, 300));
  assert.deepEqual(at('move', -1000, 1000), rect(0, 300, 200, 100));
  // With a ratio of 2.
  assert.deepEqual(at('se', 10, 0, 2), rect(100, 100, 210, 105));
  assert.deepEqual(at('se', 0, 10, 2), rect(100, 100, 220, 110));
  assert.deepEqual(at('nw', -1000, 0, 2), rect(0, 50, 300, 150));
  assert.deepEqual(at('s', 0, 20, 2), rect(80, 100, 240, 120));
  assert.deepEqual(at('e', -100, 0, 2), rect(100, 125, 100, 50));
});

test('no way of dragging leaves the image or the ratio', () => {
  const handles: Handle[] = ['nw', 'n', 'ne', 'e', 'se', 's', 'sw', 'w', 'move'];
  let seed = 1;
  const random = (n: number) => { seed = (seed * 48271) % 2147483647; return seed % n; };
  for (let i = 0; i < 5000; i++) {
    const ratio = [undefined, 1, 16 / 9, 0.25][random(4)];
    const before = ratio ? reshaped(rect(random(300), random(200), 1 + random(300), 1 + random(200)), ratio, original) : rect(random(300), random(200), 1 + random(300), 1 + random(200));
    const r = resized(before, handles[random(9)] as Handle, random(900) - 450, random(900) - 450, original, ratio);
    const all = JSON.stringify({ before, r, ratio });
    assert.ok(Object.values(r).every(Number.isInteger), all);
    assert.ok(r.x >= 0 && r.y >= 0 && r.width > 0 && r.height > 0 && r.x + r.width <= 600 && r.y + r.height <= 400, all);
    if (ratio) assert.ok(Math.abs(r.width - r.height * ratio) <= 1 + ratio, all);
  }
});

test('shapes keep the area, and fill an image that was not cropped', () => {
  assert.deepEqual(reshaped(rect(0, 0, 600, 400), 1, original), rect(100, 0, 400, 400));
  assert.deepEqual(reshaped(rect(0, 0, 600, 400), 2, original), rect(0, 50, 600, 300));
  const square = withShape(withCrop(begin(original, free), rect(0, 0, 200, 50), free), '1:1', original, free);
  assert.deepEqual(square.crop, rect(50, 0, 100, 100));
  const tall = { width: 400, height: 600 };
  assert.equal(ratioOf(withShape(begin(tall, free), '16:9', tall, free), tall, free), 9 / 16);
});

test('sizes of the result', () => {
  const s = withCrop(begin(original, free), rect(0, 0, 300, 100), free);
  assert.deepEqual(withResult(s, 'width', 150, original, free).result, { width: 150, height: 50 });
  assert.deepEqual(withResult(s, 'height', 50.4, original, free).result, { width: 150, height: 50 });
  assert.deepEqual(withResult(s, 'width', 1e9, original, free).result, { width: 16_384, height: 5461 });
  assert.deepEqual(withResult(s, 'width', NaN, original, free).result, { width: 1, height: 1 });
  // The height follows the crop; with both typed, the crop follows them.
  const wide = withCrop(withResult(s, 'width', 150, original, free), rect(0, 0, 300, 300), free);
  assert.deepEqual(wide.result, { width: 150, height: 150 });
  const exact = withResult(withResult(withShape(s, 'exact', original, free), 'width', 50, original, free), 'height', 100, original, free);
  assert.deepEqual(exact.result, { width: 50, height: 100 });
  assert.equal(exact.crop.width * 2, exact.crop.height);
});

test('an edit is what render needs, and can be gone on from', () => {
  assert.ok(isIdle(toEdit(begin(original, free), original)));
  const edits: Omit<Edit, 'originalWidth' | 'originalHeight'>[] = [
    { crop: rect(10, 20, 100, 50) }, { rotate: 90, flip: true }, { flop: true, crop: rect(1, 2, 30, 40), rotate: 270, resize: { width: 10, height: 99 } },
    { circle: true, crop: rect(100, 0, 400, 400) },
  ];
  for (const some of edits) {
    const edit = { ...some, originalWidth: 600, originalHeight: 400 };
    assert.deepEqual(toEdit(begin(original, free, edit), original), edit);
    assert.equal(isIdle(edit), false);
  }
});

test('what a page demands, a person cannot leave', () => {
  const ratio = { ...free, aspectRatio: 16 / 9, force: true };
  let s = turned(withShape(begin(original, ratio), 'free', original, ratio), 90, original, ratio);
  assert.ok(Math.abs(s.crop.width / s.crop.height - 16 / 9) < 0.02);
  const exact = { ...free, exact: { width: 120, height: 120 } };
  s = begin(original, exact);
  assert.deepEqual(s.crop, rect(100, 0, 400, 400));
  s = withCrop(turned(s, 90, original, exact), moved(s.crop, -50, 0, viewSize(original, s)), exact);
  assert.deepEqual(toEdit(s, original).resize, { width: 120, height: 120 });
  const circle = { crop: false, circle: true, rotate: false, force: true };
  assert.equal(toEdit(begin(original, circle), original).circle, true);
});

test('what was straightened is kept, and leans the other way in a mirror', () => {
  const editing = { crop: true, circle: true, rotate: true, force: false };
  const size = { width: 600, height: 400 };
  const s = { ...begin(size, editing), straighten: 7.5 };
  const edit = toEdit(s, size);
  assert.deepEqual(edit, { straighten: 7.5, originalWidth: 600, originalHeight: 400 });
  assert.equal(isIdle(edit), false);
  assert.equal(begin(size, editing, edit).straighten, 7.5);
  assert.equal(begin(size, editing).straighten, 0);
  assert.equal(turned(s, 90, size, editing).straighten, 7.5);
  const mirror = mirrored(s, 'flop', size);
  assert.deepEqual([mirror.straighten, mirrored(mirror, 'flip', size).straighten], [-7.5, 7.5]);
});
