// The portal's pages about files, as a developer uses them.
import assert from 'node:assert/strict';
import { serve, test, until } from './harness.js';
import { png } from './picker-page.mjs';
import { makeApp, portal } from './portal-page.mjs';

const hostile = '<img src=x onerror=alert(1)>.png'; // M4

/** Waits until a picture is there, and returns its size. */
const size = async (picture) => {
  await picture.waitFor();
  return until(() => picture.evaluate((img) => img.complete && img.naturalWidth && [img.naturalWidth, img.naturalHeight]), 'the picture is shown');
};

/** Uploads a file with the picker on the page, and goes to its page. */
async function pick(page, name, bytes) {
  await page.locator('.picker__file-input').first().setInputFiles({ name, mimeType: 'image/png', buffer: Buffer.from(bytes) });
  await page.locator('.picker__button--primary', { hasText: 'Upload' }).click();
  await page.locator('uploaded-files').getByRole('link', { name }).click();
  await page.getByRole('heading', { name, level: 1 }).waitFor();
}

test('a file is uploaded with the picker, looked at, transformed, labelled, deleted and taken back', async (t) => {
  // Each service has a host: what the portal's pages load comes from others, which are for pages of one more.
  const stowgate = await serve(t, { args: ['--tls-listen=127.0.0.1:0', '--tls-self-signed', '--domain=fs.localhost'] });
  const { host } = new URL((await until(() => /"url":"(https:[^"]+)"/.exec(stowgate.log), 'the log names its address'))[1]);
  stowgate.url = `https://portal.${host}`;
  const { page, seen } = await portal(t, { stowgate, page: { ignoreHTTPSErrors: true } });
  await makeApp(page);
  await page.locator('.menu').getByRole('link', { name: 'Settings' }).click();
  await page.getByLabel('Pages that may use the app').fill('https://www.example.com');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  await page.locator('.menu').getByRole('link', { name: 'Files' }).click();
  await page.getByRole('link', { name: 'Upload one here' }).click();
  await pick(page, hostile, png(40, 20).bytes);
  assert.deepEqual(await size(page.locator('.preview img')), [40, 20]);

  await page.getByLabel('Width', { exact: true }).fill('10');
  await page.getByLabel('Rotate').selectOption('90°');
  await page.getByRole('button', { name: 'Show it' }).click();
  assert.deepEqual(await size(page.getByRole('img', { name: 'What the tasks make of it' })), [5, 10]);
  await page.getByLabel('Or tasks').fill('crop=dim:[900,900,1,1]');
  await page.getByRole('button', { name: 'Show it' }).click();
  await page.getByRole('alert').filter({ hasText: 'outside the image of 40 × 20 pixels' }).waitFor();
  await page.getByLabel('Or tasks').fill('resise=width:3');
  await page.getByRole('button', { name: 'Show it' }).click();
  await page.getByRole('alert').filter({ hasText: 'resise' }).waitFor();

  await page.getByLabel('Tags').fill('season=summer');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  await page.getByRole('button', { name: 'Delete the file' }).click();
  await page.getByRole('heading', { name: 'This file is deleted' }).waitFor();
  await page.getByRole('button', { name: 'Take that back' }).click();
  await page.getByText('The file is back.').waitFor();

  await page.locator('.menu').getByRole('link', { name: 'Files' }).click();
  await page.getByText('More conditions').click();
  await page.getByLabel('Tag', { exact: true }).fill('season=summer');
  await page.getByRole('button', { name: 'Search' }).click();
  await size(page.locator('.files__picture img'));
  await page.getByLabel('All on this page').check();
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByText('1 file is deleted.').waitFor();
  await page.getByText('No file meets these conditions.').waitFor();
  await page.getByRole('button', { name: 'Take that back' }).click();
  await page.getByText('1 file is restored.').waitFor();
  await page.getByRole('link', { name: hostile }).waitFor();
  seen.console = seen.console.filter(({ text, url }) => !(text.includes('status of 400') && url.includes('/crop=dim:[900,900,1,1]/'))); // outside the image
  seen.clean(...['portal', 'cdn', 'upload', 'cloud', 'www', 'process'].map((name) => `https://${name}.${host}`));
});

test('the picker asks for no picture that its policy does not allow, however late it draws its own', async (t) => {
  const opened = await portal(t);
  const { page, seen, stowgate } = opened;
  await page.addInitScript(() => { // pictures are drawn by a worker
    const { postMessage } = Worker.prototype;
    Worker.prototype.postMessage = function late(...all) { setTimeout(() => postMessage.apply(this, all), 2000); };
  });
  const { key } = await makeApp(page);
  await page.goto(`${stowgate.url}/portal/apps/${key}/files/new`);
  await page.locator('.picker__file-input').first().setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: Buffer.from(png(40, 20).bytes) });
  await page.locator('.picker__button--primary', { hasText: 'Upload' }).click();
  await page.locator('uploaded-files').getByRole('link', { name: 'a.png' }).waitFor();
  await page.locator('.picker__thumbnail canvas:not([hidden])').waitFor();
  assert.deepEqual(seen.requests.map(({ url }) => url).filter((url) => url.includes('/resize=')), []);
  await page.goto(`${stowgate.url}/portal/apps/${key}/audit?action=file.upload`);
  await page.getByRole('row', { name: /Ann 127\.0\.0\.1 file\.upload .* name: a\.png/ }).waitFor(); // who had the page
  seen.clean(stowgate);
});

test('without scripts a form uploads and overwrites', async (t) => {
  const { page, seen, stowgate } = await portal(t, { page: { javaScriptEnabled: false } });
  const { key } = await makeApp(page);
  await page.goto(`${stowgate.url}/portal/apps/${key}/files/new`);
  await page.getByLabel('Path').fill('notes/');
  await page.getByLabel('File', { exact: true }).setInputFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('hello there') });
  await page.getByRole('button', { name: 'Upload it' }).click();
  await page.getByText('Uploaded.').waitFor();
  await page.getByText('notes/').waitFor();
  await page.getByLabel('New content').setInputFiles({ name: 'b.txt', mimeType: 'text/plain', buffer: Buffer.from('another') });
  await page.getByRole('button', { name: 'Overwrite it' }).click();
  await page.getByText('This is version 2.').waitFor();
  await page.frameLocator('.preview__frame').getByRole('heading', { name: 'a.txt' }).waitFor();
  seen.clean(stowgate);
});
