// What a page hears from picker.js, and in which order: callbacks, file
// objects, options that change the flow, and what must not change it.
import assert from 'node:assert/strict';
import { test, until } from './harness.js';
import { html, png, setUp, sizeOf, text, Visit } from './picker-page.mjs';

const { stowgate, app, pages } = await setUp();
const signed = () => ({ key: app.key, security: app.sign(), base: stowgate.url });
const visit = (t, path = '/4.3.8') => Visit.open(t, pages.url + path);
const bytesOf = async ({ handle }) => Buffer.from(await (await app.read(handle)).arrayBuffer());

test('the callbacks of local files, their order and what they get', async (t) => {
  const v = await visit(t);
  const files = [text('first.txt'), text('second.txt')];
  await v.page.evaluate(() => {
    window.more = {
      uploadConfig: {
        tags: { fixed: 'yes', made: (file) => `of ${file.filename}` }, onProgress: record('uploadConfig.onProgress'), retry: 0,
      },
    };
  });
  const options = { maxFiles: 2, concurrency: 1, storeTo: { path: '/in/', container: 'box', access: 'public' } };
  await v.begin({ ...signed(), options });
  await v.choose(...files);
  await v.upload();
  const [result] = await v.heard('onUploadDone');
  await v.heard('onClose');
  const order = (await v.order()).filter((name) => !name.includes('Progress'));
  const ofFile = (name) => name === 'onFileUploadStarted' || name === 'onFileUploadFinished';
  assert.deepEqual(order.filter((name) => !ofFile(name) && name !== 'upload.start'), ['onOpen', 'onFileSelected', 'onUploadStarted', 'onUploadDone', 'onClose']);
  assert.equal(order.filter((name) => name === 'upload.start').length, 2);
  // A file may begin while the sum of the one before is still made.
  for (const { name } of files) {
    const told = (await v.calls()).filter(([event, file]) => ofFile(event) && file.filename === name).map(([event]) => event);
    assert.deepEqual(told, ['onFileUploadStarted', 'onFileUploadFinished'], name);
  }
  assert.ok(order.indexOf('onUploadStarted') < order.indexOf('upload.start') && order.lastIndexOf('onFileUploadFinished') < order.indexOf('onUploadDone'));
  assert.deepEqual((await v.heard('onFileSelected'))[0].name, 'first.txt');

  assert.deepEqual(result.filesFailed, []);
  for (const [i, file] of result.filesUploaded.entries()) {
    const { uploadId, handle, key, sha256, ...rest } = file;
    assert.match(uploadId, /^[0-9a-f]{32}$/);
    assert.match(key, /^in\/.+_?(first|second)\.txt$/);
    assert.match(sha256, /^[0-9a-f]{64}$/);
    assert.deepEqual(rest, {
      filename: files[i].name, mimetype: 'text/plain', size: files[i].bytes.length, source: 'local_file_system', originalPath: files[i].name,
      originalFile: { name: files[i].name, type: 'text/plain', size: files[i].bytes.length },
      url: `${stowgate.url}/${handle}`, status: 'Stored', container: 'box', uploadTags: { fixed: 'yes', made: `of ${files[i].name}` },
    });
    assert.equal(String(await bytesOf(file)), files[i].bytes);
  }
  const [started, token] = await v.heard('onFileUploadStarted');
  assert.equal(started.handle, undefined);
  assert.deepEqual(token, { pause: 'function', resume: 'function', cancel: 'function' });
  const progress = (await v.values('onFileUploadProgress')).filter(([file]) => file.filename === 'second.txt');
  assert.deepEqual(progress.at(-1)[1], { totalPercent: 100, totalBytes: files[1].bytes.length });
  assert.ok((await v.values('uploadConfig.onProgress')).some(([event]) => event.totalPercent === 100));
  assert.deepEqual([...new Set((await v.calls()).flat().map((value) => value?.uploadId).filter(Boolean))], result.filesUploaded.map((f) => f.uploadId));
  v.seen.clean(stowgate, pages);
});

