// filepicker.js: pages of Filepicker's first libraries, which load it from here.
import assert from 'node:assert/strict';
import { serve, site, test, until } from './harness.js';
import { png, sizeOf, text, Visit } from './picker-page.mjs';

const pages = await site(null);
const stowgate = await serve(null, { args: ['--fetch-allow=127.0.0.0/8', `--fetch-port=${new URL(pages.url).port}`] });
const app = await stowgate.app({ security: 'on' });
pages.put('/favicon.ico', '');

const api = `${stowgate.url}/api/file`;
const signed = () => app.sign();
const bytesOf = async (file) => Buffer.from(await (await app.read(file.url.split('/').pop())).arrayBuffer());
const attributes = () => Object.entries(signed()).map(([name, value]) => `data-fp-${name}="${value}"`).join(' ');

/** A page with these elements, which has loaded filepicker.js and set its key. */
async function visit(t, path, body = '', before = '') {
  pages.put(path, `<!doctype html><html lang="en"><title>t</title><body>${body}<script src="${path}.js"></script>
    <script src="${stowgate.url}/v2/filepicker.js"></script><script src="/legacy-page.js"></script>`);
  pages.put(`${path}.js`, `window.filepicker = { apikey: ${JSON.stringify(app.key)} }; ${before}`);
  pages.put('/legacy-page.js', `
    window.heard = [];
    window.hear = (name) => (...values) => { heard.push([name, ...values.map((value) => JSON.parse(JSON.stringify(value)))]); };
    window.answers = (name) => [hear(name), hear(name + ' failed'), hear(name + ' progress')];
    // Calls one that answers by callbacks.
    window.ask = (method, ...values) => new Promise((done) => {
      filepicker[method](...values, (value) => done(value instanceof Date ? value : value), (error) => done({ failed: error.code, words: String(error) }));
    });`);
  return Visit.open(t, pages.url + path);
}

const ask = (v, ...values) => v.page.evaluate((all) => ask(...all), values);
const heard = async (v, name) => (await until(async () => {
  const found = (await v.page.evaluate(() => heard)).filter(([called]) => called === name);
  return found.length && found;
}, `${name} was called`))[0].slice(1);

test('pick, pickMultiple and pickAndStore', async (t) => {
  const v = await visit(t, '/pick');
  const [one, two, three] = [text('one.txt'), text('two.txt'), text('three.txt')];
  await v.page.evaluate((s) => { filepicker.pick({ ...s, mimetype: 'text/*' }, ...answers('pick')); }, signed());
  await v.choose(one);
  await v.upload();
  const [file] = await heard(v, 'pick');
  assert.match(file.url, new RegExp(`^${api}/\\w+$`));
  assert.deepEqual({ ...file, url: '' }, { url: '', filename: 'one.txt', mimetype: 'text/plain', size: one.bytes.length, isWriteable: true, client: 'computer' });
  assert.equal(String(await bytesOf(file)), one.bytes);
  assert.deepEqual(await heard(v, 'pick progress'), [{ filename: 'one.txt', progress: 100 }]);

  await v.page.evaluate((s) => { filepicker.pickMultiple({ ...s, maxFiles: 2 }, ...answers('many')); }, signed());
  await v.choose(two, three);
  await v.upload();
  assert.deepEqual((await heard(v, 'many'))[0].map((f) => f.filename), ['two.txt', 'three.txt']);

  await v.page.evaluate((s) => { filepicker.pickAndStore(s, { location: 'S3', path: 'kept/', container: 'box' }, ...answers('store')); }, signed());
  await v.choose(text('kept.txt'));
  await v.upload();
  const [[kept]] = await heard(v, 'store');
  assert.match(kept.key, /^kept\/.*kept\.txt$/);
  assert.deepEqual([kept.container, kept.path], ['box', 'kept/']);
  assert.deepEqual(await v.page.evaluate(() => heard.filter(([name]) => name.endsWith('failed'))), []);
  v.seen.clean(stowgate, pages);
});

