// Uploadcare's clients in pages of Chromium, unmodified: the file uploader with its image editor, the upload client,
// and the jQuery widget.
import { uploadFile } from '@uploadcare/upload-client';
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { open, site, test } from '../../browser/harness.js';
import { png, stand } from './stand.mjs';

const modules = fileURLToPath(new URL('node_modules', import.meta.url));

/** Serves pages, and signatures for them, as a customer's server does. */
async function pages(t, s) {
  const own = await site(t);
  own.folder('/modules/', modules).put('/favicon.ico', '');
  own.put('/signature', JSON.stringify(s.sign()), { headers: { 'content-type': 'application/json' } });
  return own;
}

const picture = (name, width = 640, height = 480) => ({ name, mimeType: 'image/png', buffer: png(width, height, [40, 120, 200]) });

/** What failed on the way, and who else was asked. */
function clean(seen, ...hosts) {
  const strangers = seen.requests.filter((r) => /^https?:/.test(r.url) && !hosts.some((h) => r.url.startsWith(h)));
  assert.deepEqual(strangers.map((r) => r.url), []);
  assert.deepEqual(seen.errors, []);
  assert.deepEqual(seen.requests.filter((r) => r.failed && r.failed !== 'net::ERR_ABORTED').map((r) => `${r.url}: ${r.failed}`), []);
}

test('the file uploader sends signed files, shows them, and edits one', async (t) => {
  const s = await stand(t, { security: 'uploads' });
  const own = await pages(t, s);
  own.put('/', `<!doctype html><title>t</title>
    <link rel="stylesheet" href="/modules/@uploadcare/file-uploader/web/uc-file-uploader-regular.min.css">
    <uc-config ctx-name="my" pubkey="${s.app.key}" base-url="${s.stowgate.url}" cdn-cname="${s.stowgate.url}" multiple
      source-list="local" quality-insights="false"></uc-config>
    <uc-upload-ctx-provider id="ctx" ctx-name="my"></uc-upload-ctx-provider>
    <uc-file-uploader-regular ctx-name="my"></uc-file-uploader-regular>
    <script type="module">
      import * as UC from '/modules/@uploadcare/file-uploader/web/uc-file-uploader-regular.min.js';
      UC.defineComponents(UC);
      window.UC = UC;
      window.signed = 0;
      document.querySelector('uc-config').metadata = { pet: 'cat' };
      document.querySelector('uc-config').secureUploadsSignatureResolver = async () => { window.signed++; return (await fetch('/signature')).json(); };
      window.told = {};
      const ctx = document.querySelector('#ctx');
      for (const name of ['common-upload-success', 'common-upload-failed', 'group-created', 'change'])
        ctx.addEventListener(name, (e) => { window.told[name] = e.detail; });
    </script>`);
  const { page, seen } = await open(t, own.url);
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: 'Upload files' }).click()]);
  await chooser.setFiles([picture('one.png'), picture('two.png', 320, 200), { name: 'note.txt', mimeType: 'text/plain', buffer: Buffer.from('hello') }]);
  await page.waitForFunction(() => window.told['common-upload-success'] || window.told['common-upload-failed']?.failedCount, null, { timeout: 120_000 });
  const files = await page.evaluate(() => window.told['common-upload-success']?.successEntries.map((f) => ({
    name: f.name, uuid: f.uuid, cdnUrl: f.cdnUrl, isImage: f.isImage, width: f.fileInfo.imageInfo?.width ?? 0, metadata: f.fileInfo.metadata })));
  assert.deepEqual(files?.map((f) => [f.name, f.isImage, f.width, f.metadata]), [['one.png', true, 640, { pet: 'cat' }], ['two.png', true, 320, { pet: 'cat' }], ['note.txt', false, 0, { pet: 'cat' }]]);
  assert.ok(await page.evaluate(() => window.signed) > 0);

  // The thumbnails are drawn from our own addresses, or by the page itself; the editor's come from us.
  await page.getByRole('button', { name: 'Edit' }).first().click();
  await page.locator('uc-cloud-image-editor-activity, uc-cloud-image-editor').first().waitFor();
  const editing = page.locator('uc-cloud-image-editor');
  await editing.locator('img').first().waitFor({ timeout: 60_000 });
  await editing.getByTitle('Apply mirror operation').click();
  await editing.getByTitle('Filters').click();
  await editing.locator('uc-editor-filter-control').nth(2).click();
  await editing.getByTitle('Apply', { exact: true }).click();
  await page.waitForFunction(() => window.told.change?.allEntries.some((f) => /filter.*mirror/.test(f.cdnUrlModifiers)), null, { timeout: 60_000 });
  const edited = await page.evaluate(() => window.told.change.allEntries.find((f) => f.cdnUrlModifiers).cdnUrl);
  const answer = await fetch(edited, { headers: { accept: 'image/webp,*/*' } });
  assert.equal(answer.status, 200, edited);
  assert.equal(answer.headers.get('content-type'), 'image/webp');
  clean(seen, own.url, s.stowgate.url);
});

