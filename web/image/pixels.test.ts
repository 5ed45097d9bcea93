import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outputType, upright } from './pixels.ts';

/** The position in the view of a point of a stored 3 × 2 picture after an edit's mirrors and turns. */
function place(x: number, y: number, orientation: number): readonly [number, number] {
  const { rotate = 0, flip, flop } = upright({ width: 3, height: 2 }, orientation);
  let [w, h] = [3, 2];
  if (flop) x = w - 1 - x;
  if (flip) y = h - 1 - y;
  for (let left = rotate; left > 0; left -= 90) [x, y, w, h] = [h - 1 - y, x, h, w];
  return [x, y];
}

// Where the first stored row and column are to be seen. Source: CIPA DC-008, Orientation.
test('each orientation is set upright', () => {
  const corners: Readonly<Record<number, readonly [number, number]>> = {
    1: [0, 0], 2: [2, 0], 3: [2, 1], 4: [0, 1], 5: [0, 0], 6: [1, 0], 7: [1, 2], 8: [0, 2],
  };
  const along: Readonly<Record<number, readonly [number, number]>> = { // the next pixel of the first stored row
    1: [1, 0], 2: [-1, 0], 3: [-1, 0], 4: [1, 0], 5: [0, 1], 6: [0, 1], 7: [0, -1], 8: [0, -1],
  };
  for (let o = 1; o <= 8; o++) {
    const [x, y] = place(0, 0, o);
    assert.deepEqual([x, y], corners[o], `the first pixel of orientation ${o}`);
    const [nextX, nextY] = place(1, 0, o);
    assert.deepEqual([nextX - x, nextY - y], along[o], `the first row of orientation ${o}`);
  }
});

test('types that keep what a picture has', () => {
  const edit = { originalWidth: 1, originalHeight: 1 };
  assert.equal(outputType('image/jpeg', edit), 'image/jpeg');
  assert.equal(outputType('image/png', edit), 'image/png');
  assert.equal(outputType('image/bmp'), 'image/png');
  assert.equal(outputType('image/webp'), 'image/webp');
  assert.equal(outputType('image/heic'), 'image/jpeg');
  assert.equal(outputType('image/jpeg', { ...edit, circle: true }), 'image/png');
});
