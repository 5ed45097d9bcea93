import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fit, misfit, readHeader } from './header.ts';
import { orientationSegment } from './jpeg.ts';

/** A PNG of one chunk after its header. */
function png(width: number, height: number, chunk: string): Uint8Array {
  const view = new DataView(new ArrayBuffer(64));
  [0x89504e47, 0x0d0a1a0a, 13, 0x49484452, width, height].forEach((n, i) => view.setUint32(4 * i, n));
  [...chunk].forEach((c, i) => view.setUint8(37 + i, c.charCodeAt(0)));
  return new Uint8Array(view.buffer);
}

function bmp(width: number, height: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(54));
  view.setUint16(0, 0x424d);
  view.setUint32(14, 40, true);
  view.setInt32(18, width, true);
  view.setInt32(22, height, true);
  return new Uint8Array(view.buffer);
}

const jpeg = (orientation: number) => new Uint8Array([0xff, 0xd8, ...orientationSegment(orientation), 0xff, 0xc0, 0, 8, 8, 0, 20, 0, 30, 1]);

test('headers say type, size and motion', () => {
  assert.deepEqual(readHeader(png(640, 480, 'IDAT')), { type: 'image/png', width: 640, height: 480, orientation: 1, animated: false });
  assert.equal(readHeader(png(640, 480, 'acTL'))?.animated, true);
  assert.deepEqual(readHeader(bmp(7, -9)), { type: 'image/bmp', width: 7, height: 9, orientation: 1, animated: false });
  assert.deepEqual(readHeader(jpeg(1)), { type: 'image/jpeg', width: 30, height: 20, orientation: 1, animated: false });
  assert.deepEqual(readHeader(jpeg(6)), { type: 'image/jpeg', width: 20, height: 30, orientation: 6, animated: false });
  assert.equal(readHeader(new TextEncoder().encode('GIF89a and more than enough bytes')), undefined);
  assert.equal(readHeader(new Uint8Array(0)), undefined);
});

test('sizes keep the ratio', () => {
  const wide = { width: 4000, height: 3000 };
  for (const [limits, width, height] of [
    [{}, 4000, 3000],
    [{ max: [800, 800] }, 800, 600],
    [{ max: [null, 600] }, 800, 600],
    [{ max: [800, null] }, 800, 600],
    [{ max: [5000, 5000] }, 4000, 3000],
    [{ min: [5000, 100] }, 5000, 3750],
    [{ min: [5000, 5000] }, 6667, 5000],
    [{ min: [100, 100] }, 4000, 3000],
    [{ min: [8000, null], max: [5000, null] }, 5000, 3750],
    [{ dim: [8000, 8000] }, 8000, 6000],
    [{ dim: [null, 30] }, 40, 30],
    [{ dim: [null, null], max: [1, 1] }, 4000, 3000],
    [{ max: [0, 100] }, 133, 100],
  ] as const) {
    assert.deepEqual(fit(wide, limits), { width, height }, JSON.stringify(limits));
  }
  assert.deepEqual(fit({ width: 10_000, height: 1 }, { max: [100, 100] }), { width: 100, height: 1 });
});

test('an image is inside its limits, or outside of one', () => {
  const image = { width: 400, height: 300 };
  for (const [limits, want] of [
    [{}, undefined],
    [{ min: [400, 300], max: [400, 300] }, undefined],
    [{ min: [401, 300] }, { code: 'image-min', limit: '401 × 300' }],
    [{ min: [null, 301] }, { code: 'image-min', limit: '1 × 301' }],
    [{ max: [399, null] }, { code: 'image-max', limit: '399 × ∞' }],
    [{ max: [400, 299] }, { code: 'image-max', limit: '400 × 299' }],
    [{ max: [0, 0], min: [0, 0] }, undefined],
  ] as const) assert.deepEqual(misfit(image, limits), want, JSON.stringify(limits));
});
