// The viewer's page in a browser: what it shows, how it is used, and that
// nothing in a file or its name does anything there.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { test, serve, site, soak, open, until, corpora } from './harness.js';

const stowgate = await serve(null);

/** Signed for looking at files. */
const look = { call: ['read', 'convert'] };

/** view returns the address of the page about a stored file. */
const view = (app, file, { css = '', policy = look } = {}) => {
  const { policy: p, signature } = app.sign(policy);
  return `${stowgate.url}/preview${css && `=css:${encodeURIComponent(`"${css}"`)}`}/security=policy:${p},signature:${signature}/${file.handle}`;
};

/** png returns a picture of one colour. */
function png(width, height, [r, g, b] = [200, 30, 30]) {
  const crcs = Array.from({ length: 256 }, (_, n) => {
    for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
    return n >>> 0;
  });
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const sum = ~body.reduce((crc, byte) => crcs[(crc ^ byte) & 255] ^ (crc >>> 8), ~0);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length);
    body.copy(out, 4);
    out.writeInt32BE(sum | 0, body.length + 4);
    return out;
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(width * 3, Buffer.from([r, g, b]))]);
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head),
    chunk('IDAT', deflateSync(Buffer.concat(Array.from({ length: height }, () => row)))), chunk('IEND', Buffer.alloc(0))]);
}

/** pdf returns a document of empty pages. */
function pdf(pages) {
  const kids = Array.from({ length: pages }, (_, i) => `${i + 3} 0 R`).join(' ');
  const objects = ['<< /Type /Catalog /Pages 2 0 R >>', `<< /Type /Pages /Kids [${kids}] /Count ${pages} >>`,
    ...Array(pages).fill('<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 400] >>')];
  let text = '%PDF-1.4\n';
  const at = objects.map((body, i) => {
    const start = text.length;
    text += `${i + 1} 0 obj\n${body}\nendobj\n`;
    return start;
  });
  const table = text.length;
  text += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${at.map((n) => `${String(n).padStart(10, '0')} 00000 n \n`).join('')}`;
  return `${text}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R >>\nstartxref\n${table}\n%%EOF\n`;
}

const zoom = (page) => page.locator('.viewer__zoom').textContent();

/** place returns where the picture is on the page. */
const place = (page) => page.locator('.viewer__image').boundingBox();

test('a picture is zoomed and moved by buttons, keys, wheel and fingers', async (t) => {
  const app = await stowgate.app();
  const file = await app.store('red.png', png(1600, 800));
  const { page, context, seen } = await open(t, view(app, file), { viewport: { width: 800, height: 600 }, hasTouch: true });
  await page.locator('.viewer__stage--live').waitFor();
  assert.equal(await page.title(), 'red.png');
  assert.equal(await zoom(page), '50 %');
  const fitted = await place(page);
  assert.ok(Math.abs(fitted.width - 800) < 1 && Math.abs(fitted.x) < 1, JSON.stringify(fitted));

  await page.getByRole('button', { name: 'Zoom in' }).click();
  assert.equal(await zoom(page), '63 %');
  await page.getByRole('button', { name: 'Original size' }).click();
  assert.equal(await zoom(page), '100 %');
  const stage = page.locator('.viewer__stage');
  await stage.focus();
  await page.keyboard.press('ArrowRight');
  assert.equal((await place(page)).x, -448);
  for (let i = 0; i < 30; i++) await page.keyboard.press('ArrowRight');
  assert.equal((await place(page)).x, -800, 'the picture stays in sight');
  await page.keyboard.press('0');
  assert.equal(await zoom(page), '50 %');
  await page.keyboard.press('-');
  assert.equal(await zoom(page), '50 %', 'no smaller than the window');
  for (let i = 0; i < 30; i++) await page.keyboard.press('+');
  assert.equal(await zoom(page), '3200 %');
  await page.keyboard.press('1');
  assert.equal(await zoom(page), '100 %');

  await page.keyboard.press('0');
  const box = await stage.boundingBox();
  const at = { x: box.x + 200, y: box.y + box.height / 2 };
  await page.mouse.move(at.x, at.y);
  const under = async () => (at.x - (await place(page)).x) / (await place(page)).width;
  const before = await under();
  await page.mouse.wheel(0, -300);
  await until(async () => await zoom(page) === '98 %', 'the wheel to zoom');
  assert.ok(Math.abs(await under() - before) < 0.01, 'what is under the mouse stays there');
  await page.mouse.down();
  await page.mouse.move(at.x - 50, at.y, { steps: 3 });
  await page.mouse.up();
  const moved = await place(page);
  await page.mouse.move(at.x + 90, at.y);
  assert.deepEqual(await place(page), moved, 'a mouse without its button moves nothing');
  await page.mouse.dblclick(at.x, at.y);
  assert.equal(await zoom(page), '50 %');

  const device = await context.newCDPSession(page);
  const touch = (type, ...points) => device.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
  await touch('touchStart', [at.x, at.y], [at.x + 100, at.y]);
  await touch('touchMove', [at.x - 50, at.y], [at.x + 150, at.y]);
  await touch('touchEnd');
  await until(async () => await zoom(page) === '100 %', 'two fingers to double the size');

  await page.setViewportSize({ width: 320, height: 480 });
  await page.getByRole('button', { name: 'Fit' }).click();
  assert.equal(await zoom(page), '20 %');
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= 320), 'nothing is wider than 320 pixels');
  await page.setViewportSize({ width: 640, height: 480 });
  await until(async () => await zoom(page) === '40 %', 'the picture to follow the window');
  seen.clean(stowgate);
});

test('#zoom is how large a picture is at first', async (t) => {
  const app = await stowgate.app();
  const file = await app.store('red.png', png(1600, 800));
  const { page } = await open(t, `${view(app, file)}#page=2&zoom=200`);
  await page.locator('.viewer__stage--live').waitFor();
  assert.equal(await zoom(page), '200 %');
});

