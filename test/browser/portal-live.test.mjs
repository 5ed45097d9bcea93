// The portal's pages about what goes on: webhooks, figures, refusals, jobs.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { test, until } from './harness.js';
import { makeApp, portal } from './portal-page.mjs';

const { validateWebhookSignature } = createRequire(import.meta.url)('filestack-js-3');

/** A server that is told by webhooks: what came, whether it was genuine, and what it answers. */
async function receiver(t) {
  const r = { secret: '', status: 204, got: [] };
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const signature = { signature: request.headers['fs-signature'], timestamp: request.headers['fs-timestamp'] };
    r.got.push({ event: JSON.parse(body), genuine: validateWebhookSignature(r.secret, body, signature) });
    response.writeHead(r.status).end(r.status === 204 ? undefined : '<b>out of order</b>');
  });
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  t.after(() => server.close());
  r.port = server.address().port;
  r.url = `http://127.0.0.1:${r.port}/in`;
  return r;
}

test('a webhook is added, tried, told of an upload, given up, and told again', async (t) => {
  const r = await receiver(t);
  const { page, seen, stowgate } = await portal(t, { server: { args: ['--fetch-allow=127.0.0.0/8', `--fetch-port=${r.port}`, '--webhook-retry=1ms'] } });
  const { key } = await makeApp(page);
  await page.goto(`${stowgate.url}/portal/apps/${key}/webhooks`);
  await page.getByLabel('Address').fill('http://user@127.0.0.1/');
  await page.getByRole('button', { name: 'Add it' }).click();
  await page.getByText('The address holds a user name').waitFor();
  await page.getByLabel('Address').fill(r.url);
  await page.getByLabel('a file was removed').uncheck();
  await page.getByRole('button', { name: 'Add it' }).click();
  r.secret = await page.locator('.once__text').textContent();

  await page.getByRole('button', { name: 'Send a test' }).click();
  await page.getByRole('heading', { name: 'Attempts' }).waitFor();
  await until(async () => {
    await page.reload();
    return await page.getByRole('row', { name: /204.*delivered/ }).count();
  }, 'the test is delivered');
  assert.equal(r.got[0].event.test, true);
  assert.match(await page.locator('pre').textContent(), /"test": true/);

  // A failure, with a second attempt, and what was answered as text.
  r.status = 500;
  await page.goto(page.url().replace(/\/deliveries.*/, ''));
  const hook = page.url();
  await page.getByRole('button', { name: 'Send a test' }).click();
  await until(async () => {
    await page.reload();
    return await page.getByText('given up').count();
  }, 'the second test is given up');
  assert.equal(await page.getByRole('row', { name: /500/ }).count(), 2);
  await page.getByText('The answer began with').first().click();
  assert.equal(await page.locator('td pre').first().textContent(), '<b>out of order</b>');

  await page.goto(`${stowgate.url}/portal/jobs?state=dead`);
  await page.getByRole('link', { name: /^webhook/ }).click();
  await page.getByRole('button', { name: 'Do it once more' }).waitFor();
  await page.getByRole('link', { name: 'what was answered' }).click();
  await page.getByRole('heading', { name: 'What is sent' }).waitFor();

  // All that was given up, once more; signed by a new secret.
  await page.goto(hook);
  await page.getByRole('button', { name: 'Make a new secret' }).click();
  const second = await page.locator('.once__text').textContent();
  assert.notEqual(second, r.secret);
  assert.equal(await page.getByRole('region', { name: 'Secrets' }).getByRole('row').count(), 3, 'two live');
  r.secret = second;
  r.status = 204;
  await page.goto(`${hook}?state=dead`);
  await page.getByRole('button', { name: 'Deliver all 1 again' }).click();
  await until(() => r.got.at(-1).genuine && r.got.length >= 4, 'it comes again');
  await until(async () => {
    await page.goto(hook);
    return await page.getByText('fine', { exact: true }).count();
  }, 'the webhook fares well');
  assert.ok(r.got.every((one) => one.genuine), 'filestack-js accepts each signature');

  await page.getByLabel('It is on').uncheck();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('nothing is kept for later').waitFor();
  await page.getByRole('button', { name: 'Remove the webhook' }).click();
  await page.getByText('There is none yet.').waitFor();
  assert.ok(!stowgate.log.includes(second));
  seen.console = seen.console.filter(({ text }) => !text.includes('422')); // the wrong address
  seen.clean(stowgate);
});

