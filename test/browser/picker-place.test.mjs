// Where picker.js stands on a page: display modes, containers, several at once,
// what happens when the page takes its place away, strict policies, and what
// people read when the page's set-up lets nobody upload.
import assert from 'node:assert/strict';
import { test, until } from './harness.js';
import { html, png, setUp, sizeOf, text, Visit } from './picker-page.mjs';

const { stowgate, app, pages } = await setUp();
const signed = () => ({ key: app.key, security: app.sign(), base: stowgate.url });
const visit = (t, path = '/4.3.8', options) => Visit.open(t, pages.url + path, options);
const bytesOf = async ({ handle }) => Buffer.from(await (await app.read(handle)).arrayBuffer());

test('inline: a container by node, #id and bare id, and a fresh start after each pick', (t) => Promise.all(['#box', 'box', 'main', 'node'].map(async (container) => {
  const v = await visit(t);
  if (container === 'node') await v.page.evaluate(() => { window.more = { container: document.getElementById('box') }; });
  await v.begin({ ...signed(), options: { displayMode: 'inline', ...(container !== 'node' && { container }) } });
  assert.equal(await v.page.evaluate(() => document.getElementById('__filestack-picker').parentElement.id), 'box');
  for (const times of container === 'box' ? [1, 2] : [1]) {
    const file = text();
    await v.choose(file);
    await v.upload();
    const [result] = await v.heard('onUploadDone', times);
    assert.equal(String(await bytesOf(result.filesUploaded[0])), file.bytes);
    await v.page.locator('.fsp-drop-area').waitFor();
  }
  assert.deepEqual(await v.values('onClose'), []);
  await v.page.evaluate(() => picker.close());
  await v.heard('onClose');
  assert.deepEqual(await v.values('onCancel'), []);
  v.seen.clean(stowgate, pages);
})));

test('a container that is not there is named', async (t) => {
  const v = await visit(t);
  await assert.rejects(v.begin({ ...signed(), options: { displayMode: 'inline', container: '#nowhere' } }), /no element matches container "#nowhere"/);
});

test('open, close and cancel in any order are cheap and silent', async (t) => {
  const v = await visit(t);
  await v.begin({ ...signed(), closed: true });
  await v.page.evaluate(async () => {
    await picker.close();
    await picker.cancel();
    await Promise.all([picker.open(), picker.close()]);
    await Promise.all([picker.open(), picker.cancel(), picker.close()]);
  });
  assert.deepEqual(await v.calls(), []);
  assert.equal(await v.page.locator('#__filestack-picker').count(), 0);
  await v.page.evaluate(() => Promise.all([picker.open(), picker.open()]));
  assert.equal(await v.page.locator('#__filestack-picker').count(), 1);
  await v.page.evaluate(() => Promise.all([picker.close(), picker.close()]));
  assert.deepEqual(await v.order(), ['onOpen', 'onClose']);
  v.seen.clean(stowgate, pages);
});

test('a page that takes the picker away closes it', async (t) => {
  const v = await visit(t);
  const picker = (options) => v.begin({ ...signed(), options: { displayMode: 'inline', container: 'box', ...options } });
  await picker();
  await v.page.evaluate(() => document.getElementById('__filestack-picker').remove());
  await v.heard('onClose');
  await v.page.evaluate(() => picker.open());
  await v.page.evaluate(() => document.getElementById('box').replaceChildren());
  await v.heard('onClose', 2);
  await v.page.evaluate(async () => { // in a shadow tree, and with its host
    const host = document.body.appendChild(document.createElement('div'));
    const container = host.attachShadow({ mode: 'open' }).appendChild(document.createElement('section'));
    window.more = { container };
    window.host = host;
  });
  await picker();
  await v.page.evaluate(() => host.remove());
  await v.heard('onClose', 3);
  v.seen.clean(stowgate, pages);
});

test('two pickers with a rootId each', async (t) => {
  const v = await visit(t);
  const inline = { displayMode: 'inline' };
  await v.begin({ ...signed(), options: { ...inline, container: 'box', rootId: 'one' } });
  await v.page.evaluate(() => { window.first = picker; });
  await v.begin({ ...signed(), options: { ...inline, container: 'other', rootId: 'two' } });
  const files = { one: text(), two: text() };
  for (const [id, file] of Object.entries(files)) {
    await v.page.locator(`#${id} input#fsp-fileUpload`).setInputFiles({ name: file.name, mimeType: file.type, buffer: Buffer.from(file.bytes) });
  }
  for (const id of Object.keys(files)) await v.page.locator(`#${id} [data-e2e="upload"]`).click();
  await v.heard('onUploadDone', 2);
  const stored = await Promise.all((await v.values('onUploadDone')).map(async ([r]) => String(await bytesOf(r.filesUploaded[0]))));
  assert.deepEqual(stored.sort(), Object.values(files).map((f) => f.bytes).sort());
});

