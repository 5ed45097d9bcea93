import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filling, seen } from './straighten.ts';

const whole = { width: 400, height: 300 };
const all = { x: 0, y: 0, ...whole };

test('a picture that is not turned is not enlarged', () => {
  assert.equal(filling(all, whole, 0), 1);
  assert.deepEqual(seen(all, whole, 0), all);
});

test('a picture that is turned is enlarged until it fills its part, and no further', () => {
  for (const degrees of [-45, -10, 0.5, 30, 45]) {
    for (const part of [all, { x: 10, y: 5, width: 100, height: 200 }, { x: 150, y: 100, width: 20, height: 20 }, { x: 399, y: 299, width: 1, height: 1 }]) {
      const enlarged = filling(part, whole, degrees);
      const angle = -degrees * Math.PI / 180;
      // Each corner of the part, as a place of the picture.
      const outside = [[-1, -1], [1, -1], [1, 1], [-1, 1]].flatMap(([i = 0, j = 0]) => {
        const [x, y] = [i * part.width / 2 / enlarged, j * part.height / 2 / enlarged];
        const u = part.x + part.width / 2 + x * Math.cos(angle) - y * Math.sin(angle);
        const v = part.y + part.height / 2 + x * Math.sin(angle) + y * Math.cos(angle);
        return [-u, u - whole.width, -v, v - whole.height];
      });
      const furthest = Math.max(...outside);
      assert.ok(furthest < 1e-9, `${degrees}°: ${furthest} pixels outside of the picture`);
      if (enlarged > 1) assert.ok(furthest > -1e-9, `${degrees}°: ${-furthest} pixels more than needed`);
      const { x, y, width, height } = seen(part, whole, degrees);
      assert.ok(x >= 0 && y >= 0 && x + width <= whole.width + 1e-9 && y + height <= whole.height + 1e-9);
    }
  }
});