test('a webhook in the words of Uploadcare is tried, told of an upload, and verified', async (t) => {
  const got = [];
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    got.push({ body: Buffer.concat(chunks), signature: request.headers['x-uc-signature'], others: Object.keys(request.headers).filter((name) => name.startsWith('fs-')) });
    response.writeHead(202).end();
  });
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  t.after(() => server.close());
  const { port } = server.address();
  const { page, seen, stowgate } = await portal(t, { server: { args: ['--fetch-allow=127.0.0.0/8', `--fetch-port=${port}`] } });
  const { key, secret } = await makeApp(page);
  await page.goto(`${stowgate.url}/portal/apps/${key}/webhooks`);
  await page.getByLabel('Address').fill(`http://127.0.0.1:${port}/in`);
  await page.getByLabel('In whose words').selectOption('Uploadcare');
  await page.getByText('Take a secret along').click();
  await page.getByLabel('Secret', { exact: true }).fill('12345X');
  await page.getByRole('button', { name: 'Add it' }).click();
  assert.equal(await page.locator('.once__text').textContent(), '12345X');
  await page.getByText('X-Uc-Signature').first().waitFor();
  const genuine = ({ body, signature, others }) => signature === `v1=${createHmac('sha256', '12345X').update(body).digest('hex')}` && others.length === 0;

  await page.getByRole('button', { name: 'Send a test' }).click();
  await page.getByRole('heading', { name: 'Attempts' }).waitFor();
  await until(async () => {
    await page.reload();
    return await page.getByRole('row', { name: /202.*delivered/ }).count();
  }, 'the test is delivered');
  const tried = JSON.parse(got[0].body);
  assert.ok(genuine(got[0]), 'the test is signed as Uploadcare does');
  assert.equal(tried.test, true);
  assert.equal(tried.hook.project_pub_key, key);

  const policy = Buffer.from(JSON.stringify({ expiry: Math.floor(Date.now() / 1000) + 600, call: ['store'] })).toString('base64url');
  const query = new URLSearchParams({ key, filename: 'told.txt', policy, signature: createHmac('sha256', secret).update(policy).digest('hex') });
  const stored = await page.request.post(`${stowgate.url}/api/store/S3?${query}`, { data: 'hello', headers: { 'Content-Type': 'text/plain' } });
  assert.equal(stored.status(), 200);
  await until(() => got.length >= 2, 'the upload is told');
  assert.ok(genuine(got[1]), 'the upload is signed as Uploadcare does');
  const told = JSON.parse(got[1].body);
  assert.equal(told.hook.event, 'file.uploaded');
  assert.equal(told.hook.version, '0.7');
  assert.equal(told.data.original_filename, 'told.txt');
  assert.equal(told.data.size, 5);
  assert.equal(told.file, told.data.original_file_url);
  assert.ok(told.file.includes(told.data.uuid));
  seen.clean(stowgate);
});

test('a refusal comes to a page that is open, with its reason, and is counted', async (t) => {
  const { page, seen, stowgate } = await portal(t);
  const { key } = await makeApp(page);
  await page.goto(`${stowgate.url}/portal/apps/${key}`);
  await page.getByRole('link', { name: 'See why something was refused' }).click();
  await page.getByText('None yet.').waitFor();
  const answer = await fetch(`${stowgate.url}/api/store/S3?key=${key}&filename=a.txt`, { method: 'POST', body: 'x' });
  assert.equal(answer.status, 403);
  const row = page.getByRole('row', { name: /upload.*no credentials/ });
  await row.waitFor();
  assert.equal(await page.getByText('None yet.').count(), 0);
  await page.reload();
  await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
  await row.getByRole('link', { name: 'Explain' }).click();
  assert.equal(await page.getByLabel('What was asked for').inputValue(), 'store');

  await until(async () => {
    await page.goto(`${stowgate.url}/portal/apps/${key}/insight`);
    return await page.getByRole('img', { name: /^Refusals in each hour/ }).count();
  }, 'the figures are there');
  await page.getByText('The figures').first().click();
  assert.equal(await page.getByRole('row', { name: /:00 0 1 0$/ }).count(), 1, 'the same in the table');
  await page.setViewportSize({ width: 320, height: 640 });
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'nothing is wider than the page');
  await page.goto(`${stowgate.url}/portal/apps/${key}/insight/refusals`); // which listens when the server ends
  seen.clean(stowgate);
});

test('what no app was asked for comes to the page of operators', async (t) => {
  const { page, seen, stowgate } = await portal(t);
  await page.getByRole('navigation', { name: 'Portal' }).getByRole('link', { name: 'Refusals' }).click();
  await page.getByText('None yet.').waitFor();
  const answer = await fetch(`${stowgate.url}/api/store/S3?key=Anobody&filename=a.txt`, { method: 'POST', body: 'x' });
  assert.equal(answer.status, 403);
  await page.getByRole('row', { name: /upload POST \/api\/store\/S3 denied/ }).waitFor();
  await page.reload();
  await page.getByRole('row', { name: /upload POST \/api\/store\/S3 denied/ }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'Explain' }).count(), 0);
  seen.clean(stowgate);
});
