// TestG1: files with scripts, handlers and foreign content, opened in a browser
// in every way in which the server delivers them: nothing runs, nothing is
// asked of anybody else, nothing outside the file changes.
// Names of files, and what error pages repeat of a request, are held to the same.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, serve, site, soak, open, until, corpora } from './harness.js';

/** strings returns those of the corpus xss-strings, one in every so many, or undefined if it is not there. */
function strings(t, every = 1) {
  const folder = corpora(t, 'xss-strings');
  return folder && readFileSync(join(folder, 'xss-payload-list.txt'), 'utf8').split('\n').filter(Boolean).filter((_, i) => i % every === 0);
}

/** Of thousands of strings, most of which differ in a word, every tenth is tried where there is little time. */
const step = soak ? 1 : 10;

/** drawings returns the files of the corpus svg-own as [name, bytes], or undefined. */
function drawings(t) {
  const folder = corpora(t, 'svg-own');
  return folder && readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]);
}

/** groups cuts a list into lists of n. */
const groups = (list, n) => Array.from({ length: Math.ceil(list.length / n) }, (_, i) => list.slice(i * n, (i + 1) * n));

/** settle gives a page the time to do what it should not: events, animations and timers of zero. */
const settle = (page) => page.evaluate(() => new Promise((done) => {
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50)));
}));

/** go opens a URL, and reports whether it is shown: it may be a download. */
async function go(page, url) {
  try {
    await page.goto(url);
    return true;
  } catch (error) {
    if (/interrupted by another navigation/.test(error.message)) return go(page, url); // a click has followed a link
    assert.match(error.message, /Download is starting|ERR_ABORTED/, url);
    return false;
  }
}

/** visit opens a URL as a page of its own, and clicks on its first line if it is shown. */
async function visit(page, url) {
  if (!await go(page, url)) return;
  await page.mouse.click(4, 6);
  await page.waitForTimeout(30);
}

/** A page that uses each of the URLs in every way that HTML has. */
const embedding = (urls) => `<!doctype html><title>unchanged</title><script>
  window.told = [];
  addEventListener('message', (e) => told.push(e.data));
</script>` + urls.map((url) => `<iframe src="${url}"></iframe><object data="${url}"></object><embed src="${url}">
  <img src="${url}"><link rel="stylesheet" href="${url}"><link rel="import" href="${url}"><script src="${url}"></script>
  <script type="module" src="${url}"></script><video src="${url}"></video>
  <svg><image href="${url}"/><use href="${url}#x"/></svg><i style="background:url('${url}')"></i>`.replaceAll('&', '&amp;')).join('\n');

/** around opens a page made by embedding, and fails if the files in it have changed it, left it or told it anything. */
async function around(page, url) {
  assert.ok(await go(page, url));
  await settle(page);
  assert.deepEqual(await page.evaluate(() => [location.href, document.title, window.told]), [url, 'unchanged', []]);
}

/**
 * nothing fails if something happened that must not: a dialog, a window, a
 * request to anybody but allowed, or a cookie.
 */
async function nothing(what, page, seen, ...allowed) {
  const cookies = await page.context().cookies();
  assert.deepEqual({ dialogs: seen.dialogs, popups: seen.popups, strangers: seen.strangers(...allowed), cookies },
    { dialogs: [], popups: [], strangers: [], cookies: [] }, what);
}

/** distinct returns the answers to GET of the URLs, those that are alike once: {url, answer, body}. */
async function distinct(urls) {
  const answers = new Map();
  for (const url of urls) {
    const answer = await fetch(url);
    const body = Buffer.from(await answer.arrayBuffer());
    if (!answer.ok) continue;
    const kind = answer.headers.get('content-type') + answer.headers.get('content-disposition').split(';')[0];
    answers.set(kind + body.toString('latin1'), { url, answer, body });
  }
  assert.notEqual(answers.size, 0);
  return [...answers.values()];
}

/** What an answer carries besides its bytes, without that it is to be saved: as if an app had chosen to show it. */
function shown(answer) {
  const headers = Object.fromEntries(['content-type', 'content-security-policy', 'x-content-type-options', 'referrer-policy',
    'cross-origin-resource-policy'].map((name) => [name, answer.headers.get(name)]));
  assert.ok(headers['content-security-policy'], answer.url);
  return headers;
}

