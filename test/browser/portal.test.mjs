// The portal as its first user meets it.
import assert from 'node:assert/strict';
import { test } from './harness.js';
import { makeApp, operator, portal } from './portal-page.mjs';

test('the first user sets the portal up, makes an app, signs out and in again', async (t) => {
  const { page, seen, stowgate } = await portal(t);
  const { key, secret } = await makeApp(page);
  assert.ok(secret.length >= 26);
  await page.getByRole('link', { name: 'Apps', exact: true }).click();
  assert.match(await page.getByRole('row', { name: /Shop/ }).textContent(), new RegExp(key));
  assert.ok(!(await page.content()).includes(secret), 'the secret was shown once');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('You have signed out.').waitFor();
  await page.goto(`${stowgate.url}/portal/apps/${key}`);
  await page.getByLabel('E-mail').fill(operator.email);
  await page.getByLabel('Password').fill('not that');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Password').fill(operator.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Shop' }).waitFor();
  assert.equal(page.url(), `${stowgate.url}/portal/apps/${key}`, 'where it was going');
  assert.ok(!stowgate.log.includes(secret));
  seen.console = seen.console.filter(({ text }) => !text.includes('422')); // the wrong password
  seen.clean(stowgate);
});
