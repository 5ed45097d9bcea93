// The elements on pages of another origin: what they send, tell and keep.
import assert from 'node:assert/strict';
import { test, until } from './harness.js';
import { hold, setUp, signed, Visit } from './elements-page.mjs';
import { png, sizeOf, text } from './picker-page.mjs';

const { stowgate, app, pages } = await setUp();
const visit = (t, markup, options) => Visit.open(t, pages, stowgate.url, markup, options);
const stored = async ({ handle }) => Buffer.from(await (await app.read(handle)).arrayBuffer());

test('the picker sends what was chosen, and tells it in order', async (t) => {
  const v = await visit(t, `<stowgate-picker ${signed(app)} max-files="2" store-path="/in/" store-container="box"></stowgate-picker>`);
  const files = [text('first.txt'), text('second.txt')];
  await v.hear('open');
  await v.choose(...files);
  assert.deepEqual(await v.selected(2), ['first.txt', 'second.txt']);
  await v.upload();
  const done = await v.hear('done');
  assert.deepEqual([done.stored.map((f) => f.name), done.failed], [['first.txt', 'second.txt'], []]);
  for (const [i, file] of done.stored.entries()) {
    assert.equal(String(await stored(file)), files[i].bytes);
    const { id, handle, key, sha256, problem, ...rest } = file;
    assert.match(id, /^[0-9a-f]{32}$/);
    assert.match(key, /^in\//);
    assert.match(sha256, /^[0-9a-f]{64}$/);
    assert.deepEqual(rest, {
      name: files[i].name, type: 'text/plain', size: files[i].bytes.length, source: 'local_file_system', path: files[i].name,
      status: 'done', file: { size: files[i].bytes.length }, url: `${stowgate.url}/${handle}`, verified: true,
    });
  }
  // Progress may be told between the two files.
  const order = (await v.order()).filter((name) => name !== 'progress');
  assert.deepEqual(order.filter((name, i) => name !== order[i - 1]), ['open', 'select', 'stored', 'done']);
  const progress = (await v.heard()).filter(([name]) => name === 'progress').at(-1)[1];
  assert.equal(progress.sent, progress.size);
  assert.ok((await v.heard()).every(([, , from]) => from === 'stowgate-picker'));
  v.seen.clean(stowgate, pages);
});

test('the button opens a dialog, has its own content, and keeps what was stored', async (t) => {
  const v = await visit(t, `<stowgate-button ${signed(app)}><b>Attach</b> a file</stowgate-button>`);
  assert.equal(await v.count('open'), 0);
  assert.ok(!v.seen.requests.some((r) => /view-/.test(r.url)), 'the views are loaded when they are needed');
  const button = v.page.getByRole('button', { name: 'Attach a file' });
  await button.click();
  await v.hear('open');
  await v.page.keyboard.press('Escape');
  await v.hear('close');
  assert.ok(await v.page.evaluate(() => document.activeElement.localName === 'stowgate-button'), 'the focus returns');
  await v.page.keyboard.press('Enter');
  await v.hear('open', 2);
  const file = text();
  await v.choose(file);
  await v.upload();
  const { stored: [one] } = await v.hear('done');
  assert.equal(String(await stored(one)), file.bytes);
  await v.hear('close', 2);
  assert.deepEqual((await v.order()).filter((name) => name !== 'progress'), ['open', 'close', 'open', 'select', 'stored', 'done', 'close']);
  assert.equal(await v.page.locator('dialog').count(), 0);
  assert.equal(await v.page.evaluate(() => document.querySelector('stowgate-button').files[0].handle), one.handle);
  v.seen.clean(stowgate, pages);
});

test('the drop pane sends at once what is dropped on it', async (t) => {
  const v = await visit(t, `<stowgate-drop ${signed(app)} max-files="5"><i slot="empty">Drop your invoices</i></stowgate-drop>`);
  await v.hear('open');
  await v.page.getByText('Drop your invoices').waitFor();
  await v.page.evaluate(() => {
    const data = new DataTransfer();
    data.items.add(new File(['dropped'], 'dropped.txt', { type: 'text/plain' }));
    const area = document.querySelector('stowgate-drop').shadowRoot.querySelector('.picker__area');
    for (const type of ['dragenter', 'dragover', 'drop']) area.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, composed: true, cancelable: true }));
  });
  const { stored: [file] } = await v.hear('done');
  assert.equal(String(await stored(file)), 'dropped');
  await v.choose(text('second.txt'));
  assert.deepEqual((await v.hear('done', 2)).stored.map((f) => f.name), ['second.txt']);
  v.seen.clean(stowgate, pages);
});