test('a TIFF is shown as a picture that the server makes of it', async (t) => {
  const folder = corpora(t, 'tiff-valid');
  if (!folder) return;
  const app = await stowgate.app();
  const file = await app.store('scan.tiff', readFileSync(join(folder, 'rgb-3c-8b.tiff')));
  const { page, seen } = await open(t, view(app, file));
  await page.locator('.viewer__stage--live').waitFor();
  assert.ok(await page.locator('.viewer__image').evaluate((image) => image.naturalWidth > 100));
  seen.clean(stowgate);
});

test('text is text, whatever it says, and long ones come in portions', async (t) => {
  const app = await stowgate.app();
  const line = 'Grüße 日本 <b>not bold</b> & <img src=x onerror=alert(1)>\n';
  const body = line.repeat(Math.ceil(2.5 * 2 ** 20 / Buffer.byteLength(line)));
  const file = await app.store('long.txt', body);
  const { page, seen } = await open(t, view(app, file));
  const more = page.getByRole('button', { name: 'Show more' });
  await more.waitFor();
  const text = page.locator('.viewer__text');
  const shown = () => text.evaluate((box) => [...box.querySelectorAll('.viewer__piece')].map((p) => p.textContent).join(''));
  assert.ok(body.startsWith(await shown()) && (await shown()).length > 5e5);
  await more.click();
  await until(async () => (await shown()).length > 1.3e6 && await more.isVisible(), 'the second portion');
  await more.click();
  await until(async () => await shown() === body, 'all of the text');
  assert.equal(await more.count(), 0);
  assert.equal(await text.locator('b, img').count(), 0);
  assert.equal(await page.evaluate(() => document.activeElement.className), 'viewer__text', 'the keyboard scrolls');
  seen.clean(stowgate);
});

