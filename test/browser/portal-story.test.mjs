// What people come to the portal for, from the first click to the last.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { open, site, test } from './harness.js';
import { html, Visit } from './elements-page.mjs';
import { png } from './picker-page.mjs';
import { makeApp, portal } from './portal-page.mjs';

const picture = png(60, 40, 'a.png');

/** Signs as a customer's server does, with the secret it was shown. */
function sign(secret, policy) {
  const encoded = Buffer.from(JSON.stringify({ expiry: Math.floor(Date.now() / 1000) + 600, ...policy })).toString('base64url');
  return { policy: encoded, signature: createHmac('sha256', secret).update(encoded).digest('hex') };
}

/** Opens a customer's page with a picker. */
async function customer(t, stowgate, attributes) {
  const pages = await site(t);
  pages.put('/watch.js', 'window.heard = []; for (const type of ["done", "failed"]) addEventListener("stowgate-" + type, (e) => heard.push([type, { stored: e.detail.stored?.map((f) => f.name), code: e.detail.problem?.code }]), true);');
  pages.put('/', html(stowgate.url, `<stowgate-picker server="${stowgate.url}" ${attributes}></stowgate-picker>`));
  return new Visit(await open(t, pages.url));
}

test('from an empty folder to a signed upload, by clicks alone', { timeout: 120_000 }, async (t) => {
  const { page, stowgate, seen } = await portal(t);
  const began = Date.now();
  const { key, secret } = await makeApp(page, 'Shop');
  await page.getByRole('link', { name: 'Build a policy' }).click();
  await page.getByText('It may upload files').first().waitFor(); // said while it is typed
  await page.getByLabel('Largest file').fill('5 MB');
  await page.getByText('5').first().waitFor();
  await page.getByRole('button', { name: 'Sign it' }).click();
  await page.getByRole('heading', { name: 'Signed' }).waitFor();
  const [policy, signature] = await page.locator('dl copy-text code').allTextContents();
  assert.equal(createHmac('sha256', secret).update(policy).digest('hex'), signature);
  await page.getByText('Python', { exact: true }).click();
  await page.getByText('hashlib.sha256').waitFor();
  const v = await customer(t, stowgate, `api-key="${key}" policy="${policy}" signature="${signature}"`);
  await v.choose(picture);
  await v.upload();
  assert.deepEqual((await v.hear('done')).stored, ['a.png']);
  t.diagnostic(`${Math.round((Date.now() - began) / 1000)} s of a program's clicks`);
  seen.clean(stowgate);
});

test('security is switched on while an unsigned page is open: refused, and the portal says why', { timeout: 120_000 }, async (t) => {
  const { page, stowgate } = await portal(t);
  await page.getByRole('link', { name: 'New app' }).click();
  await page.getByLabel('Name').fill('Open');
  await page.getByLabel(/^Off/).check();
  await page.getByRole('button', { name: 'Make the app' }).click();
  await page.getByRole('heading', { name: 'Open is ready' }).waitFor();
  const [key, secret] = await page.locator('copy-text code').allTextContents();
  const v = await customer(t, stowgate, `api-key="${key}"`);

  await page.getByRole('link', { name: 'Security' }).click();
  await page.getByText('Before you switch it on').waitFor();
  const good = sign(secret, { call: ['pick'] });
  await page.getByLabel('Policy', { exact: true }).fill(good.policy);
  await page.getByLabel('Signature', { exact: true }).fill(`${good.signature.slice(1)}0`);
  await page.getByRole('button', { name: 'Switch security on' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Signature', { exact: true }).fill(good.signature);
  await page.getByRole('button', { name: 'Switch security on' }).click();
  await page.getByText('Security is on: every request').waitFor();

  await v.choose(picture);
  await v.upload();
  assert.match((await v.hear('failed')).code, /policy|security|signature/i);

  await page.getByRole('link', { name: 'Policies' }).click();
  await page.getByLabel('The whole URL').fill(`${stowgate.url}/api/store/S3?key=${key}`);
  await page.getByRole('button', { name: 'Explain' }).click();
  await page.getByRole('heading', { name: 'refused', exact: true }).waitFor();
  assert.match(await page.getByRole('row', { name: /signature/ }).textContent(), /no/);
});

test('a secret is changed while uploads run: none fails', { timeout: 120_000 }, async (t) => {
  const { page, stowgate } = await portal(t);
  const { key, secret } = await makeApp(page, 'Busy');
  const store = async (using) => {
    const query = new URLSearchParams({ key, filename: 'n.txt', ...sign(using, { call: ['store'] }) });
    const answer = await fetch(`${stowgate.url}/api/store/S3?${query}`, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'n' });
    return answer.status;
  };
  let going = true;
  const statuses = [];
  const old = (async () => { while (going) statuses.push(await store(secret)); })();
  await page.getByRole('link', { name: 'Security' }).click();
  await page.getByRole('button', { name: 'Make a new secret' }).click();
  const fresh = await page.locator('.once__text').textContent();
  for (let i = 0; i < 5; i++) assert.equal(await store(fresh), 200);
  going = false;
  await old;
  assert.ok(statuses.length > 0);
  assert.deepEqual(new Set(statuses), new Set([200]));
  await page.getByRole('button', { name: /^End now/ }).last().click();
  await page.getByText('The secret has ended').waitFor();
  assert.equal(await store(secret), 403);
  assert.equal(await store(fresh), 200);
});