test('getPolicy is asked at the start, and again when the grant expires while uploading', async (t) => {
  const v = await visit(t, `<stowgate-picker api-key="${app.key}" max-files="2" concurrency="1"></stowgate-picker>`);
  let expiry;
  await v.context.exposeFunction('nextGrant', () => {
    if (expiry) return app.sign();
    expiry = Math.floor(Date.now() / 1000) + 4; // time enough to show the picker
    return app.sign({ expiry });
  });
  await v.page.evaluate(() => {
    window.asked = 0;
    document.querySelector('stowgate-picker').getPolicy = () => { asked++; return nextGrant(); };
    document.querySelector('stowgate-picker').apiKey += ''; // begins anew with it
  });
  await until(() => v.page.evaluate(() => asked === 1), 'getPolicy was asked');
  const release = await hold(v);
  const files = [text('1.txt'), text('2.txt')];
  await v.choose(...files);
  await v.upload();
  await until(() => Date.now() / 1000 > expiry + 1, 'the first grant has expired');
  release();
  const done = await v.hear('done');
  assert.deepEqual(await Promise.all(done.stored.map(async (f) => String(await stored(f)))), files.map((f) => f.bytes));
  assert.equal(await v.page.evaluate(() => asked), 2);
});

test('a getPolicy that fails is explained, and asked again', async (t) => {
  const v = await visit(t, `<div id="box"></div>`);
  await v.context.exposeFunction('grant', () => app.sign());
  await v.page.evaluate((key) => {
    let times = 0;
    const picker = document.createElement('stowgate-picker');
    Object.assign(picker, { apiKey: key, getPolicy: () => { if (!times++) throw new Error('the backend is down'); return grant(); } });
    document.querySelector('#box').append(picker);
  }, app.key);
  await v.page.getByText('Uploading needs a signed policy').waitFor();
  await until(() => v.seen.console.some((m) => m.type === 'error' && m.text.includes('the backend is down')), 'the console says why');
  await v.page.getByRole('button', { name: 'Try again' }).click();
  await v.page.locator('.picker__select').waitFor();
});

test('what is missing is said: the key, the policy, another server', async (t) => {
  const v = await visit(t, `<stowgate-picker id="a"></stowgate-picker><stowgate-picker id="b" api-key="${app.key}"></stowgate-picker>
    <stowgate-picker id="c" ${signed(app, { expiry: 1 })}></stowgate-picker>`);
  await v.page.locator('#a').getByText('API key').first().waitFor();
  await v.page.locator('#b').getByText('signed policy').waitFor();
  await v.page.locator('#c h3', { hasText: 'expired' }).waitFor();
  // An attribute that mends it begins anew.
  await v.page.evaluate(([key, { policy, signature }]) => {
    Object.assign(document.querySelector('#a'), { apiKey: key, policy, signature });
    Object.assign(document.querySelector('#c'), { policy, signature });
  }, [app.key, app.sign()]);
  await v.page.locator('#a .picker__select').waitFor();
  await v.page.locator('#c .picker__select').waitFor();
});