test('texts in other encodings, empty ones, and long lines', async (t) => {
  const app = await stowgate.app();
  const { page, seen } = await open(t);
  const long = 'x'.repeat(300_000) + '😀'.repeat(50_000);
  for (const [body, want] of [
    [Buffer.from('\ufeffGrüße\n日本', 'utf16le'), 'Grüße\n日本'],
    [long, long],
    [Buffer.from('caf\xe9', 'latin1'), 'caf\ufffd'],
  ]) {
    await page.goto(view(app, await app.store('t.txt', body)));
    await until(() => page.locator('.viewer__text').evaluate((box, w) => box.textContent === w, want), `${want.slice(0, 20)} to be shown`);
  }
  seen.clean(stowgate);
});

test('a PDF is shown by the browser, at the page and zoom that are asked for', async (t) => {
  const app = await stowgate.app();
  const { page, seen } = await open(t, `${view(app, await app.store('three.pdf', pdf(3)))}#page=2&zoom=100&evil=1`);
  if (await page.evaluate(() => navigator.pdfViewerEnabled)) {
    const frame = page.locator('iframe.viewer__frame');
    await frame.waitFor();
    assert.match(await frame.getAttribute('src'), /^blob:.*#page=2&zoom=100$/);
    assert.equal(await frame.getAttribute('title'), 'three.pdf');
    // First it is the frame's address, then what the browser's viewer opens there.
    await until(() => seen.requests.filter(({ url }) => url.startsWith('blob:')).length === 2, 'the document to be read');
    assert.deepEqual(seen.violations, []);
  } else {
    await page.getByText('This browser shows no PDF documents').waitFor();
  }
  const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download' }).click()]);
  assert.equal(saved.suggestedFilename(), 'three.pdf');
  seen.downloads.length = 0;
  assert.deepEqual([seen.errors, seen.dialogs, seen.strangers(stowgate)], [[], [], []]);
});

test('a web page is shown, and does nothing', async (t) => {
  const app = await stowgate.app();
  const outside = await site(t);
  const body = `<!doctype html><h1 style="color: rgb(1, 2, 3)">Hello</h1><script>document.title = 'ran'; parent.document.title = 'ran'; alert(1)</script>
    <img src="${outside.url}/spy.png" onerror="alert(2)"><link rel=stylesheet href="${outside.url}/spy.css"><iframe src="${outside.url}/frame"></iframe>
    <form action="${outside.url}/form"><button id=go>Go</button></form><a target=_top href="${outside.url}/top">top</a><a href="${outside.url}/self">self</a>
    <meta http-equiv=refresh content="0;url=${outside.url}/refresh">`;
  const { page, seen } = await open(t, view(app, await app.store('page.html', body, { type: 'text/html' })));
  const inner = page.frameLocator('iframe.viewer__frame');
  assert.equal(await inner.locator('h1').evaluate((h1) => getComputedStyle(h1).color), 'rgb(1, 2, 3)');
  for (const what of ['#go', 'text=top', 'text=self']) await inner.locator(what).click().catch(() => {});
  await page.waitForTimeout(300);
  assert.equal(await page.title(), 'page.html');
  assert.equal(page.url().startsWith(stowgate.url), true);
  assert.deepEqual([seen.dialogs, seen.popups, seen.errors, seen.strangers(stowgate), outside.hits], [[], [], [], [], []]);
});

test('drawings and names from the corpora do nothing', { timeout: soak ? 1_800_000 : 300_000 }, async (t) => {
  const drawings = corpora(t, 'svg-own');
  const strings = corpora(t, 'xss-strings');
  if (!drawings || !strings) return;
  const app = await stowgate.app({ security: 'off' });
  const { page, seen } = await open(t);
  // Those that only take long do so wherever a browser draws them.
  for (const name of readdirSync(drawings).filter((n) => !/laughs|huge|many|1e9|inflates/.test(n))) {
    const file = await app.store(name, readFileSync(join(drawings, name)));
    await page.goto(`${stowgate.url}/preview/${file.handle}`);
    await page.waitForTimeout(30);
    assert.equal(await page.title(), name);
  }
  const all = readFileSync(join(strings, 'xss-payload-list.txt'), 'utf8');
  const text = await app.store('all.txt', `Strings\n${all}`, { type: 'text/plain' });
  await page.goto(`${stowgate.url}/preview/${text.handle}`);
  await until(() => page.locator('.viewer__text').evaluate((box, want) => box.textContent === want, `Strings\n${all}`), 'all of them are shown as text', 30_000);
  // Names have no room for a slash, which these strings are full of: they are tried as text as well. Package viewer
  // tries all of them in the markup of the page.
  for (const string of all.split('\n').filter(Boolean).slice(0, soak ? undefined : 60)) {
    const file = await app.store(string, string, { type: 'text/plain' });
    await page.goto(`${stowgate.url}/preview/${file.handle}`);
    assert.equal(await page.evaluate(() => document.scripts.length), 1, string);
  }
  await page.waitForTimeout(200);
  assert.deepEqual([seen.dialogs, seen.popups, seen.errors, seen.strangers(stowgate)], [[], [], [], []]);
});

test('sound, moving pictures and what cannot be shown', async (t) => {
  const app = await stowgate.app();
  const { page, seen } = await open(t);
  const samples = 8000;
  const wav = Buffer.alloc(44 + samples, 128);
  wav.write('RIFF'); wav.writeUInt32LE(36 + samples, 4); wav.write('WAVEfmt ', 8); wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20); wav.writeUInt16LE(1, 22); wav.writeUInt32LE(8000, 24); wav.writeUInt32LE(8000, 28);
  wav.writeUInt16LE(1, 32); wav.writeUInt16LE(8, 34); wav.write('data', 36); wav.writeUInt32LE(samples, 40);
  await page.goto(view(app, await app.store('beep.wav', wav)));
  await until(() => page.locator('audio').evaluate((a) => a.duration === 1), 'a second of sound');
  seen.clean(stowgate);
  seen.clear();

  await page.goto(view(app, await app.store('broken.webm', Buffer.from('\x1aE\xdf\xa3\x42\x82\x84webm broken', 'latin1'))));
  await page.getByText('This browser cannot show the file').waitFor();
  await page.goto(view(app, await app.store('b.bin', Buffer.from([0, 1, 2, 3]))));
  await page.getByRole('heading', { name: 'This kind of file cannot be shown here' }).waitFor();
  await page.goto(view(app, await app.store('broken.png', png(10, 10).subarray(0, 40))));
  await page.getByText('This browser cannot show the file').waitFor();
  assert.deepEqual([seen.violations, seen.strangers(stowgate)], [[], []]);
});