test('a closed dialog is error 101, once; what makes no sense is thrown', async (t) => {
  const v = await visit(t, '/close');
  await v.page.evaluate((s) => { window.dialog = filepicker.pick(s, ...answers('pick')); }, signed());
  await v.page.locator('.fsp-picker__close-button').click();
  assert.equal((await heard(v, 'pick failed'))[0].code, 101);
  await v.page.evaluate((s) => {
    window.dialog = filepicker.pickMultiple(s, ...answers('many'));
    dialog.close();
    dialog.close();
  }, signed());
  assert.equal((await heard(v, 'many failed'))[0].code, 101);
  assert.equal((await v.page.evaluate(() => heard)).length, 2);
  const thrown = await v.page.evaluate(() => {
    const said = (act) => {
      try { act(); } catch (error) { return error instanceof filepicker.FilepickerException && error.message; }
    };
    const all = [
      said(() => filepicker.pick({ mimetype: 'a/b', extension: '.c' }, () => {})),
      said(() => filepicker.pickAndStore({}, undefined, () => {})),
      said(() => filepicker.pickAndStore({ multiple: true }, { path: 'x' }, () => {})),
      said(() => filepicker.convert({ url: 'x' }, { nonsense: 1 })),
    ];
    delete filepicker.apikey;
    return [...all, said(() => filepicker.pick(() => {})), said(() => filepicker.store('x', () => {}))];
  });
  assert.match(thrown[0], /mimetype and extension/);
  assert.match(thrown[1], /Not all required parameters given/);
  assert.match(thrown[2], /path/);
  assert.match(thrown[3], /nonsense/);
  assert.deepEqual(thrown.slice(4), ['API Key not found', 'API Key not found']);
  v.seen.clean(stowgate, pages);
});

test('debug answers with a dummy, options may be left out', async (t) => {
  const v = await visit(t, '/debug');
  await v.page.evaluate(() => {
    filepicker.pick({ debug: true }, ...answers('one'));
    filepicker.pickMultiple({ debug: true }, ...answers('many'));
    filepicker.pick(...answers('plain')).close();
  });
  assert.deepEqual((await heard(v, 'one'))[0], { url: `${api}/1`, filename: 'test.png', mimetype: 'image/png', size: 58979, isWriteable: true, client: 'computer' });
  assert.equal((await heard(v, 'many'))[0].length, 3);
  assert.equal((await heard(v, 'plain failed'))[0].code, 101);
});

test('store, read, stat, write, convert and remove, under a signed policy', async (t) => {
  pages.put('/linked.txt', 'what is linked', { headers: { 'content-type': 'text/plain' } });
  const v = await visit(t, '/rest', '<input type="file" id="file">');
  const s = signed();
  const file = await ask(v, 'store', 'stored text ü', { ...s, filename: 'n.txt', mimetype: 'text/plain', location: 'S3', path: 'in/' });
  assert.match(file.url, new RegExp(`^${api}/\\w+$`));
  assert.deepEqual([file.filename, file.mimetype, file.size], ['n.txt', 'text/plain', 14]);
  assert.equal(String(await bytesOf(file)), 'stored text ü');

  assert.equal(await ask(v, 'read', file, { ...s, asText: true }), 'stored text ü');
  assert.equal(await ask(v, 'read', file.url, { ...s, base64encode: true }), Buffer.from('stored text ü').toString('base64'));
  assert.equal(await ask(v, 'read', file, s), Buffer.from('stored text ü').toString('latin1'));

  const stat = await v.page.evaluate(([f, o]) => new Promise((done) => {
    filepicker.stat(f, o, (data) => done({ ...data, uploaded: data.uploaded instanceof Date && Date.now() - data.uploaded < 60_000 }), done);
  }), [file, s]);
  assert.deepEqual([stat.size, stat.mimetype, stat.filename, stat.uploaded], [14, 'text/plain', 'n.txt', true]);

  await v.page.locator('#file').setInputFiles({ name: 'chosen.txt', mimeType: 'text/plain', buffer: Buffer.from('chosen') });
  const chosen = await v.page.evaluate((o) => ask('store', document.getElementById('file'), o), s);
  assert.deepEqual([chosen.filename, chosen.size], ['chosen.txt', 6]);
  const copied = await ask(v, 'store', file, { ...s, filename: 'copy.txt' });
  assert.notEqual(copied.url, file.url);
  assert.equal(String(await bytesOf(copied)), 'stored text ü');
  const linked = await ask(v, 'storeUrl', `${pages.url}/linked.txt`, s);
  assert.equal(String(await bytesOf(linked)), 'what is linked');

  const written = await ask(v, 'write', file, 'other text', s);
  assert.deepEqual([written.url, written.size], [file.url, 10]);
  assert.equal(String(await bytesOf(file)), 'other text');
  await ask(v, 'writeUrl', file, `${pages.url}/linked.txt`, s);
  assert.equal(String(await bytesOf(file)), 'what is linked');

  const picture = await app.store('p.png', png(80, 40).bytes, { type: 'image/png' });
  const small = await ask(v, 'convert', { url: picture.url, mimetype: 'image/png' }, { width: 20, ...s }, { path: 'small/' });
  assert.deepEqual(sizeOf(await bytesOf(small)), [20, 10]);
  assert.equal((await ask(v, 'convert', file, { width: 20, ...s })).failed, 142);

  await v.page.evaluate(([f, o]) => new Promise((done, failed) => { filepicker.remove(f, o, done, failed); }), [file, s]);
  assert.deepEqual((await ask(v, 'stat', file, s)).failed, 161);
  assert.deepEqual(v.seen.violations, []);
  assert.deepEqual(v.seen.strangers(stowgate, pages), []);
});

