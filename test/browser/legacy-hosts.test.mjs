// filepicker.js where a server has one host, whatever its name, and where it
// has a host for each service; in an iframe's place; with a page's style sheet.
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { serve, site, test, until } from './harness.js';
import { text, Visit } from './picker-page.mjs';

const pages = await site(null);
pages.put('/favicon.ico', '');

/** A port that nobody uses. */
const free = () => new Promise((done) => {
  const socket = createServer().listen(0, '127.0.0.1', () => {
    const { port } = socket.address();
    socket.close(() => done(port));
  });
});

/** A page that has loaded filepicker.js from where base is, and picks with options into window.picked. */
async function visit(t, base, app, { body = '', options = {} } = {}) {
  const path = `/${new URL(base).host}`;
  pages.put(path, `<!doctype html><html lang="en"><title>t</title><body>${body}<script src="${path}.js"></script><script src="${base}/v2/filepicker.js"></script>`);
  pages.put(`${path}.js`, `window.filepicker = { apikey: ${JSON.stringify(app.key)} };`);
  const v = await Visit.open(t, pages.url + path);
  await v.page.evaluate((o) => { filepicker.pick(o, (file) => { window.picked = file; }, (error) => { window.picked = String(error); }); }, { ...app.sign(), ...options });
  return v;
}

/** Uploads a file, and reads it again by the script's own URL. */
async function goes(v, app, base) {
  const file = text();
  await v.choose(file);
  await v.upload();
  const picked = await until(() => v.page.evaluate(() => window.picked), 'the file was picked', 30_000);
  assert.ok(picked.url?.startsWith(`${base}/api/file/`), JSON.stringify(picked));
  const read = await v.page.evaluate(([f, o]) => new Promise((done) => { filepicker.read(f, { ...o, asText: true }, done, (error) => done(String(error))); }), [picked, app.sign()]);
  assert.equal(read, file.bytes);
  return picked;
}

test('a server that has one host, which is called www', async (t) => {
  const port = await free();
  const base = `http://www.one.localhost:${port}`;
  const stowgate = await serve(t, { args: [`--listen=127.0.0.1:${port}`, `--public-url=${base}`] });
  const app = await stowgate.app();
  const v = await visit(t, base, app);
  await goes(v, app, base);
  v.seen.clean(pages, base);
});

test('a server that has a host for each service', async (t) => {
  const stowgate = await serve(t, { args: ['--tls-listen=127.0.0.1:0', '--tls-self-signed', '--domain=fs.localhost'] });
  const cname = new URL(/"url":"(https:[^"]+)"/.exec(stowgate.log)[1]).host;
  const app = await stowgate.app();
  for (const from of ['static', 'www', 'api']) {
    const v = await visit(t, `https://${from}.${cname}`, app);
    await goes(v, app, `https://www.${cname}`);
    assert.ok(v.seen.requests.some(({ url }) => url.startsWith(`https://upload.${cname}/multipart/`)));
    v.seen.clean(pages, ...['static', 'www', 'api', 'upload', 'cloud', 'cdn'].map((name) => `https://${name}.${cname}`));
  }
});

test("in an iframe's place, with the page's style sheet, under a policy", async (t) => {
  const stowgate = await serve(t);
  const app = await stowgate.app();
  const sheets = await site(t, { host: 'localhost' });
  sheets.put('/mine.css', '.picker.picker { outline: rgb(1, 2, 3) solid 3px; }');
  pages.csp = `default-src 'none'; script-src 'self' ${stowgate.url}; connect-src ${stowgate.url}; img-src blob: ${stowgate.url}; style-src ${sheets.url}`;
  t.after(() => { pages.csp = undefined; });
  const v = await visit(t, stowgate.url, app, {
    body: '<iframe id="here" title="Files" width="640" height="480" frameborder="0"></iframe>',
    options: { container: 'here', customCss: `${sheets.url}/mine.css` },
  });
  const picker = v.page.locator('.picker').first();
  await until(() => picker.evaluate((e) => getComputedStyle(e).outlineColor === 'rgb(1, 2, 3)'), 'the style sheet counts');
  const stand = await v.page.locator('iframe + div').boundingBox();
  assert.deepEqual([stand.width, stand.height], [640, 480]);
  assert.equal(await v.page.locator('iframe').isVisible(), false);
  assert.equal(await v.page.locator('dialog[open]').count(), 0, 'it is a part of the page');
  await goes(v, app, stowgate.url);
  assert.equal(await v.page.locator('iframe').isVisible(), true, 'the iframe is back');
  assert.deepEqual(await v.page.evaluate(() => [document.querySelectorAll('iframe + div, link').length]), [0], 'and nothing else is left');
  v.seen.clean(pages, sheets, stowgate);

  for (const named of ['javascript:alert(1)', 'data:text/css,*{color:red}', '']) {
    await v.page.evaluate((o) => { filepicker.pick(o, () => {}, () => {}); }, { ...app.sign(), customCss: named });
    await v.page.locator('.fsp-picker__close-button').click();
    assert.equal(await v.page.locator('link').count(), 0);
  }
});

test('a file of another host is exported where that host allows it', async (t) => {
  const stowgate = await serve(t);
  const app = await stowgate.app();
  const other = await site(t, { host: 'localhost', headers: { 'access-control-allow-origin': '*' } });
  other.put('/in/open.txt', 'open', { headers: { 'content-type': 'text/plain' } });
  const closed = await site(t, { host: 'localhost' });
  closed.put('/closed.txt', 'closed');
  const v = await visit(t, stowgate.url, app, { options: { debug: true } });
  const exported = (url, options = {}) => v.page.evaluate(([u, o]) => new Promise((done) => {
    filepicker.exportFile(u, o, (file) => done(file.url), (error) => done(error.code));
  }), [url, options]);
  for (const [options, name] of [[{}, 'open.txt'], [{ suggestedFilename: 'mine.txt' }, 'mine.txt']]) {
    const [download, told] = await Promise.all([v.page.waitForEvent('download'), exported(`${other.url}/in/open.txt`, options)]);
    assert.deepEqual([download.suggestedFilename(), told], [name, `${other.url}/in/open.txt`]);
  }
  assert.equal(await exported(`${closed.url}/closed.txt`), 132);
  assert.equal(await exported(`${other.url}/none.txt`), 132);
});