test('a form gets the entries, and waits for them', async (t) => {
  const v = await visit(t, `<form><fieldset><stowgate-picker ${signed(app)} name="doc" max-files="2" required></stowgate-picker>
    <stowgate-button ${signed(app)} name="one" form-value="handle"></stowgate-button></fieldset></form>`);
  const form = () => v.page.evaluate(() => ({
    valid: document.forms[0].checkValidity(), entries: [...new FormData(document.forms[0])],
    message: document.querySelector('stowgate-picker').validationMessage,
  }));
  await v.hear('open');
  assert.deepEqual(await form(), { valid: false, entries: [], message: 'Select Files to Upload' });
  await v.choose(text('1.txt'), text('2.txt'));
  await v.hear('select');
  assert.deepEqual(await form(), { valid: false, entries: [], message: 'The selected files are not uploaded yet.' });
  await v.upload();
  const { stored: [a, b] } = await v.hear('done');
  await until(async () => (await form()).valid, 'the form is valid');
  assert.deepEqual((await form()).entries, [['doc', a.url], ['doc', b.url]]);
  await v.page.locator('stowgate-button').click();
  await v.hear('open', 2);
  await v.page.locator('stowgate-button .picker__file-input').first().setInputFiles({ name: '3.txt', mimeType: 'text/plain', buffer: Buffer.from('three') });
  await v.page.locator('stowgate-button [data-e2e="upload"]').click();
  const { stored: [c] } = await v.hear('done', 2);
  await v.hear('close');
  assert.deepEqual((await form()).entries, [['doc', a.url], ['doc', b.url], ['one', c.handle]]);
  await v.page.evaluate(() => document.forms[0].reset());
  assert.deepEqual(await form(), { valid: false, entries: [], message: 'Select Files to Upload' });
  await v.page.evaluate(() => { document.querySelector('fieldset').disabled = true; });
  assert.deepEqual(await form(), { valid: true, entries: [], message: 'Select Files to Upload' });
  assert.ok(await v.page.evaluate(() => document.querySelector('stowgate-button').shadowRoot.querySelector('button').disabled));
  v.seen.clean(stowgate, pages);
});

test('moved it goes on, removed it ends', async (t) => {
  const v = await visit(t, `<div id="from"><stowgate-picker ${signed(app)} auto-upload></stowgate-picker></div><div id="to"></div>`);
  await v.hear('open');
  const release = await hold(v);
  await v.choose(text('moved.txt'));
  await until(() => v.page.evaluate(() => document.querySelector('stowgate-picker').files[0]?.status === 'uploading'), 'it is being sent');
  await v.page.evaluate(() => document.querySelector('#to').append(document.querySelector('stowgate-picker')));
  release();
  await v.hear('done');
  assert.equal(await v.count('open'), 1);
  assert.notEqual(await v.page.evaluate(() => getComputedStyle(document.querySelector('stowgate-picker').shadowRoot.querySelector('.picker__frame')).display), 'block', 'it keeps its styles');
  await v.page.evaluate(() => {
    window.kept = document.querySelector('stowgate-picker');
    kept.addEventListener('stowgate-close', () => { window.gone = true; });
    kept.remove();
  });
  await until(() => v.page.evaluate(() => window.gone), 'it has closed');
  assert.equal(await v.page.evaluate(() => kept.shadowRoot.querySelectorAll('.picker').length + document.querySelector('#to').childElementCount), 0);
  await v.page.evaluate(() => document.querySelector('#from').append(kept));
  await v.hear('open', 2);
  v.seen.clean(stowgate, pages);
});

