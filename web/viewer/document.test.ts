import assert from 'node:assert/strict';
import { test } from 'node:test';
import { position } from './document.ts';

test('only a page and a zoom are passed on', () => {
  for (const [hash, want] of [
    ['', ''], ['#page=2', '#page=2'], ['#page=2&zoom=100', '#page=2&zoom=100'], ['#zoom=50&evil=1', '#zoom=50'],
    ['#page=-1', ''], ['#page=2%26x', ''], ['#page=123456', ''], ['#javascript:alert(1)', ''],
  ] as const) assert.equal(position(hash), want, hash);
});
