// The editor's slider for pictures that hang askew.
import assert from 'node:assert/strict';
import { editorPage } from './editor.page.js';
import { test } from './harness.js';
import { part } from './parts.js';

test('a straightened picture fills its frame, whichever way it was turned before', async (t) => {
  const { page } = await part(t, editorPage);
  const edited = (edit, points) => page.evaluate(async ([edit, points]) =>
    look(await image.render(await quarters(120, 80), { originalWidth: 120, originalHeight: 80, ...edit }), points), [edit, points]);
  const corners = [[.01, .01], [.99, .01], [.01, .99], [.99, .99]];
  for (const [edit, width, height, colours] of [
    [{ straighten: 20 }, 120, 80, 'rgbw'],
    [{ straighten: -20 }, 120, 80, 'rgbw'],
    [{ straighten: 10, rotate: 90 }, 80, 120, 'brwg'],
    [{ straighten: 10, flop: true }, 120, 80, 'grwb'],
    [{ straighten: 5, crop: { x: 40, y: 20, width: 40, height: 40 }, resize: { width: 20, height: 20 } }, 20, 20, 'rgbw'],
  ]) {
    assert.deepEqual(await edited(edit, corners), { width, height, type: 'image/png', colours }, JSON.stringify(edit));
  }
  // Clockwise, as a turn is: just right of the middle of the upper edge is what was left of it.
  const above = [[.55, .05], [.45, .95]];
  assert.equal((await edited({}, above)).colours, 'gb');
  assert.equal((await edited({ straighten: 20 }, above)).colours, 'rw');
});

test('the keyboard straightens', async (t) => {
  const { page, pages, seen } = await part(t, editorPage);
  await page.evaluate(async () => edit(await quarters(120, 80)));
  const slider = page.getByRole('slider', { name: 'Straighten' });
  await slider.focus();
  for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowRight');
  assert.equal(await slider.getAttribute('aria-valuetext'), '2°');
  await page.getByRole('status').filter({ hasText: 'Rotated by 2°' }).waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.waitForFunction(() => window.done);
  assert.deepEqual(await page.evaluate(() => done.edit), { straighten: 2, originalWidth: 120, originalHeight: 80 });
  seen.clean(pages);
});