/** Drops files on an element, as a person would. */
const drop = (v, selector, ...files) => v.page.evaluate(({ selector, files }) => {
  const dataTransfer = new DataTransfer();
  for (const { name, type, bytes } of files) dataTransfer.items.add(new File([bytes], name, { type }));
  const element = document.querySelector(selector);
  for (const type of ['dragenter', 'dragover', 'drop']) element.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, composed: true, cancelable: true }));
}, { selector, files });

test('several drop panes on one page', async (t) => {
  const v = await visit(t);
  const pane = (container, maxFiles) => v.begin({ ...signed(), options: { displayMode: 'dropPane', container, maxFiles, accept: 'text/*', dropPane: { customText: `Drop at ${container}` } } });
  await pane('box', 2);
  await v.page.evaluate(() => { window.first = picker; });
  await pane('other', 1);
  assert.match(await v.page.locator('#box').textContent(), /Drop at box/);
  assert.equal(await v.page.locator('[id^="drop-pane-"][id$="_root"]').count(), 2);
  const files = [text('a.txt'), text('b.txt')];
  await drop(v, '#box .fsp-drop-pane__container', ...files);
  const [uploaded] = await v.heard('dropPane.onSuccess');
  assert.deepEqual(uploaded.map((file) => file.filename), ['a.txt', 'b.txt']);
  assert.deepEqual(await Promise.all(uploaded.map(async (file) => String(await bytesOf(file)))), files.map((file) => file.bytes));
  assert.deepEqual((await v.heard('onUploadDone'))[0].filesUploaded, uploaded);
  assert.deepEqual((await v.values('dropPane.onProgress')).at(-1), [100]);
  for (const name of ['dropPane.onDragEnter', 'dropPane.onDragOver', 'dropPane.onDrop']) await v.heard(name);
  await drop(v, '#other .fsp-drop-pane__container', text('c.txt'));
  assert.deepEqual((await v.heard('dropPane.onSuccess', 2))[0].map((file) => file.filename), ['c.txt']);
  await drop(v, '#other .fsp-drop-pane__container', text('d.txt')); // there is room again
  assert.deepEqual((await v.heard('dropPane.onSuccess', 3))[0].map((file) => file.filename), ['d.txt']);
  assert.equal((await v.values('onUploadDone')).length, 3, 'each drop was taken by one pane');
  await drop(v, '#other .fsp-drop-pane__container', png(2, 2));
  await until(async () => /a\.png/.test(await v.page.locator('#other').textContent()), 'the refusal is shown');
  await v.page.evaluate(() => Promise.all([first.close(), picker.close()]));
  assert.equal((await v.values('onClose')).length, 2);
  v.seen.clean(stowgate, pages);
});

test('a drop pane tells of failures, and its click may be switched off', async (t) => {
  const v = await visit(t);
  await v.context.route('**/multipart/start', (route) => route.fulfill({ status: 500, body: '{}', headers: { 'access-control-allow-origin': '*' } }));
  await v.begin({ ...signed(), options: { displayMode: 'dropPane', container: 'box', uploadConfig: { retry: 0 }, dropPane: { disableClick: true, showProgress: false, overlay: false } } });
  await v.page.locator('.fsp-drop-pane__container').click();
  await v.heard('dropPane.onClick');
  await drop(v, '.fsp-drop-pane__container', text('bad.txt'));
  assert.deepEqual((await v.heard('dropPane.onError'))[0].map((file) => file.filename), ['bad.txt']);
  assert.deepEqual((await v.heard('onUploadDone'))[0].filesUploaded, []);
  assert.deepEqual(await v.values('dropPane.onSuccess'), []);
});

