// The portal with its first user signed in, for the tests of its pages.
import assert from 'node:assert/strict';
import { open, serve } from './harness.js';

export const operator = { name: 'Ann', email: 'ann@example.com', password: 'correct horse battery staple' };

/** The one-time token that a server without users has printed. */
export const setupToken = (stowgate) => JSON.parse(stowgate.log.split('\n').find((line) => line.includes('"setup":"sgs_'))).setup;

/** Starts a server and signs its operator in: what open gives, and the server. */
export async function portal(t, options = {}) {
  const stowgate = await serve(t, options.server);
  const opened = await open(t, `${stowgate.url}/portal/setup`, options.page);
  const { page } = opened;
  await page.getByLabel('Token').fill(setupToken(stowgate));
  await page.getByLabel('Your name').fill(operator.name);
  await page.getByLabel('E-mail').fill(operator.email);
  await page.getByLabel('Password').fill(operator.password);
  await page.getByRole('button', { name: 'Begin' }).click();
  await page.getByRole('heading', { name: 'Apps' }).waitFor();
  return { ...opened, stowgate };
}

/** Makes an app by the form: its key and secret, from the page that shows them. */
export async function makeApp(page, name = 'Shop') {
  await page.getByRole('link', { name: 'Apps', exact: true }).click();
  await page.getByRole('link', { name: 'New app' }).click();
  await page.getByLabel('Name').fill(name);
  await page.getByRole('button', { name: 'Make the app' }).click();
  await page.getByRole('heading', { name: `${name} is ready` }).waitFor();
  const [key, secret] = await page.locator('copy-text code').allTextContents();
  assert.match(key, /^A[A-Z2-7]{20}z$/);
  return { key, secret };
}