test('what goes wrong has its number', async (t) => {
  pages.put('/closed.txt', 'no page of another origin may read this');
  const other = await site(t, { host: 'localhost' });
  other.put('/closed.txt', 'closed');
  const v = await visit(t, '/wrong', '<input type="file" id="file">');
  const s = signed();
  const missing = { url: `${api}/AAAAAAAAAAAAAAAAAAAA` };
  assert.equal((await ask(v, 'store', 'x', {})).failed, 403, 'no policy');
  assert.equal((await ask(v, 'read', missing, s)).failed, 115);
  assert.equal((await ask(v, 'stat', missing, s)).failed, 161);
  assert.equal((await ask(v, 'remove', missing, s)).failed, 171);
  assert.equal((await ask(v, 'write', missing, 'x', s)).failed, 121);
  assert.equal((await ask(v, 'read', `${other.url}/closed.txt`, s)).failed, 113);
  assert.equal((await v.page.evaluate((o) => ask('store', document.getElementById('file'), o), s)).failed, 115, 'no file was chosen');
  assert.match((await ask(v, 'stat', missing, s)).words, /^FPError 161: /);
});

test('the asynchronous snippet, hostname, and a page without a policy', async (t) => {
  const v = await visit(t, '/queue', '', `
    Object.assign(filepicker, { _queue: [], custom: 'kept', hostname: ${JSON.stringify(stowgate.url)} });
    for (const method of ['setKey', 'pick', 'store']) filepicker[method] = (...values) => { filepicker._queue.push([method, values]); };
    filepicker.setKey(${JSON.stringify(app.key)});
    filepicker.pick((file) => { window.picked = file; }, (error) => { window.failed = error.code; });`);
  await v.page.locator('.picker__problem').waitFor();
  assert.match(await v.page.locator('.picker__problem').textContent(), /needs a signed policy/);
  await v.page.locator('.fsp-picker__close-button').click();
  assert.equal(await until(() => v.page.evaluate(() => window.failed), 'pick failed'), 101);
  assert.equal(await v.page.evaluate(() => filepicker.custom), 'kept');
});

test('widgets', async (t) => {
  const picture = await app.store('p.png', png(300, 200).bytes, { type: 'image/png' });
  const id = picture.url.split('/').pop();
  const v = await visit(t, '/widgets', `
    <input type="filepicker" id="one" class="mine" data-fp-button-text="Take one" ${attributes()}>
    <input type="filepicker" id="two" data-fp-multiple="true" data-fp-maxFiles="2" data-fp-store-path="w/" ${attributes()}>
    <input type="filepicker-dragdrop" id="drop" data-fp-class="pane" ${attributes()}>
    <a id="save" data-fp-url="${api}/${id}" ${attributes()}>Save</a>
    <div type="filepicker-preview" id="preview" data-fp-url="${api}/${id}" data-fp-custom-css="https://example.com/x.css" ${attributes()}></div>
    <div style="width: 203px"><img id="wide" data-fp-src="${api}/${id}" data-fp-pixel-round="20" ${attributes()} alt=""></div>`);
  await v.page.evaluate(() => {
    for (const input of document.querySelectorAll('input')) {
      input.addEventListener('change', (e) => hear(input.id)(e.fpfile, e.fpfiles, input.value));
    }
  });
  await v.page.getByRole('button', { name: 'Take one' }).click();
  assert.equal(await v.page.locator('button.mine').count(), 1);
  const file = text('w.txt');
  await v.choose(file);
  await v.upload();
  const [fpfile, fpfiles, value] = await heard(v, 'one');
  assert.deepEqual([fpfiles.length, value], [1, fpfile.url]);
  assert.equal(String(await bytesOf(fpfile)), file.bytes);

  await v.page.getByRole('button', { name: 'Pick File' }).first().click();
  await v.choose(text('1.txt'), text('2.txt'));
  await v.upload();
  const [, both, urls] = await heard(v, 'two');
  assert.equal(urls, both.map((f) => f.url).join(','));
  assert.match(both[0].key, /^w\//);

  const dropped = text('dropped.txt');
  await v.page.evaluate(({ name, type, bytes }) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([bytes], name, { type }));
    document.querySelector('.pane').dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  }, dropped);
  assert.equal(String(await bytesOf((await heard(v, 'drop'))[0])), dropped.bytes);

  const preview = new URL(await v.page.locator('#preview iframe').getAttribute('src'));
  assert.equal(preview.origin + preview.pathname, `${stowgate.url}/api/preview/${id}`);
  assert.deepEqual([...preview.searchParams.keys()], ['css', 'policy', 'signature']);

  const src = await v.page.locator('#wide').getAttribute('src');
  assert.ok(src.startsWith(`${stowgate.url}/${app.key}/resize=width:220/security=policy:`), src);
  await until(() => v.page.evaluate(() => document.getElementById('wide').naturalWidth === 220), 'the image has come as wide as it is shown');

  const [download] = await Promise.all([v.page.waitForEvent('download'), v.page.locator('#save').click()]);
  assert.equal(download.suggestedFilename(), 'p.png');
  assert.deepEqual(v.seen.errors, []);
});