test('crop opens the editor for files and for URLs', async (t) => {
  const v = await visit(t);
  await v.begin({ ...signed(), closed: true, options: { transformations: { crop: { aspectRatio: 1 } } } });
  const picture = png(100, 60);
  await v.page.evaluate((bytes) => { picker.crop([new File([new Uint8Array(bytes)], 'local.png', { type: 'image/png' })]); }, [...picture.bytes]);
  await v.page.getByRole('button', { name: 'Save' }).click();
  const [first] = await v.heard('onUploadDone');
  const [cropped] = first.filesUploaded;
  assert.deepEqual(cropped.cropped.originalImageSize, [100, 60]);
  assert.deepEqual(cropped.cropped.cropArea.size, [60, 60]);
  assert.deepEqual(sizeOf(await bytesOf(cropped)), [60, 60]);
  assert.equal((await v.heard('onFileCropped'))[0].filename, 'local.png');
  await v.heard('onClose');

  const stored = await app.store('kept.png', picture.bytes, { type: 'image/png' });
  await v.page.evaluate((url) => { picker.crop([url]); }, `${stowgate.url}/${stored.handle}`);
  await v.page.getByRole('button', { name: 'Save' }).click();
  const [second] = await v.heard('onUploadDone', 2);
  assert.deepEqual(sizeOf(await bytesOf(second.filesUploaded[0])), [60, 60]);
  v.seen.clean(stowgate, pages);
});

test('a forced crop cannot be left out', async (t) => {
  const v = await visit(t);
  await v.begin({ ...signed(), options: { maxFiles: 2, transformations: { crop: { aspectRatio: 1, force: true } } } });
  await v.choose(png(80, 40), text());
  await v.page.getByRole('button', { name: 'Cancel' }).first().click();
  await v.upload();
  assert.deepEqual(await v.values('onUploadStarted'), []);
  await v.page.getByRole('button', { name: 'Save' }).click();
  await v.upload();
  const [result] = await v.heard('onUploadDone');
  assert.deepEqual(result.filesUploaded[0].cropped.cropArea.size, [40, 40]);
  assert.equal(result.filesUploaded.length, 2);
});

test('a strict policy of the page is not violated', async (t) => {
  const strict = `default-src 'none'; script-src 'self' ${stowgate.url}; style-src 'self'; connect-src ${stowgate.url}; img-src blob: ${stowgate.url}`;
  pages.put('/strict', html('/client-4.3.8.js'), { headers: { 'content-security-policy': strict } });
  const script = `${stowgate.url}/picker/1/picker.js`;
  pages.put('/typed', html('/client-4.3.8.js').replace('<script', `<script src="${script}"></script><script`),
    { headers: { 'content-security-policy': `${strict}; require-trusted-types-for 'script'` } });
  for (const path of ['/strict', '/typed']) {
    const v = await visit(t, path);
    await v.begin({ ...signed(), options: { maxFiles: 2, imageMax: [20, 20] } });
    await v.choose(png(40, 40), text());
    await v.upload();
    const [result] = await v.heard('onUploadDone');
    assert.deepEqual(sizeOf(await bytesOf(result.filesUploaded[0])), [20, 20]);
    v.seen.clean(stowgate, pages);
  }
});

test('what people and developers read when the page cannot upload', async (t) => {
  const soon = (expiry) => ({ expiry: Math.floor(Date.now() / 1000) + expiry });
  const other = await stowgate.app({ security: 'on' });
  const off = await stowgate.app();
  await stowgate.command('app', 'set', off.key, '--disable');
  const elsewhere = await stowgate.app({ set: ['--origins', 'https://elsewhere.example'] });
  const cases = [
    ['security-required', { security: undefined }, /needs a signed policy/],
    ['policy-expired', { security: app.sign(soon(-60)) }, /permission to upload has expired/],
    ['policy-call', { security: app.sign({ call: ['read'] }) }, /does not allow uploading/],
    ['signature', { security: other.sign() }, /signature of this page does not match/],
    ['key-unknown', { key: 'AnUnknownKeyOfNobody22' }, /API key that the server does not know/],
    ['origin', { key: elsewhere.key, security: elsewhere.sign() }, /may not upload here/],
    ['app-disabled', { key: off.key, security: off.sign() }, /switched off/],
  ];
  const v = await visit(t);
  await v.begin(signed()); // a valid one shows none, and has loaded what is needed
  await v.page.evaluate(() => picker.close());
  v.seen.clean(stowgate, pages);
  for (const [code, change, words] of cases) {
    const began = Date.now();
    await v.begin({ ...signed(), ...change });
    const problem = v.page.locator('.picker__problem');
    await problem.waitFor();
    const took = Date.now() - began;
    assert.match(await problem.textContent(), words);
    assert.ok((await problem.textContent()).includes(code));
    t.diagnostic(`${code}: shown after ${took} ms`);
    await until(() => v.seen.console.some((m) => m.type === 'error' && m.text.includes(`Stowgate picker: ${code}:`)), `the console names ${code}`);
    await v.page.evaluate(() => picker.close());
  }
  assert.deepEqual(v.seen.errors, []);
});