test('properties set before the definition, attributes and methods', async (t) => {
  const { policy, signature } = app.sign();
  const markup = `<stowgate-picker></stowgate-picker><script>
    Object.assign(document.querySelector('stowgate-picker'), { apiKey: '${app.key}', policy: '${policy}', signature: '${signature}',
      accept: ['.txt', 'image/*'], maxFiles: 3, maxSize: '1KB', autoUpload: false, texts: { 'Select Files to Upload': 'Pick some' } });
  </script>`;
  const v = await visit(t, markup);
  await v.page.getByRole('button', { name: 'Pick some' }).waitFor();
  const attributes = await v.page.evaluate(() => {
    const picker = document.querySelector('stowgate-picker');
    return [...['api-key', 'accept', 'max-files', 'max-size', 'auto-upload'].map((name) => picker.getAttribute(name)), picker.accept, picker.maxFiles];
  });
  assert.deepEqual(attributes, [app.key, '.txt,image/*', '3', '1KB', null, ['.txt', 'image/*'], 3]);
  await v.choose(text('yes.txt', 'yes'), text('large.txt', 'x'.repeat(1025)), { name: 'no.pdf', type: 'application/pdf', bytes: '%PDF-' });
  assert.deepEqual(await v.selected(1), ['yes.txt']);
  await v.page.evaluate(() => document.querySelector('stowgate-picker').add([new File(['added'], 'added.txt', { type: 'text/plain' })]));
  assert.deepEqual(await v.selected(2), ['yes.txt', 'added.txt']);
  await v.page.evaluate(() => document.querySelector('stowgate-picker').upload());
  assert.deepEqual((await v.hear('done')).stored.map((f) => f.name), ['yes.txt', 'added.txt']);
  await v.page.evaluate(() => document.querySelector('stowgate-picker').clear());
  assert.deepEqual(await v.page.evaluate(() => document.querySelector('stowgate-picker').files), []);
  await v.page.evaluate(() => document.querySelector('stowgate-picker').close());
  await v.hear('close');
  await v.page.evaluate(() => document.querySelector('stowgate-picker').open());
  await v.hear('open', 2);
  v.seen.clean(stowgate, pages);
});

test('admit refuses and renames, tags are sent, images are made to fit', async (t) => {
  const v = await visit(t, `<div></div>`);
  await v.page.evaluate(([key, grant]) => {
    const picker = document.createElement('stowgate-picker');
    Object.assign(picker, grant, {
      apiKey: key, maxFiles: 3, imageMax: '50x50',
      admit: (file) => { if (file.name === 'no.png') throw new Error('Not this one'); return { name: `my-${file.name}` }; },
      tags: (file) => ({ of: file.name }),
    });
    document.querySelector('div').append(picker);
  }, [app.key, app.sign()]);
  await v.hear('open');
  await v.choose(png(100, 60, 'a.png'), png(4, 4, 'no.png'));
  await v.page.getByText('Not this one').first().waitFor();
  await v.upload();
  const { stored: [file] } = await v.hear('done');
  assert.equal(file.name, 'my-a.png');
  assert.deepEqual(sizeOf(await stored(file)), [50, 30]);
});

test('a failed file can be tried again, and is told', async (t) => {
  const v = await visit(t, `<stowgate-picker ${signed(app)}></stowgate-picker>`);
  let fails = 1;
  await v.context.route('**/multipart/start', (route) => (fails-- > 0
    ? route.fulfill({ status: 403, body: '{"error":"the quota is used up"}', headers: { 'access-control-allow-origin': '*' } }) : route.continue()));
  await v.hear('open');
  await v.choose(text('late.txt'));
  await v.upload();
  assert.deepEqual((await v.hear('failed')).problem.code, 'quota');
  assert.equal(await v.count('done'), 0);
  await v.page.getByRole('button', { name: 'Try again' }).first().click();
  const done = await v.hear('done');
  assert.deepEqual([done.stored.length, done.failed.length], [1, 0]);
});

test('parts and variables reach into the shadow', async (t) => {
  const v = await visit(t, `<link rel="stylesheet" href="/own.css"><stowgate-picker ${signed(app)}></stowgate-picker>`);
  pages.put('/own.css', 'stowgate-picker { --stowgate-accent: rgb(1, 2, 3); height: 500px } stowgate-picker::part(drop-area) { border-color: rgb(4, 5, 6) } button { display: none }');
  await v.page.reload();
  await v.hear('open');
  const [accent, border, height, shown] = await v.page.evaluate(() => {
    const { shadowRoot } = document.querySelector('stowgate-picker');
    const style = (selector) => getComputedStyle(shadowRoot.querySelector(selector));
    return [style('.picker__select').backgroundColor, style('.picker__area').borderTopColor, shadowRoot.querySelector('.picker__frame').offsetHeight, style('.picker__select').display];
  });
  assert.deepEqual([accent, border, height], ['rgb(1, 2, 3)', 'rgb(4, 5, 6)', 500]);
  assert.notEqual(shown, 'none');
});
