// What every test of this folder begins with: the real server, pages of another
// origin, and Chromium, whose doings are written down. See README.md.
//
//   import assert from 'node:assert/strict';
//   import { test, serve, site, open } from './harness.js';
//
//   test('a page may read what its policy allows', async (t) => {
//     const stowgate = await serve(t);
//     const app = await stowgate.app({ security: 'on' });
//     const { url } = await app.store('n.txt', 'hello', { type: 'text/plain' });
//     const pages = await site(t, { csp: `default-src 'none'; script-src 'self'; connect-src ${stowgate.url}` });
//     pages.put('/', '<!doctype html><title>t</title>');
//     const { page, seen } = await open(t, pages.url);
//     assert.equal(await page.evaluate((u) => fetch(u).then((r) => r.text()), app.link(url, { call: ['read'] })), 'hello');
//     seen.clean(pages, stowgate); // no dialog, error or violation, and no request to anybody else
//   });

import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { mkdtemp, readFile, readlink, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, extname, join, normalize } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test as nodeTest } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

// ---- Tests

/** Why there is no browser, or '' if there is one. */
const missing = (() => {
  if (!chromiumPath()) return 'no Chromium: type scripts/need chromium:chromium, or name one in CHROMIUM';
  if (!existsSync(join(root, 'test/browser/node_modules/playwright-core'))) return 'no npm packages: type npm ci --prefix test/browser';
  return '';
})();

/**
 * test is that of node:test for a test that needs Chromium. Where there is none
 * it is skipped, and says what to install; in CI it fails instead.
 * @param {string} name
 * @param {object | Function} options  of node:test; timeout is 5 minutes unless it says otherwise: a busy machine needs them, another does not
 * @param {(t: import('node:test').TestContext) => Promise<void>} [body]
 */
export function test(name, options, body) {
  if (typeof options === 'function') [options, body] = [{}, options];
  if (missing && process.env.CI) body = () => assert.fail(missing);
  else if (missing) options = { ...options, skip: missing };
  return nodeTest(name, { timeout: 300_000, ...options }, body);
}

/**
 * corpora returns the folder of the shared test files called name, or undefined,
 * having skipped the test t, if it is not there.
 */
export function corpora(t, name) {
  const folder = join(process.env.STOWGATE_SHARED ?? join(root, '../shared'), 'corpora', name);
  if (existsSync(folder)) return folder;
  t.skip(`no corpora ${name}; set STOWGATE_SHARED to the folder that holds them`);
}

// ---- The server

let built; // the program, made once for each process

/** program returns the path of the server: $STOWGATE_PROGRAM, or what is built from here. */
async function program() {
  built ??= (async () => {
    if (process.env.STOWGATE_PROGRAM) return process.env.STOWGATE_PROGRAM;
    const file = join(root, 'bin/test/stowgate');
    mkdirSync(join(root, 'bin/test'), { recursive: true });
    // Test files run side by side: one builds, the others find it up to date.
    await run('flock', [`${file}.lock`, 'go', 'build', '-o', file, './cmd/stowgate'], { cwd: root });
    return file;
  })();
  return built;
}

/**
 * serve starts the server on a fresh data folder. It ends with t (or with the
 * file, if t is null), which fails if the server does not end with exit status 0.
 * @param {import('node:test').TestContext | null} t
 * @param {{args?: string[], env?: Record<string, string>, demo?: boolean}} [options]
 *   more flags and variables of stowgate serve; with demo, an app is made and its demonstration served
 * @returns {Promise<Server>}
 */