test('TestG1 what these files do where nothing holds them', async (t) => {
  // The control: without it, the tests below might see nothing because there is nothing to see.
  const files = drawings(t);
  const texts = strings(t);
  if (!files || !texts) return;
  const bare = await site(t);
  const { page, seen } = await open(t);
  for (const [name, bytes] of files.filter(([name]) => /javascript|comment|entity-elem|foreign|script-ns|css-font|feimage/.test(name))) {
    bare.put(`/${name}`, bytes, { headers: { 'content-type': 'image/svg+xml' } });
    await visit(page, `${bare.url}/${name}`);
  }
  assert.ok(seen.dialogs.length >= 3, `${seen.dialogs.length} dialogs of drawings`);
  assert.ok(seen.strangers(bare).length >= 1, 'drawings ask nobody for anything');
  seen.clear();
  const some = texts.filter((_, i) => i % 100 === 0);
  some.forEach((text, i) => bare.put(`/${i}`, text));
  bare.put('/all', some.map((_, i) => `<iframe src="/${i}"></iframe>`).join(''));
  await page.goto(`${bare.url}/all`);
  await settle(page);
  assert.ok(seen.dialogs.length >= 3, `${seen.dialogs.length} dialogs of strings`);
});

test('TestG1 drawings', { timeout: 600_000 }, async (t) => {
  const files = drawings(t);
  if (!files) return;
  const stowgate = await serve(t);
  const app = await stowgate.app({ security: 'off' });
  const pages = await site(t, { host: 'localhost' });
  const { page, seen } = await open(t);
  // What costs a browser minutes costs it alone.
  for (const [name, bytes] of files.filter(([name]) => !/use-laughs|blur-huge|many-elements/.test(name))) {
    const { handle } = await app.store(name, bytes, { type: 'image/svg+xml' });
    const urls = ['', 'content=type:text%2Fhtml/', 'content=filename:x.html,type:image%2Fsvg%2Bxml/', 'resize=width:20/',
      'output=format:svg/', 'output=format:png/', 'output=format:html/'].map((tasks) => `${stowgate.url}/${tasks}${handle}`);
    urls.push(`${stowgate.url}/api/file/${handle}`, `${stowgate.url}/${handle}/x.html`, `${stowgate.url}/${handle}?filename=x.html`);
    const answers = await distinct(urls);
    pages.put('/around', embedding(answers.map(({ url }) => url)));
    await around(page, `${pages.url}/around`);
    await nothing(`${name} in a page`, page, seen, pages, stowgate);
    await until(() => seen.downloads.length, `the download of ${name}`);

    // Alone, as it comes; and without that it is to be saved, so that the rest of its header must hold it still.
    for (const { url, answer, body } of answers) {
      pages.put('/shown.svg', body, { headers: shown(answer) });
      await visit(page, url);
      await visit(page, `${pages.url}/shown.svg`);
    }
    await nothing(`${name} as a page`, page, seen, pages, stowgate);
    seen.clear();
  }
});

test('TestG1 markup', { timeout: 600_000 }, async (t) => {
  const texts = strings(t, step);
  if (!texts) return;
  const stowgate = await serve(t);
  const app = await stowgate.app({ security: 'off' });
  const pages = await site(t, { host: 'localhost' });
  const { page, seen } = await open(t);

  // As it is delivered, under each type that its owner may claim.
  const types = ['text/html', 'text/plain', 'image/svg+xml', 'application/xhtml+xml', 'text/xml', 'text/javascript', 'text/css', 'image/png', ''];
  for (const [i, some] of groups(texts, 400).entries()) {
    const stored = await Promise.all(types.map((type) => app.store('x.html', some.join('\n'), { type })));
    const urls = (await distinct(stored.map(({ url }) => url))).map(({ url }) => url);
    pages.put('/around', embedding(urls));
    await around(page, `${pages.url}/around`);
    for (const url of urls) await visit(page, url);
    await nothing(`strings ${i * 400} and on`, page, seen, pages, stowgate);
  }

  // As pages in frames, with what they came with but for being saved. They go both ways, as some swallow what follows.
  const { url } = await app.store('x.html', '<!doctype html><title>x</title>', { type: 'text/html' });
  const headers = { ...shown(await fetch(url)), 'content-type': 'text/html; charset=utf-8' };
  const bodies = groups(texts, 100).flatMap((some) => [some.join('\n'), some.toReversed().join('\n')]);
  for (const [i, some] of groups(bodies, 30).entries()) {
    some.forEach((text, k) => pages.put(`/text/${k}`, text, { headers }));
    pages.put('/frames', some.map((_, k) => `<iframe src="/text/${k}"></iframe>`).join(''));
    await page.goto(`${pages.url}/frames`);
    await settle(page);
    await nothing(`strings ${i * 1500} and on, shown`, page, seen, pages, stowgate);
    seen.clear();
  }
});