test('a server that does not answer', async (t) => {
  const v = await visit(t);
  await v.context.route('**/prefetch', (route) => route.abort());
  await v.begin(signed());
  await v.page.locator('.picker__problem').waitFor();
  assert.match(await v.page.locator('.picker__problem').textContent(), /cannot be reached/);
  await v.context.unroute('**/prefetch');
  await v.page.getByRole('button', { name: 'Try again' }).click();
  await v.choose(text());
  await v.upload();
  await v.heard('onUploadDone');
});

test('texts and languages', async (t) => {
  const v = await visit(t);
  await v.begin({ ...signed(), options: { customText: { Upload: 'Send them off', 'My Device': 'Here' }, fromSources: ['local_file_system', 'url'] } });
  assert.equal(await v.page.locator('.fsp-source-list__label').first().textContent(), 'Here');
  await v.choose(text());
  assert.equal((await v.page.locator('[data-e2e="upload"]').textContent()).trim(), 'Send them off');
  await v.page.evaluate(() => picker.close());
  await v.begin({ ...signed(), options: { lang: 'ar' } });
  assert.equal(await v.page.locator('.fsp-picker').getAttribute('dir'), 'rtl');
});

test('what filestack-js lets through opens, and what it refuses is thrown by client.picker', async (t) => {
  const rows = [ // options, by which release, what is thrown
    [{ fromSources: 'url' }, '4.3.8', /fromSources\.filter is not a function/],
    [{ container: null }, '4.3.8', /null/],
    [{ container: {} }, '4.3.8', /Invalid picker params/],
    [{ container: 7 }, '4.3.8', /Invalid picker params/],
    [{ imageDim: [800, null], imageMax: [800, null], imageMin: [8, null] }, '4.3.8'],
    [{ imageDim: [null, 600] }, '4.3.8', /Invalid picker params/],
    [{ imageMax: [800, 600.5] }, '4.3.8'],
    [{ customAuthText: { default: { top: ['a'], bottom: ['b'] } } }, '4.3.8', /Invalid picker params/],
    [{ customAuthText: { default: { top: 'a', bottom: 'b' } } }, '4.3.8'],
    [{ dropPane: { cropFiles: true } }, '4.3.8', /Invalid picker params/],
    [{ displayMode: 'dropPane', container: 'box', dropPane: { cropFiles: [1], id: 'x' } }, '4.3.8'],
    [{ rawFile: true }, '4.3.8', /Invalid picker params/],
    [{ storeTo: { tags: {} } }, '4.3.8', /Invalid picker params/],
    [{ tags: {} }, '4.3.8', /Invalid picker params/],
    [{ googleAppOrigin: 'x' }, '3.51.6'],
    [{ googleAppOrigin: 'x' }, '4.3.8', /Invalid picker params/],
    [{ transformations: { crop: { autoCropArea: 0.5 } } }, '3.51.6'],
    [{ transformations: { crop: { autoCropArea: 0.5 } } }, '4.3.8', /Invalid picker params/],
    [{ videoResolution: 'any' }, '4.3.8'],
    [{ fromSources: ['nonsense', 'local_file_system'] }, '4.3.8'],
  ];
  const opened = { '3.51.6': await visit(t, '/3.51.6'), '4.3.8': await visit(t) };
  for (const [options, version, thrown] of rows) {
    const { page } = opened[version];
    const said = await page.evaluate(async ([config, options]) => {
      try {
        const picker = client(config).picker(options);
        await picker.open();
        await picker.close();
        return '';
      } catch (error) {
        return String(error.message);
      }
    }, [signed(), options]);
    assert.match(said, thrown ?? /^$/, JSON.stringify(options));
  }
  assert.ok(opened['4.3.8'].seen.console.some((m) => m.text.includes('Invalid source "nonsense" found and removed')));
  assert.deepEqual(opened['4.3.8'].seen.errors, []);
});