export async function serve(t, { args = [], env = {}, demo = false } = {}) {
  const file = await program();
  const data = await mkdtemp(join(tmpdir(), 'stowgate-browser-'));
  if (demo) {
    const made = await run(file, ['app', 'create', 'demo', '--json', '--data', data]);
    args = [...args, '--demo', JSON.parse(made.stdout).api_key];
  }
  const child = spawn(file, ['serve', '--json', '--log-format=json', '--data', data, '--listen=127.0.0.1:0', ...args],
    { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const server = new Server(file, data, child);
  onEnd(t, () => server.stop());
  await server.ready;
  return server;
}

/** A Server is a running stowgate. */
export class Server {
  /** Its origin, like http://127.0.0.1:4711. */
  url = '';
  /** Its log so far. */
  log = '';
  #program; #child; #ended; #apps = 0;

  constructor(file, data, child) {
    this.#program = file;
    this.data = data;
    this.#child = child;
    child.stderr.setEncoding('utf8').on('data', (text) => { this.log += text; });
    this.#ended = new Promise((done) => { child.on('close', (status, signal) => done(status ?? signal)); });
    this.ready = Promise.race([
      new Promise((done) => {
        createInterface({ input: child.stdout }).once('line', (line) => {
          this.url = JSON.parse(line).ready;
          done();
        });
      }),
      this.#ended.then((status) => { throw new Error(`stowgate serve ended with ${status}:\n${this.log}`); }),
    ]);
    this.ready.catch(() => {}); // told to who waits for it
  }

  /** command runs stowgate ... on the data of this server, and returns what it prints. */
  async command(...args) {
    return (await run(this.#program, [...args, '--data', this.data])).stdout;
  }

  /**
   * app makes an app, and waits until the server has seen it.
   * @param {{name?: string, security?: 'on' | 'uploads' | 'off', set?: string[]}} [options]  set holds flags of stowgate app set
   * @returns {Promise<App>}
   */
  async app({ name = `app-${++this.#apps}`, security = 'on', set = [] } = {}) {
    const made = JSON.parse(await this.command('app', 'create', name, '--security', security, '--json'));
    if (set.length) await this.command('app', 'set', made.api_key, ...set);
    for (const began = Date.now(); ; await sleep(20)) {
      const answer = await fetch(`${this.url}/folder/list`, {
        method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ apikey: made.api_key }),
      });
      await answer.arrayBuffer();
      if (answer.status !== 403) break; // no longer an unknown app
      assert.ok(Date.now() - began < 30_000, `the server has not seen app ${name} after 30 s`);
    }
    return new App(this, made.api_key, made.secret, security !== 'off');
  }

  async stop() {
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 60_000);
    const status = await this.#ended;
    clearTimeout(late);
    await rm(this.data, { recursive: true, force: true });
    assert.equal(status, 0, `stowgate serve ended with ${status}, want 0; the end of its log:\n${this.log.slice(-2000)}`);
    assert.doesNotMatch(this.log, /panic:|goroutine \d/, 'the server panicked');
  }
}

/** An App is one made for a test. */
export class App {
  constructor(server, key, secret, security) {
    Object.assign(this, { server, key, secret, security });
  }

  /**
   * sign returns a policy and its signature, as clients take them. It is
   * independent of the server's own code. The policy expires in an hour unless
   * it says otherwise, and without call allows all calls but exif.
   * @param {object} [policy]  like {call: ['pick', 'store'], handle, maxSize, expiry in seconds since 1970}
   * @returns {{policy: string, signature: string}}
   */
  sign(policy = {}) {
    const text = JSON.stringify({ expiry: Math.floor(Date.now() / 1000) + 3600, ...policy });
    const encoded = Buffer.from(text).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
    return { policy: encoded, signature: createHmac('sha256', this.secret).update(encoded).digest('hex') };
  }

  /** query is sign as a query string, without "?". */
  query(policy) { return new URLSearchParams(this.sign(policy)).toString(); }

  /** link adds a signed policy to a URL. */
  link(url, policy) { return `${url}${url.includes('?') ? '&' : '?'}${this.query(policy)}`; }

  /**
   * store uploads a file, signed if the app asks for that.
   * @param {string} name
   * @param {string | Uint8Array} body
   * @param {{type?: string, policy?: object}} [options]
   * @returns {Promise<{handle: string, url: string, filename: string, size: number, type: string}>}
   */
  async store(name, body, { type = 'application/octet-stream', policy } = {}) {
    const query = new URLSearchParams({ key: this.key, filename: name, ...(this.security && this.sign(policy)) });
    const answer = await fetch(`${this.server.url}/api/store/S3?${query}`, { method: 'POST', headers: { 'content-type': type }, body });
    const text = await answer.text();
    assert.ok(answer.ok, `store ${name}: ${answer.status} ${text}`);
    const stored = JSON.parse(text);
    return { ...stored, handle: new URL(stored.url).pathname.slice(1) };
  }

  /** read returns the answer to GET /{path}, where path is a handle, or tasks and a handle. */
  read(path, policy) {
    const url = `${this.server.url}/${path}`;
    return fetch(this.security ? this.link(url, policy) : url);
  }
}

// ---- Pages

const types = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8', '.json': 'application/json', '.svg': 'image/svg+xml', '.png': 'image/png',
};

