// The portal with its first user signed in, for the tests of its pages.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { open, serve } from './harness.js';

export const operator = { name: 'Ann', email: 'ann@example.com', password: 'correct horse battery staple' };

/** The one-time token that a server without users has printed. */
export const setupToken = (stowgate) => JSON.parse(stowgate.log.split('\n').find((line) => line.includes('"setup":"sgs_'))).setup;

/** A port that nobody listens on. */
async function freePort() {
  const server = createServer();
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  const { port } = server.address();
  await new Promise((done) => { server.close(done); });
  return port;
}

/** Starts a server that is reached by a name, without which there are no passkeys. */
async function serveNamed(t) {
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const stowgate = await serve(t, { args: [`--listen=127.0.0.1:${port}`, `--public-url=${url}`] });
  stowgate.url = url;
  return stowgate;
}

/** Signs somebody in on a page that asks for it. */
export async function signIn(page, { email, password }) {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

/**
 * Starts a server and signs its operator in: what open gives, and the server.
 * @param {{server?: object, named?: boolean, stowgate?: Server, page?: object}} [options]  of serve and of open; named is for passkeys,
 *   and stowgate a server that runs already
 */
export async function portal(t, options = {}) {
  const stowgate = options.stowgate ?? await (options.named ? serveNamed(t) : serve(t, options.server));
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

/** Sends a form of the portal without a page, as whoever has signed in: the HTML of the answer. */
export async function post({ context, stowgate }, path, form) {
  const body = new URLSearchParams(Object.entries(form).flatMap(([name, value]) => [value].flat().map((one) => [name, one])));
  const answer = await context.request.post(`${stowgate.url}/portal${path}`, { data: body.toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' } });
  const text = await answer.text();
  assert.ok(answer.ok(), `${path}: ${answer.status()} ${/role="alert">([^<]*)/.exec(text)?.[1] ?? text.slice(0, 300)}`);
  return text;
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