test('a link is imported by the server', async (t) => {
  pages.put('/some/linked.txt', 'what is linked', { headers: { 'content-type': 'text/plain' } });
  const v = await visit(t);
  await v.begin({ ...signed(), options: { fromSources: ['url'] } });
  await v.page.locator('.fsp-url-source__input').fill(`${pages.url}/some/linked.txt`);
  await v.page.locator('.fsp-url-source__submit-button').click();
  await v.upload();
  const [result] = await v.heard('onUploadDone');
  const [file] = result.filesUploaded;
  assert.deepEqual([file.source, file.filename, file.originalPath, file.originalFile], ['url', 'linked.txt', `${pages.url}/some/linked.txt`, undefined]);
  assert.equal(String(await bytesOf(file)), 'what is linked');
  assert.ok(!(await v.heard('onFileUploadStarted'))[1], 'a token is for local files only');
  assert.equal((await v.values('onFileUploadProgress')).length, 0, 'progress is told of local files only');
});

test('a custom source', async (t) => {
  pages.put('/some/other.txt', 'another', { headers: { 'content-type': 'text/plain' } });
  const v = await visit(t);
  await v.page.evaluate((link) => {
    window.more = {
      fromSources: ['local_file_system', {
        name: 'notes', label: 'My notes', icon: '<svg viewBox="0 0 1 1"><script>alert(1)</script><path d="M0 0h1"/></svg>',
        unmounted: record('unmounted'),
        async mounted(element, actions) {
          const looked = await actions.metadata(link);
          await actions.addRawFile(new File(['a note'], 'note.txt', { type: 'text/plain' }));
          await actions.addCustomUrl({ url: link, filename: 'named.txt', type: 'text/plain', size: 7 });
          record('added')(looked.filename, actions.count, actions.filesList.map((file) => file.filename), element.childElementCount);
          actions.showSummaryView();
          actions.startUploading();
        },
      }],
    };
  }, `${pages.url}/some/other.txt`);
  await v.begin({ ...signed(), options: { maxFiles: 5 } });
  await v.page.locator('.fsp-source-list__label[title="My notes"]').click();
  const [result] = await v.heard('onUploadDone');
  assert.deepEqual(await v.heard('added'), ['other.txt', 2, ['note.txt', 'named.txt'], 0]);
  assert.deepEqual(result.filesUploaded.map((file) => [file.filename, file.source]), [['note.txt', 'notes'], ['named.txt', 'notes']]);
  await v.heard('unmounted');
  v.seen.clean(stowgate, pages);
});

test('onFileSelected and acceptFn refuse and rename', async (t) => {
  const v = await visit(t);
  await v.page.evaluate(() => {
    window.more = {
      onFileSelected: async (file) => {
        if (file.filename === 'no.txt') throw new Error('Not this one, please');
        return { ...file, name: `renamed-${file.filename}` };
      },
      acceptFn: async (file, { accept, acceptMime, mimeFromMagicBytes, mimeFromExtension }) => {
        record('acceptFn')(accept, acceptMime, await mimeFromMagicBytes(file.originalFile), mimeFromExtension(file.filename), file.originalFile);
        if (file.filename === 'fake.png') return Promise.reject('That is no picture');
      },
    };
  });
  await v.begin({ ...signed(), without: ['onFileSelected'], options: { maxFiles: 3, accept: ['.txt', 'image/*'] } });
  await v.choose(png(4, 4, 'fake.png'), text('no.txt'), text('yes.txt'), { name: 'x.pdf', type: 'application/pdf', bytes: '%PDF-' });
  const picker = v.page.locator('#__filestack-picker');
  await until(async () => {
    const shown = await picker.textContent();
    return shown.includes('Not this one, please') && shown.includes('That is no picture') && shown.includes('x.pdf');
  }, 'the refusals are shown');
  await v.upload();
  const [result] = await v.heard('onUploadDone');
  assert.deepEqual(result.filesUploaded.map((file) => file.filename), ['renamed-yes.txt']);
  assert.deepEqual((await v.values('acceptFn'))[0], [['.txt', 'image/*'], ['text/plain', 'image/*'], 'image/png', 'image/png', { File: 'fake.png' }]);
});

