// @uploadcare/upload-client and @uploadcare/signed-uploads in Node.js, unmodified.
import { base, fromUrl, fromUrlStatus, group, groupInfo, info, uploadFile, uploadFileGroup } from '@uploadcare/upload-client';
import { fileInfo } from '@uploadcare/rest-client';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { nobody, png, stand } from './stand.mjs';

const hello = () => Buffer.from('hello');
const v4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const code = (errorCode) => (error) => {
  assert.equal(error.code, errorCode, `${error.name}: ${error.message}`);
  return true;
};

test('a file is uploaded, described and read back', async (t) => {
  const s = await stand(t);
  const file = await uploadFile(hello(), { ...s.upload, fileName: 'grüße von hier.txt', contentType: 'text/plain', store: true, metadata: { pet: 'cat' }, tags: ['One', 'two'] });
  assert.match(file.uuid, v4);
  assert.equal(file.originalFilename, 'grüße von hier.txt');
  assert.equal(file.name, 'grevonhier.txt');
  assert.equal(file.size, 5);
  assert.equal(file.mimeType, 'text/plain');
  assert.equal(file.isImage, false);
  assert.equal(file.isStored, true);
  assert.deepEqual(file.metadata, { pet: 'cat' });
  assert.equal(file.cdnUrl, `${s.stowgate.url}/${file.uuid}/`);
  const answer = await fetch(file.cdnUrl);
  assert.equal(answer.status, 200);
  assert.equal(await answer.text(), 'hello');
  const described = await fileInfo({ uuid: file.uuid }, s.rest);
  assert.deepEqual(described.tags, ['one', 'two']);
  assert.ok(described.datetimeStored);
});

test('a picture is analysed', async (t) => {
  const s = await stand(t);
  const file = await uploadFile(png(320, 200), { ...s.upload, fileName: 'noise.png', contentType: 'image/png', store: false });
  assert.equal(file.isImage, true);
  assert.equal(file.isStored, false);
  assert.deepEqual([file.imageInfo.width, file.imageInfo.height, file.imageInfo.format, file.imageInfo.colorMode, file.imageInfo.sequence], [320, 200, 'PNG', 'RGB', false]);
  assert.equal(file.contentInfo.mime.mime, 'image/png');
  const json = await (await fetch(`${file.cdnUrl}-/preview/100x100/-/json/`)).json();
  assert.deepEqual([json.width, json.height], [100, 63]);
});

test('several files become a group', async (t) => {
  const s = await stand(t);
  const made = await uploadFileGroup([hello(), Buffer.from('world')], { ...s.upload, store: true });
  assert.equal(made.filesCount, 2);
  assert.match(made.uuid, /~2$/);
  const again = await groupInfo(made.uuid, s.upload);
  assert.deepEqual(again.files.map((f) => f.uuid), made.files.map((f) => f.uuid));
  const picture = await uploadFile(png(40, 20), { ...s.upload, fileName: 'a.png' });
  const effects = await group([`${picture.uuid}/-/resize/10x/`, made.files[0].uuid], s.upload);
  assert.equal(effects.files[0].defaultEffects, 'resize/10x/');
  const nth = await fetch(`${s.stowgate.url}/${effects.id}/nth/1/`);
  assert.equal(await nth.text(), 'hello');
  await assert.rejects(group([nobody], s.upload), code('GroupFilesNotFoundError'));
  await assert.rejects(groupInfo('123ebb27-1fd6-46c6-a859-b9893', s.upload), code('GroupNotFoundError'));
});

test('a large file goes in parts', async (t) => {
  const s = await stand(t);
  const bytes = Buffer.alloc(11_000_000, 'abcdefghijk');
  const seen = [];
  const file = await uploadFile(bytes, { ...s.upload, fileName: 'large.bin', contentType: 'application/x-large', multipartMinFileSize: 10_000_000, onProgress: (p) => seen.push(p.value) });
  assert.equal(file.size, bytes.length);
  assert.equal(file.mimeType, 'application/x-large');
  assert.ok(bytes.equals(Buffer.from(await (await fetch(file.cdnUrl)).arrayBuffer())));
  assert.equal(seen.at(-1), 1);
});

test('a file is fetched from a URL', async (t) => {
  const s = await stand(t);
  const own = await uploadFile(png(30, 30), { ...s.upload, fileName: 'own.png' });
  const fetched = await uploadFile(`${s.stowgate.url}/${own.uuid}/own.png`, { ...s.upload, metadata: { from: 'url' }, fileName: 'new.png' });
  assert.equal(fetched.originalFilename, 'new.png');
  assert.deepEqual(fetched.metadata, { from: 'url' });
  assert.equal(fetched.imageInfo.width, 30);
  await assert.rejects(fromUrl('http://192.168.1.10/1.jpg', s.upload), code('URLHostPrivateIPForbiddenError'));
  await assert.rejects(fromUrl('ftp://example.com/1.jpg', s.upload), code('URLSchemeInvalidError'));
  assert.equal((await fromUrlStatus(nobody, s.upload)).status, 'unknown');

  const far = createServer((request, response) => response.writeHead(404).end());
  await new Promise((done) => { far.listen(0, '127.0.0.1', done); });
  t.after(() => far.close());
  await assert.rejects(fromUrl(`http://127.0.0.1:${far.address().port}/x`, s.upload), code('URLHostPrivateIPForbiddenError'));
});

test('with security on, a signature opens what it should, and nothing else does', async (t) => {
  const s = await stand(t, { security: 'uploads' });
  await assert.rejects(base(hello(), s.upload), code('SignatureRequiredError'));
  const right = s.sign();
  await assert.rejects(base(hello(), { ...s.upload, secureSignature: right.secureSignature }), code('SignatureExpirationRequiredError'));
  await assert.rejects(base(hello(), { ...s.upload, ...s.sign('another secret') }), code('SignatureInvalidError'));
  await assert.rejects(base(hello(), { ...s.upload, ...s.sign(s.app.secret, -60_000) }), code('SignatureExpirationError'));
  await assert.rejects(base(hello(), { ...s.upload, publicKey: 'nobody', ...right }), code('ProjectPublicKeyInvalidError'));

  const signed = { ...s.upload, ...right };
  const file = await uploadFile(hello(), signed);
  assert.equal(await (await fetch(file.cdnUrl)).text(), 'hello');
  const large = await uploadFile(Buffer.alloc(10_500_000), signed);
  assert.equal(large.size, 10_500_000);
  const remote = await uploadFile(file.cdnUrl, signed);
  assert.equal(remote.size, 5);
  const many = await uploadFileGroup([file.uuid, remote.uuid], signed);
  assert.equal(many.filesCount, 2);
  await assert.rejects(group([file.uuid], s.upload), code('SignatureRequiredError'));
  await assert.rejects(fromUrl(file.cdnUrl, s.upload), code('SignatureRequiredError'));
  assert.equal((await info(file.uuid, s.upload)).uuid, file.uuid);
});

test('with security on and files closed, nothing is read without a token', async (t) => {
  const s = await stand(t, { security: 'on' });
  const file = await uploadFile(hello(), { ...s.upload, ...s.sign() });
  for (const path of ['/', '/hello.txt', '/-/json/', '/-/preview/', '/-/inline/yes/']) {
    const answer = await fetch(`${s.stowgate.url}/${file.uuid}${path}`);
    assert.equal(answer.status, 403, path);
  }
});