test('the upload client sends a signed file from a page', async (t) => {
  const s = await stand(t, { security: 'uploads' });
  const own = await pages(t, s);
  own.put('/', `<!doctype html><title>t</title><script type="module">import * as uploadcare from '/modules/@uploadcare/upload-client/dist/esm/index.browser.mjs'; window.uploadcare = uploadcare;</script>`);
  const { page, seen } = await open(t, own.url);
  await page.waitForFunction(() => window.uploadcare);
  const result = await page.evaluate(async (options) => {
    const signed = { ...options, ...await (await fetch('/signature')).json() };
    const small = await uploadcare.uploadFile(new File(['hello'], 'h.txt', { type: 'text/plain' }), signed);
    const large = await uploadcare.uploadFile(new File([new Uint8Array(10_600_000)], 'l.bin'), signed);
    const refused = await uploadcare.uploadFile(new File(['no'], 'n.txt'), options).catch((e) => [e.code, e.message]);
    return { small: small.cdnUrl, large: large.size, refused, text: await (await fetch(small.cdnUrl)).text() };
  }, s.upload);
  assert.equal(result.text, 'hello');
  assert.equal(result.large, 10_600_000);
  assert.deepEqual(result.refused, ['SignatureRequiredError', '`signature` is required.']);
  clean(seen, own.url, s.stowgate.url);
});

test('the REST client asks from a page whose server signs', async (t) => {
  const s = await stand(t, { security: 'uploads' });
  const { uuid } = await uploadFile(Buffer.from('hello'), { ...s.upload, ...s.sign(), fileName: 'h.txt', metadata: { pet: 'cat' } });
  const own = await pages(t, s);
  own.put('/md5.mjs', 'export default window.md5'); // what bundlers make of its CommonJS module
  own.put('/', `<!doctype html><title>t</title><script src="/modules/blueimp-md5/js/md5.js"></script>
    <script type="importmap">{"imports": {"blueimp-md5": "/md5.mjs"}}</script><script type="module">
    import * as api from '/modules/@uploadcare/rest-client/dist/esm/index.browser.mjs'; window.api = api;</script>`);
  const { page, seen } = await open(t, own.url);
  await page.exposeFunction('sign', (text) => createHmac('sha1', s.app.secret).update(text).digest('hex'));
  await page.waitForFunction(() => window.api);
  const told = await page.evaluate(async ({ publicKey, apiBaseURL, uuid }) => {
    const options = { apiBaseURL, authSchema: new api.UploadcareAuthSchema({ publicKey, signatureResolver: (text) => window.sign(text) }) };
    const list = await api.listOfFiles({}, options);
    await api.updateMetadata({ uuid, key: 'pet', value: 'dog' }, options);
    const gone = await api.fileInfo({ uuid: '85b5644f-e692-4855-9db0-8c5a83096e25' }, options).catch((e) => [e.status, e.message]);
    return { uuids: list.results.map((f) => f.uuid), metadata: await api.getMetadata({ uuid }, options), gone };
  }, { publicKey: s.app.key, apiBaseURL: s.stowgate.url, uuid });
  assert.deepEqual(told, { uuids: [uuid], metadata: { pet: 'dog' }, gone: [404, '[404 Not Found] Not found.'] });
  clean(seen, own.url, s.stowgate.url);
});

test('the jQuery widget sends a signed file and a group', async (t) => {
  const s = await stand(t, { security: 'uploads' });
  const own = await pages(t, s);
  const { secureSignature, secureExpire } = s.sign();
  own.put('/', `<!doctype html><title>t</title><script>
      UPLOADCARE_PUBLIC_KEY = '${s.app.key}'; UPLOADCARE_URL_BASE = '${s.stowgate.url}'; UPLOADCARE_CDN_BASE = '${s.stowgate.url}';
      UPLOADCARE_SECURE_SIGNATURE = '${secureSignature}'; UPLOADCARE_SECURE_EXPIRE = '${secureExpire}'; UPLOADCARE_PUSHER_KEY = '';
    </script><script src="/modules/uploadcare-widget/uploadcare.full.js"></script>`);
  const { page, seen } = await open(t, own.url);
  const result = await page.evaluate(() => new Promise((done, fail) => {
    const small = uploadcare.fileFrom('object', new File(['hello'], 'h.txt', { type: 'text/plain' }));
    const large = uploadcare.fileFrom('object', new File([new Uint8Array(26_000_000)], 'l.bin'));
    const group = uploadcare.FileGroup([small, large]);
    Promise.all([group.promise(), small.promise(), large.promise()]).then(([g, a, b]) => done({ group: g, small: a, large: b }), (e) => fail(new Error(String(e))));
  }));
  assert.equal(result.small.name, 'h.txt');
  assert.equal(result.large.size, 26_000_000);
  assert.equal(result.group.count, 2);
  assert.equal(await (await fetch(`${s.stowgate.url}/${result.group.uuid}/nth/0/`)).text(), 'hello');
  clean(seen, own.url, s.stowgate.url);
});
