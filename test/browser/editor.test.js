// The image editor alone: by keyboard, mouse and touch, in every state.
import assert from 'node:assert/strict';
import { editorPage } from './editor.page.js';
import { test, until } from './harness.js';
import { findings, part } from './parts.js';

/** The editor with a picture of 600 × 400 pixels. */
async function editor(t, editing = {}, { before, type = 'image/png', ...options } = {}) {
  const opened = await part(t, editorPage, { viewport: { width: 900, height: 640 }, ...options });
  const { page } = opened;
  await page.evaluate(async ([editing, before, type]) => {
    image.workFrom(`${location.origin}/parts/`);
    edit(await quarters(600, 400, type), editing, before);
  }, [editing, before, type]);
  await page.getByRole('img').waitFor();
  return { ...opened, handle: (name) => page.getByRole('slider', { name, exact: true }), button: (name) => page.getByRole('button', { name, exact: true }) };
}

/** What was handed over, after Save. */
async function saved(page) {
  await page.waitForFunction(() => window.done);
  return page.evaluate(async () => {
    const { originalWidth, originalHeight, ...edit } = done.edit;
    return { edit, original: [originalWidth, originalHeight], same: done.same, ...await look(done.made) };
  });
}

const press = async (page, key, times = 1) => { for (let i = 0; i < times; i++) await page.keyboard.press(key); };

test('a crop by keyboard alone', async (t) => {
  const { page, pages, seen, handle } = await editor(t);
  await press(page, 'Tab');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Crop area');
  await press(page, 'Tab'); // top left
  await press(page, 'Shift+ArrowRight', 30);
  await press(page, 'Shift+ArrowDown', 20);
  await press(page, 'ArrowRight', 2);
  assert.equal(await handle('Top left corner').getAttribute('aria-valuetext'), '298 × 200 pixels, 302 from the left, 200 from the top');
  assert.equal(await handle('Top left corner').getAttribute('aria-valuenow'), '302');
  await handle('Crop area').focus();
  await press(page, 'Shift+ArrowUp', 12);
  await press(page, 'ArrowLeft', 2);
  // On to the buttons, past the other handles, zoom, turns, shape and sizes.
  for (let i = 0; i < 30 && await page.evaluate(() => document.activeElement.textContent) !== 'Save'; i++) await press(page, 'Tab');
  await press(page, 'Enter');
  assert.deepEqual(await saved(page), {
    edit: { crop: { x: 300, y: 80, width: 298, height: 200 } }, original: [600, 400], same: false,
    width: 298, height: 200, type: 'image/png', colours: 'ggww',
  });
  seen.clean(pages);
});

test('every stop of the keyboard can be seen and hit', async (t) => {
  const { page } = await editor(t);
  const small = await page.evaluate(() => [...document.querySelectorAll('.editor button, .editor input, .editor select, .editor [tabindex]')]
    .map((e) => ({ is: e.getAttribute('aria-label') ?? e.textContent, box: e.getBoundingClientRect() }))
    .filter(({ box }) => box.width < 24 || box.height < 24).map(({ is }) => is));
  assert.deepEqual(small, []);
  await press(page, 'Tab', 2);
  const ring = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.equal(ring, 'solid');
});

test('turns and mirrors are those of the view, and are announced', async (t) => {
  const { page, button } = await editor(t, {}, { type: 'image/jpeg' });
  await button('Rotate right').click();
  assert.equal(await page.getByRole('status').textContent(), 'Rotated by 90°. The result is 400 × 600 pixels.');
  await button('Mirror left to right').click(); // right after a turn: mirrors what is seen
  assert.equal(await button('Mirror left to right').getAttribute('aria-pressed'), 'true');
  await button('Save').click();
  assert.deepEqual(await saved(page), {
    edit: { rotate: 90, flip: true }, original: [600, 400], same: false, width: 400, height: 600, type: 'image/jpeg', colours: 'rbgw',
  });
});