test('callbacks that throw or reject change nothing, and are reported', async (t) => {
  const v = await visit(t);
  await v.page.evaluate(() => {
    const boom = (name) => (...values) => {
      record(name)(...values);
      throw new Error(`boom in ${name}`);
    };
    window.more = {
      ...Object.fromEntries(['onOpen', 'onUploadStarted', 'onFileUploadStarted', 'onFileUploadFinished', 'onUploadDone', 'onClose'].map((n) => [n, boom(n)])),
      onFileUploadProgress: () => Promise.reject(new Error('boom in onFileUploadProgress')),
    };
  });
  await v.begin(signed());
  const file = text();
  await v.choose(file);
  await v.upload();
  await v.heard('onClose');
  assert.equal((await v.values('onUploadDone')).length, 1);
  assert.equal(String(await bytesOf((await v.heard('onUploadDone'))[0].filesUploaded[0])), file.bytes);
  for (const name of ['onOpen', 'onUploadStarted', 'onFileUploadStarted', 'onFileUploadFinished', 'onFileUploadProgress', 'onUploadDone', 'onClose']) {
    await until(() => v.seen.console.some((m) => m.type === 'error' && m.text.includes(`boom in ${name}`)), `${name} is reported`);
  }
  assert.deepEqual(v.seen.errors, []);
});

test('a failed upload', async (t) => {
  const v = await visit(t);
  await v.context.route('**/multipart/start', (route) => route.fulfill({ status: 500, body: '{}', headers: { 'access-control-allow-origin': '*' } }));
  await v.begin({ ...signed(), options: { uploadConfig: { retry: 0 } } });
  await v.choose(text('lost.txt'));
  await v.upload();
  const [result] = await v.heard('onUploadDone');
  assert.deepEqual(result.filesUploaded, []);
  assert.equal(result.filesFailed[0].filename, 'lost.txt');
  assert.equal(result.filesFailed[0].handle, undefined);
  assert.equal(typeof result.filesFailed[0].error, 'string');
  const [file, error] = await v.heard('onFileUploadFailed');
  assert.deepEqual([file.filename, error.code], ['lost.txt', 'server']);
  assert.equal((await v.heard('upload.error'))[0].code, 'server');
  await v.heard('onClose');
});

test('a failed upload is tried again by the person with allowManualRetry, and retries are told', async (t) => {
  const v = await visit(t);
  let fails = 2;
  await v.context.route('**/multipart/start', (route) => (fails-- > 0
    ? route.fulfill({ status: 500, body: '{}', headers: { 'access-control-allow-origin': '*' } }) : route.continue()));
  await v.page.evaluate(() => { window.more = { uploadConfig: { retry: 1, retryMaxTime: 50, onRetry: record('onRetry') } }; });
  await v.begin({ ...signed(), options: { allowManualRetry: true } });
  const file = text('late.txt');
  await v.choose(file);
  await v.upload();
  await v.heard('onFileUploadFailed');
  assert.deepEqual(await v.heard('onRetry'), [{ filename: 'late.txt', attempt: 1 }]);
  assert.deepEqual(await v.values('onUploadDone'), []);
  await v.page.getByRole('button', { name: 'Try again' }).first().click();
  const [result] = await v.heard('onUploadDone');
  assert.equal(String(await bytesOf(result.filesUploaded[0])), file.bytes);
});

/** Holds the bytes of uploads back until the returned function is called. */
async function hold(v) {
  let release;
  const held = new Promise((done) => { release = done; });
  await v.context.route((url) => /\/multipart\/upload/.test(url.pathname), async (route) => {
    await held;
    await route.continue().catch(() => {});
  });
  return release;
}

test('cancel ends running uploads; the page hears of it once', async (t) => {
  const v = await visit(t);
  const release = await hold(v);
  await v.begin(signed());
  await v.choose(text('slow.txt'));
  await v.upload();
  await v.heard('onFileUploadStarted');
  await v.page.evaluate(async () => {
    await picker.cancel();
    await picker.cancel();
    await picker.close();
  });
  release();
  assert.deepEqual((await v.order()).slice(-3), ['onFileUploadCancel', 'onCancel', 'onClose']);
  assert.deepEqual(await v.heard('onCancel'), [{ filesUploaded: [], filesFailed: [] }]);
  assert.equal(await v.page.locator('#__filestack-picker').count(), 0);
  await v.page.evaluate(() => picker.open()); // starts with an empty selection
  assert.equal(await v.page.locator('.fsp-summary__item').count(), 0);
});

