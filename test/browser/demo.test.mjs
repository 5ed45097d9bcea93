// The demonstration that make run prints: its page works as it is, in all three
// display modes, on wide and narrow screens.
import assert from 'node:assert/strict';
import { test, serve, open, until } from './harness.js';

/** A picture of two by two pixels. */
const gif = Buffer.from('R0lGODdhAgACAIABAP8AAP///ywAAAAAAgACAAACAoRRADs=', 'base64');

test('files are uploaded in the overlay, in the page and by the drop pane', async (t) => {
  const stowgate = await serve(t, { demo: true });
  const { page, seen } = await open(t, `${stowgate.url}/demo`, { viewport: { width: 1100, height: 900 } });
  await page.locator('.demo__code', { hasText: 'filestack.init(' }).waitFor();

  await page.getByRole('button', { name: 'Open the picker' }).click();
  await page.locator('#fsp-fileUpload').setInputFiles({ name: 'red.gif', mimeType: 'image/gif', buffer: gif });
  await page.locator('[data-e2e="upload"]').click();
  const files = page.locator('.demo__file');
  await files.filter({ hasText: 'red.gif' }).waitFor();
  await until(() => files.locator('img').evaluate((i) => i.complete && i.naturalWidth > 0), 'the thumbnail');
  await page.getByText('1 uploaded, 0 failed.').waitFor();

  await page.getByRole('button', { name: 'Inline' }).click();
  await page.locator('#inline #fsp-fileUpload').setInputFiles({ name: 'n.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') });
  await page.locator('#inline [data-e2e="upload"]').click();
  await files.filter({ hasText: 'n.txt' }).waitFor();

  await page.getByRole('button', { name: 'Drop pane' }).click();
  const data = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(['dropped'], 'dropped.txt', { type: 'text/plain' }));
    return transfer;
  });
  for (const event of ['dragenter', 'dragover', 'drop']) await page.locator('#pane > *').first().dispatchEvent(event, { dataTransfer: data });
  await files.filter({ hasText: 'dropped.txt' }).waitFor();

  const [shown] = await Promise.all([page.waitForEvent('popup'), files.filter({ hasText: 'n.txt' }).getByRole('link').click()]);
  await shown.locator('.viewer__text', { hasText: 'hello' }).waitFor();
  seen.popups.length = 0;
  seen.clean(stowgate);

  await page.setViewportSize({ width: 320, height: 640 });
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= 320), 'nothing is wider than 320 pixels');
});

test('another site gets no policy from it', async (t) => {
  const stowgate = await serve(t, { demo: true });
  const other = await open(t, stowgate.url.replace('127.0.0.1', 'localhost') + '/preview/x');
  assert.equal(await other.page.evaluate((url) => fetch(url).then((r) => r.text(), () => 'refused'), `${stowgate.url}/get-filestack-credentials`), 'refused');
});