test('a mouse drags corners, sides and the whole', async (t) => {
  const { page, button, handle } = await editor(t);
  const drag = async (name, dx, dy) => {
    const box = await handle(name).boundingBox();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const image = await page.getByRole('img').boundingBox();
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + dx * image.width / 2, y + dy * image.height / 2);
    await page.mouse.move(x + dx * image.width, y + dy * image.height);
    await page.mouse.up();
  };
  await drag('Bottom right corner', -0.5, -0.5);
  await drag('Top edge', 0.3, 0.25);
  await drag('Crop area', 0.5, 0.25);
  await button('Save').click();
  assert.deepEqual((await saved(page)).edit, { crop: { x: 300, y: 200, width: 300, height: 100 } });
});

test('fingers drag, pinch and pan', async (t) => {
  const { page, context, button } = await editor(t, {}, { hasTouch: true });
  const touch = await context.newCDPSession(page);
  const box = await page.getByRole('img').boundingBox();
  const at = (x, y, id) => ({ x: box.x + x * box.width, y: box.y + y * box.height, id });
  const send = (type, ...touchPoints) => touch.send('Input.dispatchTouchEvent', { type, touchPoints });
  const width = async () => (await page.getByRole('img').boundingBox()).width;

  await send('touchStart', at(0, 0, 0));
  await send('touchMove', at(0.2, 0.2, 0));
  await send('touchMove', at(0.5, 0.5, 0));
  await send('touchEnd');
  await send('touchStart', at(0.4, 0.5, 0));
  await send('touchStart', at(0.4, 0.5, 0), at(0.6, 0.5, 1));
  await send('touchMove', at(0.3, 0.5, 0), at(0.7, 0.5, 1));
  await send('touchEnd');
  assert.ok(Math.abs(await width() / box.width - 2) < 0.05, `enlarged ${await width() / box.width} times, want 2`);
  const left = (await page.getByRole('img').boundingBox()).x;
  await send('touchStart', at(0.1, 0.1, 0));
  await send('touchMove', at(0.3, 0.2, 0));
  await send('touchEnd');
  assert.ok(Math.abs((await page.getByRole('img').boundingBox()).x - left - 0.2 * box.width) < 3, 'what is beside the crop pans');
  await button('Save').click();
  assert.deepEqual((await saved(page)).edit, { crop: { x: 300, y: 200, width: 300, height: 200 } });
});

test('shapes: ratios, circle, exact pixels', async (t) => {
  const { page, button, handle } = await editor(t);
  const [shape, width, height] = [page.getByRole('combobox', { name: 'Crop' }), page.getByLabel('Width'), page.getByLabel('Height')];
  await shape.selectOption({ label: 'Square' });
  assert.deepEqual([await width.inputValue(), await height.inputValue()], ['400', '400']);
  await handle('Right edge').focus();
  await press(page, 'Shift+ArrowLeft', 10);
  assert.deepEqual([await width.inputValue(), await height.inputValue()], ['300', '300']);
  await width.fill('150');
  await width.press('Enter');
  assert.equal(await height.inputValue(), '150', 'the height follows');
  await shape.selectOption({ label: 'Exact size' });
  await width.fill('200');
  await width.press('Tab');
  await height.fill('50');
  await height.press('Enter');
  await button('Save').click();
  const exact = await saved(page);
  assert.deepEqual([exact.width, exact.height, exact.edit.resize], [200, 50, { width: 200, height: 50 }]);
  assert.equal(exact.edit.crop.width, 4 * exact.edit.crop.height);

  await button('Reset').click();
  await shape.selectOption({ label: 'Circle' });
  await button('Save').click();
  await page.waitForFunction(() => window.done?.edit.circle);
  assert.deepEqual(await page.evaluate(() => look(done.made, [[.02, .02], [.25, .25], [.98, .02]])), { width: 400, height: 400, type: 'image/png', colours: '-r-' });
});