test('a person who cancels all uploads may choose again', async (t) => {
  const v = await visit(t);
  const release = await hold(v);
  await v.begin(signed());
  await v.choose(text('regretted.txt'));
  await v.upload();
  await v.heard('onFileUploadStarted');
  await v.page.getByRole('button', { name: 'Cancel' }).first().click();
  await v.heard('onCancel');
  release();
  assert.deepEqual((await v.order()).slice(-2), ['onFileUploadCancel', 'onCancel']);
  assert.equal(await v.page.locator('#__filestack-picker').count(), 1);
  await v.page.evaluate(() => picker.close());
  assert.deepEqual((await v.order()).slice(-2), ['onCancel', 'onClose']);
});

test('Esc and the close button end a pick', async (t) => {
  const v = await visit(t);
  await v.begin(signed());
  await v.page.keyboard.press('Escape');
  await v.heard('onClose');
  await v.page.evaluate(() => picker.open());
  await v.page.locator('.fsp-picker__close-button').click();
  await v.heard('onClose', 2);
  assert.deepEqual(await v.order(), ['onOpen', 'onCancel', 'onClose', 'onOpen', 'onCancel', 'onClose']);
});

test('a token pauses, resumes and cancels one file', async (t) => {
  const v = await visit(t);
  const release = await hold(v);
  await v.page.evaluate(() => {
    window.tokens = {};
    window.more = { onFileUploadStarted: (file, token) => { tokens[file.filename] = token; } };
  });
  await v.begin({ ...signed(), options: { maxFiles: 2 } });
  const kept = text('kept.txt');
  await v.choose(kept, text('gone.txt'));
  await v.upload();
  await until(() => v.page.evaluate(() => Boolean(tokens['kept.txt'] && tokens['gone.txt'])), 'both have begun');
  await v.page.evaluate(() => {
    tokens['kept.txt'].pause();
    tokens['gone.txt'].cancel();
  });
  assert.equal((await v.heard('onFileUploadCancel'))[0].filename, 'gone.txt');
  release();
  await v.page.evaluate(() => tokens['kept.txt'].resume());
  const [result] = await v.heard('onUploadDone');
  assert.deepEqual(result.filesUploaded.map((file) => file.filename), ['kept.txt']);
  assert.equal(String(await bytesOf(result.filesUploaded[0])), kept.bytes);
});

test('uploads in the background begin before the person asks for them', async (t) => {
  const v = await visit(t);
  await v.begin({ ...signed(), options: { disableTransformer: true, maxFiles: 2 } });
  await v.choose(text());
  await v.heard('onFileUploadFinished');
  assert.deepEqual(await v.values('onUploadStarted'), []);
  await v.upload();
  await v.heard('onUploadDone');
  const order = await v.order();
  assert.ok(order.indexOf('onFileUploadStarted') < order.indexOf('onUploadStarted'));
  assert.ok(order.indexOf('onUploadStarted') < order.indexOf('onUploadDone'));
});

test('uploads begin by themselves when maxFiles is reached, and the dialog may hide', async (t) => {
  const v = await visit(t);
  const release = await hold(v);
  await v.begin({ ...signed(), options: { startUploadingWhenMaxFilesReached: true, maxFiles: 2, hideModalWhenUploading: true } });
  await v.choose(text('1.txt'), text('2.txt'));
  await v.heard('onFileUploadStarted');
  await until(async () => !(await v.page.locator('#__filestack-picker dialog').isVisible()), 'the dialog is hidden');
  assert.deepEqual(await v.values('onClose'), []);
  release();
  assert.equal((await v.heard('onUploadDone'))[0].filesUploaded.length, 2);
  await v.heard('onClose');
});

test('images are made to fit, and stripped, before they are sent', async (t) => {
  const sent = async (options, file) => {
    const v = await visit(t);
    await v.begin({ ...signed(), options });
    await v.choose(file);
    await v.upload();
    const [{ filesUploaded: [stored] }] = await v.heard('onUploadDone');
    const bytes = await bytesOf(stored);
    assert.equal(stored.size, bytes.length);
    return bytes;
  };
  const [max, min, dim, text1] = await Promise.all([
    sent({ imageMax: [50, 50] }, png(100, 60)), sent({ imageMin: [200, 100] }, png(100, 60)), sent({ imageDim: [40, null] }, png(100, 60)),
    sent({ imageMax: [1, 1], cleanupImageExif: true }, text()),
  ]);
  assert.deepEqual([max, min, dim].map(sizeOf), [[50, 30], [200, 120], [40, 24]]);
  assert.match(String(text1), /^a\.txt/);
});