test('TestG1 names of files', { timeout: 600_000 }, async (t) => {
  const texts = strings(t, step);
  if (!texts) return;
  texts.push('a"; filename="b.html', "a'b;c=d", '../../etc/passwd', '..\\..\\x.exe', 'a\r\nSet-Cookie: a=b', 'a%22%0d%0ab', 'ü\u202egnp.exe', '\u2028x',
    'x'.repeat(500), '=?utf-8?q?x?=', "UTF-8''x", '.', '..', '\ud800');
  const stowgate = await serve(t);
  const app = await stowgate.app({ security: 'off' });
  const { handle } = await app.store('n.txt', 'hello', { type: 'text/plain' });
  const pages = await site(t);
  pages.put('/', '<!doctype html><title>unchanged</title>');
  const { page, seen } = await open(t, pages.url);

  // Whatever the name, the header has one line, a name, and perhaps the same name in its longer form.
  for (const some of groups(texts, 8)) {
    await Promise.all(some.map(async (text) => {
      const answer = await fetch(`${stowgate.url}/${handle}?filename=${encodeURIComponent(text.toWellFormed())}`);
      await answer.arrayBuffer();
      assert.match(answer.headers.get('content-disposition') ?? '',
        /^inline; filename=([\w!#$&+\-.^`|~'*{}]+|"[ !#-[\]-~]*")(; filename\*=UTF-8''[\w%.~-]+)?$/, text);
    }));
  }

  // So the browser saves a page instead of showing it, under the name that was kept.
  for (const text of texts.filter((_, i) => i % (150 / step) === 0 || i > texts.length - 15)) {
    const { url, filename } = await app.store(text.toWellFormed(), '<script>alert(1)</script>', { type: 'text/html' });
    await visit(page, url);
    const { name } = await until(() => seen.downloads.pop(), `the download of ${filename}`);
    assert.doesNotMatch(name, /[/\\\0-\x1f]/, filename);
    assert.match(name, /^[^.]|^\.[^.]/, filename);
  }
  await nothing('names', page, seen, pages, stowgate);
});

test('TestG1 what answers repeat of a request', { timeout: 600_000 }, async (t) => {
  const texts = strings(t, 4 * step);
  if (!texts) return;
  const stowgate = await serve(t);
  const app = await stowgate.app({ security: 'off' });
  const { handle } = await app.store('n.txt', 'hello', { type: 'text/plain' });
  const { page, seen } = await open(t);
  const odd = [];
  for (const text of texts) {
    const quoted = encodeURIComponent(text);
    const paths = [quoted, `${quoted}/${handle}`, `resize=w:${quoted}/${handle}`, `debug/resize=w:${quoted}/${handle}`, `${handle}?policy=${quoted}&signature=x`,
      `api/file/${quoted}`, `api/file/${handle}/metadata?${quoted}=1`, `${app.key}/http:%2F%2F${quoted}`];
    await Promise.all(paths.map(async (path) => {
      const answer = await fetch(`${stowgate.url}/${path}`);
      await answer.arrayBuffer();
      const type = answer.headers.get('content-type') ?? '';
      if (!/^(text\/plain|application\/json)/.test(type) || answer.headers.get('x-content-type-options') !== 'nosniff') odd.push([path, answer.status, type]);
    }));
  }
  assert.deepEqual(odd, []);
  for (const text of texts.filter((_, i) => i % (200 / step) === 0)) {
    await visit(page, `${stowgate.url}/debug/resize=w:${encodeURIComponent(text)}/${handle}`);
    await visit(page, `${stowgate.url}/${encodeURIComponent(text)}/${handle}`);
  }
  await nothing('error pages', page, seen, stowgate);
});