test('a refusal is explained', async (t) => {
  const app = await stowgate.app();
  const file = await app.store('n.txt', 'hello');
  const { page } = await open(t);
  for (const [url, text] of [
    [view(app, file, { policy: { ...look, expiry: 1700000000 } }), 'has expired'],
    [view(app, file, { policy: { call: ['store'] } }), 'must list the calls read and convert'],
    [`${stowgate.url}/preview/${file.handle}`, 'the address carries none'],
    [`${stowgate.url}/preview/AAAAAAAAAAAAAAAAAAAA`, 'There is no such file'],
  ]) {
    await page.goto(url);
    await page.getByText(text).waitFor();
    assert.equal((await page.locator('body').textContent()).includes('n.txt'), false);
  }
});

test('page, script and refusal speak the language of the reader', async (t) => {
  const app = await stowgate.app();
  const picture = await app.store('red.png', png(40, 30));
  const broken = await app.store('broken.png', png(40, 30).subarray(0, 40));
  for (const [locale, dir, download, cannot, none] of [
    ['de-AT', 'ltr', 'Herunterladen', 'Dieser Browser kann die Datei nicht anzeigen', 'Diese Datei gibt es nicht'],
    ['ar', 'rtl', 'تنزيل', 'لا يستطيع هذا المتصفح عرض الملف', 'لا يوجد ملف كهذا'],
  ]) {
    const { page, seen } = await open(t, view(app, picture), { locale });
    await page.locator('.viewer__stage--live').waitFor();
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).direction), dir);
    assert.equal(await page.locator('.viewer__download').textContent(), download);
    const [name, button] = await Promise.all(['.viewer__name', '.viewer__download'].map((of) => page.locator(of).boundingBox()));
    assert.equal(name.x < button.x, dir === 'ltr', 'it reads from the other side');
    seen.clean(stowgate);
    await page.goto(view(app, broken));
    await page.getByText(cannot).waitFor();
    await page.goto(`${stowgate.url}/preview/AAAAAAAAAAAAAAAAAAAA`);
    await page.getByText(none).waitFor();
  }
});