test('what the page demands cannot be left', async (t) => {
  const ratio = await editor(t, { aspectRatio: 2, force: true });
  assert.equal(await ratio.page.getByRole('combobox', { name: 'Crop' }).count(), 0, 'no other shape to choose, and no circle');
  await ratio.handle('Bottom edge').focus();
  await press(ratio.page, 'Shift+ArrowUp', 5);
  await ratio.button('Rotate left').click();
  await ratio.button('Save').click();
  const { width, height } = await saved(ratio.page);
  assert.ok(Math.abs(width / height - 2) < 0.02, `${width} × ${height}`);

  const exact = await editor(t, { exact: { width: 50, height: 50 }, force: true });
  assert.equal(await exact.page.getByLabel('Width').count(), 0);
  await exact.button('Save').click();
  const made = await saved(exact.page);
  assert.deepEqual([made.width, made.height, made.colours], [50, 50, 'rgbw']);

  const turnOnly = await editor(t, { crop: false, circle: false });
  assert.equal(await turnOnly.handle('Crop area').count(), 0);
  const cropOnly = await editor(t, { rotate: false });
  assert.equal(await cropOnly.button('Rotate left').count(), 0);
});

test('nothing changed, going on, going back', async (t) => {
  const { page, button } = await editor(t);
  await button('Save').click();
  await page.waitForFunction(() => window.cancelled);
  assert.equal(await page.evaluate(() => window.done), undefined, 'no change is no edit');

  const forced = await editor(t, { force: true });
  await forced.button('Save').click();
  assert.equal((await saved(forced.page)).same, true, 'an untouched image is not coded again');

  const before = { crop: { x: 0, y: 0, width: 300, height: 200 }, rotate: 180, originalWidth: 600, originalHeight: 400 };
  const again = await editor(t, {}, { before });
  await again.button('Rotate right').click();
  await again.button('Revert').click();
  await again.button('Save').click();
  assert.deepEqual((await saved(again.page)).edit, { crop: before.crop, rotate: 180 });
  await again.page.evaluate(() => { window.done = undefined; });
  await again.button('Reset').click();
  await again.button('Save').click();
  assert.equal((await saved(again.page)).same, true, 'a taken back edit leaves the original');
});

test('what is no image is said to be none', async (t) => {
  const { page, button } = await editor(t);
  await page.evaluate(() => { stop(); edit(new Blob(['no image'], { type: 'image/png' })); });
  await page.getByRole('alert').filter({ hasText: 'This image cannot be edited' }).waitFor();
  assert.equal(await button('Save').count(), 0);
  await button('Cancel').click();
  assert.ok(await page.evaluate(() => cancelled));
});

test('nothing needs more than 320 pixels, or the other direction', async (t) => {
  for (const height of [640, 256]) {
    const { page, handle } = await editor(t, {}, { viewport: { width: 320, height } });
    await page.evaluate(() => { document.documentElement.dir = 'rtl'; });
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
    assert.equal(await page.evaluate(() => { const e = document.querySelector('.editor'); return e.scrollWidth - e.clientWidth; }), 0);
    // Enlarged, a focused handle is in sight, and moves as the arrow says.
    await page.getByLabel('Zoom').fill('4');
    await handle('Bottom right corner').focus();
    await press(page, 'ArrowLeft');
    assert.match(await handle('Bottom right corner').getAttribute('aria-valuetext'), /^599 × 400/);
    await until(async () => {
      const [stage, box] = [await page.locator('.editor__stage').boundingBox(), await handle('Bottom right corner').boundingBox()];
      return box.x >= stage.x - 1 && box.x + box.width <= stage.x + stage.width + 1;
    }, 'the handle in sight');
  }
});

test('axe finds nothing, light and dark, left to right and right to left', async (t) => {
  for (const colorScheme of ['light', 'dark']) {
    const { page, button } = await editor(t, {}, { colorScheme, reducedMotion: 'reduce' });
    for (const dir of ['ltr', 'rtl']) {
      await page.evaluate((dir) => { document.documentElement.dir = dir; }, dir);
      assert.deepEqual(await findings(page), [], `${colorScheme} ${dir}`);
      await button('Mirror left to right').click();
    }
    await page.getByRole('combobox', { name: 'Crop' }).selectOption('circle');
    assert.deepEqual(await findings(page), [], `${colorScheme}, a circle`);
    await page.evaluate(() => { stop(); edit(new Blob(['no image'])); });
    await page.getByRole('alert').waitFor();
    assert.deepEqual(await findings(page), [], `${colorScheme}, no image`);
  }
});