/**
 * site serves pages from an origin of its own until t ends.
 * @param {import('node:test').TestContext | null} t
 * @param {{csp?: string, headers?: Record<string, string>, host?: '127.0.0.1' | 'localhost'}} [options]
 *   csp is the Content-Security-Policy of every answer; both may be changed later. The server is at 127.0.0.1: a page of
 *   localhost is of another site, one of 127.0.0.1 of another origin only.
 * @returns {Promise<Site>}
 */
export async function site(t, options = {}) {
  const s = new Site(options);
  await s.listen(options.host ?? '127.0.0.1');
  onEnd(t, () => s.stop());
  return s;
}

/** A Site is a small web server for the pages of a test. */
export class Site {
  /** Its origin, like http://127.0.0.1:4712. */
  url = '';
  /** Every request: {method, path with query, headers}. */
  hits = [];
  #paths = new Map(); #folders = []; #http;

  constructor({ csp, headers = {} }) {
    Object.assign(this, { csp, headers });
    this.#http = createServer((request, response) => {
      this.hits.push({ method: request.method, path: request.url, headers: request.headers });
      this.#answer(request, response).catch((error) => response.writeHead(500).end(String(error)));
    });
  }

  /** put answers path with body. The type is that of the path's ending, or else HTML; headers come on top. */
  put(path, body, { status = 200, headers = {} } = {}) {
    this.#paths.set(path, { status, headers, body: () => body });
    return this;
  }

  /** file answers path with the file, read again each time: a bundle, or one of an npm package. */
  file(path, file, { headers = {} } = {}) {
    this.#paths.set(path, { status: 200, headers: { 'content-type': types[extname(file)] ?? 'application/octet-stream', ...headers }, body: () => readFile(file) });
    return this;
  }

  /** folder answers all paths that begin with prefix, like /assets/, with the files of a folder. */
  folder(prefix, folder) {
    this.#folders.push([prefix, folder]);
    return this;
  }

  async #answer(request, response) {
    const { pathname } = new URL(request.url, this.url);
    let found = this.#paths.get(pathname);
    for (const [prefix, folder] of this.#folders) {
      const file = join(folder, normalize(decodeURIComponent(pathname).slice(prefix.length - 1)));
      if (!found && pathname.startsWith(prefix) && existsSync(file)) {
        found = { status: 200, headers: {}, body: () => readFile(file) };
      }
    }
    if (!found) return void response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n');
    const body = await found.body();
    response.writeHead(found.status, {
      'content-type': types[extname(pathname)] ?? types['.html'], 'cache-control': 'no-store',
      ...(this.csp && { 'content-security-policy': this.csp }), ...this.headers, ...found.headers,
    }).end(body);
  }

  async listen(host) {
    await new Promise((done) => { this.#http.listen(0, '127.0.0.1', done); });
    this.url = `http://${host}:${this.#http.address().port}`;
  }

  stop() {
    this.#http.closeAllConnections();
    return new Promise((done) => { this.#http.close(done); });
  }
}

// ---- The browser

// They keep Chromium from calling anybody but the tests.
const chromiumArgs = [
  '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
  '--disable-sync', '--disable-dev-shm-usage',
  // Two cameras that show a test pattern, microphones that beep; whoever asks is allowed to use them.
  '--use-fake-device-for-media-stream=device-count=2', '--use-fake-ui-for-media-stream',
];

let launched; // the browser, started once for each process

/**
 * chromium returns the browser of this test file, which all its tests share.
 * Each test has contexts of its own in it: see open.
 * @returns {Promise<import('playwright-core').Browser>}
 */
export async function chromium() {
  if (!launched) {
    launched = import('playwright-core').then((playwright) => playwright.chromium.launch({
      executablePath: chromiumPath(), args: chromiumArgs, chromiumSandbox: process.getuid() !== 0, timeout: 120_000,
    }));
    (await launched).on('disconnected', () => { launched = undefined; });
  }
  return launched;
}

after(async () => (await launched)?.close());

/** How many times slower pages run than they could, to find what depends on their speed; workers stay as they are. */
const slow = Number(process.env.STOWGATE_SLOW ?? 1);

async function brake(context, page) {
  const device = await context.newCDPSession(page);
  await device.send('Emulation.setCPUThrottlingRate', { rate: slow });
}

/**
 * open opens url in a fresh context, without cookies or storage, until t ends.
 * @param {import('node:test').TestContext | null} t
 * @param {string} [url]  a blank page if it is missing
 * @param {import('playwright-core').BrowserContextOptions} [options]  colorScheme, locale, reducedMotion, viewport and so on
 * @returns {Promise<{page: import('playwright-core').Page, context: import('playwright-core').BrowserContext, seen: Seen}>}
 */
export async function open(t, url, options = {}) {
  const context = await (await chromium()).newContext(options);
  onEnd(t, () => context.close());
  const seen = new Seen();
  await seen.watch(context);
  if (slow > 1) context.on('page', (page) => brake(context, page).catch(() => {})); // it may have gone
  const page = await context.newPage();
  t?.after(() => { if (t.error) t.diagnostic(`${page.url()}: ${seen.complaints().join('; ') || 'no complaint'}`); });
  if (url) await page.goto(url);
  return { page, context, seen };
}

/**
 * openProfile opens url in a browser of its own, which keeps cookies and storage in folder: whoever opens that again comes back.
 * @param {import('node:test').TestContext} t
 * @param {string} folder
 * @param {string} url
 * @param {object} [options]  of launchPersistentContext
 * @returns {Promise<{page: import('playwright-core').Page, context: import('playwright-core').BrowserContext, seen: Seen, kill: () => Promise<void>}>}
 *   kill ends all its processes at once, as when the system is out of memory
 */
export async function openProfile(t, folder, url, options = {}) {
  const { chromium: browser } = await import('playwright-core');
  const context = await browser.launchPersistentContext(folder, {
    executablePath: chromiumPath(), args: chromiumArgs, chromiumSandbox: process.getuid() !== 0, timeout: 120_000, ...options,
  });
  onEnd(t, () => context.close());
  const seen = new Seen();
  await seen.watch(context);
  const page = await context.newPage();
  await page.goto(url);
  const kill = async () => {
    const [pid] = /\d+$/.exec(await readlink(join(folder, 'SingletonLock'))); // host-pid
    const gone = new Promise((done) => { context.on('close', done); });
    process.kill(-pid, 'SIGKILL');
    await gone;
  };
  return { page, context, seen, kill };
}

/**
 * A Seen is everything that happened in a context, all its pages, frames and
 * workers together. The lists grow as it happens; empty them with clear.
 */
export class Seen {
  requests = []; // {method, url, type, failed}: type is of Playwright, failed the reason of one that failed
  console = []; // {type, text, url}
  errors = []; // texts of uncaught errors
  dialogs = []; // {type, message}: alert, confirm, prompt, beforeunload; each is dismissed
  violations = []; // {directive, blocked, source, line, page} of securitypolicyviolation events; a sandbox without scripts has none, see console
  popups = []; // URLs of windows that pages opened
  downloads = []; // {url, name} of files that were to be saved

  /** watch begins to write down what happens in context. open has done this. */
  async watch(context) {
    let first = true;
    context.on('page', (page) => {
      if (!first) this.popups.push(page.url());
      first = false;
      page.on('download', (d) => { this.downloads.push({ url: d.url(), name: d.suggestedFilename() }); d.cancel().catch(() => {}); });
    });
    context.on('request', (r) => this.requests.push({ method: r.method(), url: r.url(), type: r.resourceType(), failed: '', of: r }));
    context.on('requestfailed', (r) => {
      const entry = this.requests.find((e) => e.of === r);
      if (entry) entry.failed = r.failure()?.errorText ?? 'failed';
    });
    context.on('console', (m) => this.console.push({ type: m.type(), text: m.text(), url: m.location().url }));
    context.on('weberror', (e) => this.errors.push(String(e.error())));
    context.on('dialog', (d) => {
      this.dialogs.push({ type: d.type(), message: d.message() });
      d.dismiss().catch(() => {}); // its page may have gone
    });
    await context.exposeBinding('__stowgateViolation', (_, violation) => { this.violations.push(violation); });
    await context.addInitScript(() => {
      const report = window.__stowgateViolation;
      delete window.__stowgateViolation; // not for the page
      addEventListener('securitypolicyviolation', (e) => report({
        directive: e.effectiveDirective, blocked: e.blockedURI, source: e.sourceFile, line: e.lineNumber, page: e.documentURI,
      }));
    });
  }

  /** clear forgets what was seen. */
  clear() {
    for (const list of Object.values(this)) list.length = 0;
  }

  /**
   * strangers are the requests to anybody but allowed: servers, sites or origins.
   * What a policy has stopped (failed is csp) did not go out, nor does data: or blob:; file: no page of the web may load.
   */
  strangers(...allowed) {
    const origins = new Set(allowed.map((a) => new URL(a.url ?? a).origin));
    return this.requests.filter((r) => r.failed !== 'csp').map((r) => r.url)
      .filter((url) => /^(https?|wss?):/.test(url) && !origins.has(new URL(url).origin));
  }

  /** complaints are the errors on the console, such as of what could not be loaded, and those that nobody caught. */
  complaints() {
    return [...this.console.filter((m) => m.type === 'error').map((m) => `${m.text} (${m.url})`), ...this.errors];
  }

  /**
   * clean fails unless all is as it should be: no dialog, popup, uncaught error,
   * error on the console or violation, and no request to anybody but allowed.
   */
  clean(...allowed) {
    const { dialogs, popups, errors, violations } = this;
    const complaints = this.console.filter((m) => m.type === 'error').map((m) => m.text);
    assert.deepEqual({ dialogs, popups, errors, violations, complaints, strangers: this.strangers(...allowed) },
      { dialogs: [], popups: [], errors: [], violations: [], complaints: [], strangers: [] });
  }
}

// ---- Small things

/** chromiumPath returns $CHROMIUM, or the first Chromium on PATH. */
function chromiumPath() {
  const names = ['chromium', 'chromium-browser', 'google-chrome'];
  const files = (process.env.PATH ?? '').split(delimiter).flatMap((dir) => names.map((name) => join(dir, name)));
  return process.env.CHROMIUM || files.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** onEnd runs end after the test t, or after the whole file if t is null. */
function onEnd(t, end) {
  (t ?? { after }).after(end);
}

/** sleep waits; prefer to wait for what must happen (page.waitForFunction, expect it with until). */
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** Whether there is time for what is exhaustive, and quiet for what asserts times. */
export const soak = Boolean(process.env.STOWGATE_SOAK);

/** until waits until check returns something true, and returns it; after ms it fails with what. */
export async function until(check, what, ms = 30_000) {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(20)) {
    const result = await check();
    if (result) return result;
  }
  assert.fail(`${what}: not after ${ms} ms`);
}