test('processImage and its widget open the editor; exportFile saves; folders are not there', async (t) => {
  const picture = await app.store('p.png', png(80, 40).bytes, { type: 'image/png' });
  const id = picture.url.split('/').pop();
  const v = await visit(t, '/process', `<input type="filepicker-convert" id="convert" data-fp-url="${api}/${id}" data-fp-crop-ratio="2" ${attributes()}>`);
  await v.page.evaluate(([url, s]) => { filepicker.processImage(url, { ...s, cropRatio: 1 }, ...answers('process')); }, [picture.url, signed()]);
  await v.page.getByRole('button', { name: 'Save' }).click();
  const [made] = await heard(v, 'process');
  assert.deepEqual(sizeOf(await bytesOf(made)), [40, 40]);
  assert.deepEqual([made.converted, made.cropped.cropArea.size], [true, [40, 40]]);

  await v.page.evaluate(() => document.getElementById('convert').addEventListener('change', (e) => hear('widget')(e.fpfile)));
  await v.page.getByRole('button', { name: 'Convert File' }).click();
  await v.page.getByRole('button', { name: 'Save' }).click();
  assert.deepEqual(sizeOf(await bytesOf((await heard(v, 'widget'))[0])), [80, 40], 'saved as it was');

  const [download] = await Promise.all([
    v.page.waitForEvent('download'),
    v.page.evaluate(([url, s]) => { filepicker.exportFile({ url, filename: 'p.png' }, s, ...answers('export')); }, [picture.url, signed()]),
  ]);
  assert.equal(download.suggestedFilename(), 'p.png');
  assert.equal((await heard(v, 'export'))[0].url, `${api}/${id}`);
  await v.page.evaluate(() => { filepicker.pickFolder({}, ...answers('folder')); });
  assert.equal((await heard(v, 'folder failed'))[0].code, 102);
  assert.deepEqual(v.seen.errors, []);
});

test('makeDropPane', async (t) => {
  const v = await visit(t, '/pane', '<div id="pane">Drop here</div>');
  await v.page.evaluate((s) => {
    const one = { ...s, mimetype: 'text/*', maxSize: 100, onStart: hear('start'), onSuccess: hear('success'), onProgress: hear('progress'), onError: hear('error'), dragEnter: hear('enter') };
    const pane = document.getElementById('pane');
    hear('made')(filepicker.makeDropPane(pane, one), filepicker.makeDropPane([pane], { ...one, multiple: true, onSuccess: hear('many'), onStart: () => {}, onError: () => {} }), filepicker.makeDropPane(null, one));
  }, signed());
  assert.deepEqual(await heard(v, 'made'), [true, true, false]);
  const drop = (...files) => v.page.evaluate((all) => {
    const dataTransfer = new DataTransfer();
    for (const { name, type, bytes } of all) dataTransfer.items.add(new File([bytes], name, { type }));
    for (const type of ['dragenter', 'drop']) document.getElementById('pane').dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
  }, files);
  const file = text('p.txt');
  await drop(file);
  assert.equal(String(await bytesOf((await heard(v, 'success'))[0][0])), file.bytes);
  assert.equal((await heard(v, 'many'))[0].length, 1);
  await heard(v, 'enter');
  const errors = async () => (await v.page.evaluate(() => heard)).filter(([name]) => name === 'error').map(([, type]) => type);
  await drop(text('1.txt'), text('2.txt'));
  await until(async () => (await errors()).length === 1, 'too many');
  await drop({ name: 'x.bin', type: 'application/x', bytes: 'x' });
  await until(async () => (await errors()).length === 2, 'wrong type');
  await drop(text('long.txt', 'x'.repeat(101)));
  await until(async () => (await errors()).length === 3, 'wrong size');
  await drop();
  await until(async () => (await errors()).length === 4, 'nothing');
  assert.deepEqual(await errors(), ['TooManyFiles', 'WrongType', 'WrongSize', 'NoFilesFound']);
  await v.page.evaluate(() => document.getElementById('pane').setAttribute('disabled', 'disabled'));
  await drop(text());
  assert.equal((await errors()).length, 4);
  v.seen.clean(stowgate, pages);
});