test('exposeOriginalFile gives the File itself', async (t) => {
  const v = await visit(t);
  await v.begin({ ...signed(), options: { exposeOriginalFile: true } });
  await v.choose(text('real.txt'));
  await v.upload();
  const [result] = await v.heard('onUploadDone');
  assert.deepEqual(result.filesUploaded[0].originalFile, { File: 'real.txt' });
});

test('a policy that the page renews is used at once', async (t) => {
  const v = await visit(t);
  const [first, second] = [3600, 7200].map((more) => app.sign({ expiry: Math.floor(Date.now() / 1000) + more }));
  const used = new Set();
  await v.context.route('**/multipart/*', (route) => {
    if (route.request().method() === 'POST') used.add(route.request().postDataJSON().policy);
    return route.continue();
  });
  await v.begin({ ...signed(), security: first });
  await v.choose(text());
  await v.page.evaluate((s) => made.setSecurity(s), second);
  await v.upload();
  assert.equal((await v.heard('onUploadDone'))[0].filesUploaded.length, 1);
  assert.deepEqual([...used], [second.policy]);
});

test('every option of every release is accepted by the class itself', async (t) => {
  pages.put('/class', html(`${stowgate.url}/picker/1/picker.js`, '/client-4.3.8.js'));
  const v = await visit(t, '/class');
  const opened = await v.page.evaluate(async ({ key, security, base }) => {
    const made = client({ key, security, base });
    const options = Object.freeze({
      accept: 'image/*', acceptFn: async () => {}, allowManualRetry: true, cleanupImageExif: { keepOrientation: true, keepICCandAPP: true },
      concurrency: 20, container: 'box', customAuthText: { default: { top: ['a'], bottom: 'b' } }, customSourceContainer: 'c',
      customSourcePath: '/', customSourceName: 'Mine', customText: Object.freeze({ Upload: 'Send', 'My Device': 'Here' }),
      disableAltText: true, disableDirectoryUpload: true, disableStorageKey: true, disableThumbnails: true, disableTransformer: true,
      displayMode: 'inline', errorsTimeout: 0, exposeOriginalFile: true, failOverMaxFiles: true,
      fromSources: Object.freeze(['local_file_system', 'url', 'googledrive', 'clouddrive', 'tint', 'customsource', 'unknown']),
      globalDropZone: true, googleDriveAppID: '1', googleAppOrigin: 'x', hideModalWhenUploading: true, imageDim: [800, null],
      imageMax: [null, 600], imageMin: [1, 1], imageMinMaxBlock: true, lang: 'no', loadCss: 'x.css', maxFiles: 1000000, minFiles: 1, maxSize: 1,
      miniUploader: true, modalSize: [800, 600], multipleFileUpload: true, pasteMode: { pasteToFirstInViewPort: true, pasteToFirstInstance: true },
      rootId: 'mine', startUploadingWhenMaxFilesReached: true, storeTo: { location: 'gcs', workflows: ['a', { id: 'b' }] }, supportEmail: 'a@b.c',
      transformations: { crop: { aspectRatio: 1, force: true, autoCropArea: 0.5 }, circle: true, rotate: false, force: true, config: {} },
      transformationsUI: true, uploadConfig: { intelligent: 'fallback', intelligentChunkSize: 1, disableIntegrityCheck: true, partSize: 5242880 },
      uploadInBackground: true, useSentryBreadcrumbs: true, videoResolution: '1280x720', viewType: 'grid', websearch: { predefinedText: 'x' },
      dropPane: {}, unheardOf: {},
    });
    const Picker = filestackInternals.modules['fs-loader-picker'].instance;
    const picker = new Picker(made, options);
    await picker.open();
    const sources = [...document.querySelectorAll('.fsp-source-list__label')].map((label) => label.title);
    await picker.close();
    const bare = new Picker(made);
    await bare.open();
    await bare.close();
    return { sources, then: 'then' in picker, app: picker.app };
  }, signed());
  assert.deepEqual(opened, { sources: ['Here', 'Lenke (URL)'], then: false, app: {} });
  assert.deepEqual(v.seen.errors, []);
});