test('filestack-js opens it in a frame and in a window, with a style sheet', async (t) => {
  const app = await stowgate.app();
  const pages = await site(t, { host: 'localhost' });
  pages.put('/theme.css', '.viewer__bar { background: rgb(1, 2, 3) !important; }', { headers: { 'content-type': 'text/css' } });
  pages.put('/favicon.ico', '');
  pages.file('/client.js', 'node_modules/filestack-js-4/build/browser/filestack.min.js');
  pages.put('/', '<!doctype html><title>t</title><div id=here style="width: 600px; height: 400px"></div><script src=/client.js></script>');
  const file = await app.store('red.png', png(40, 30));
  const { page, context, seen } = await open(t, pages.url);
  await page.evaluate(({ key, security, url, handle, css }) => {
    const client = window.client = filestack.init(key, { security });
    Object.assign(client.session.urls, { cdnUrl: url });
    client.preview(handle, { id: 'here', css });
  }, { key: app.key, security: app.sign(look), url: stowgate.url, handle: file.handle, css: `${pages.url}/theme.css` });
  const inner = page.frameLocator('#here iframe');
  await inner.locator('.viewer__stage--live').waitFor();
  assert.equal(await inner.locator('.viewer__bar').evaluate((bar) => getComputedStyle(bar).backgroundColor), 'rgb(1, 2, 3)');
  seen.clean(stowgate, pages);

  const [popup] = await Promise.all([context.waitForEvent('page'), page.evaluate((handle) => { window.client.preview(handle); }, file.handle)]);
  await popup.locator('.viewer__stage--live').waitFor();
  assert.equal(await popup.title(), 'red.png');

  // An app that lists its pages lets no others frame its files.
  await stowgate.command('app', 'set', app.key, '--origins', 'https://shop.example');
  await until(async () => (await fetch(view(app, file))).headers.get('content-security-policy').includes('shop.example'), 'the change to be seen');
  const other = await open(t, pages.url);
  await other.page.evaluate((url) => {
    const frame = document.createElement('iframe');
    frame.src = url;
    document.getElementById('here').append(frame);
  }, view(app, file));
  await until(() => other.seen.console.some((m) => /frame-ancestors/.test(m.text)), 'the frame to be refused');
});

test('no finding of axe, light and dark', async (t) => {
  const axe = 'node_modules/axe-core/axe.min.js';
  if (!existsSync(axe)) return t.skip('axe-core is not installed');
  const app = await stowgate.app();
  const red = await app.store('red.png', png(400, 300));
  const { page } = await open(t, undefined, { bypassCSP: true });
  for (const [url, shown] of [
    [view(app, red), '.viewer__stage--live'], [view(app, await app.store('n.txt', 'hello')), '.viewer__piece'],
    [view(app, await app.store('p.html', '<!doctype html><title>t</title><p>hello')), '.viewer__frame'],
    [view(app, await app.store('b.bin', Buffer.from([0, 1, 2, 3]))), '.viewer__notice'], [`${stowgate.url}/preview/${red.handle}`, '.viewer__notice'],
  ]) {
    await page.emulateMedia({ colorScheme: 'light' });
    await page.goto(url);
    await page.locator(shown).first().waitFor();
    await page.addScriptTag({ path: axe });
    const look = async (options) => (await page.evaluate((o) => axe.run(o), options)).violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`);
    assert.deepEqual(await look({}), [], `light ${url}`);
    await page.emulateMedia({ colorScheme: 'dark' });
    assert.deepEqual(await look({ runOnly: ['color-contrast'] }), [], `dark ${url}`);
  }
});
