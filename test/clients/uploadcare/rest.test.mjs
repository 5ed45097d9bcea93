// @uploadcare/rest-client in Node.js, unmodified.
import * as api from '@uploadcare/rest-client';
import { uploadFile, uploadFileGroup } from '@uploadcare/upload-client';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nobody, png, stand } from './stand.mjs';

const status = (want) => (error) => {
  assert.equal(error.status, want, `${error.name}: ${error.message}`);
  return true;
};

for (const scheme of ['rest', 'simple']) {
  test(`files, by ${scheme}`, async (t) => {
    const s = await stand(t, { security: 'uploads' });
    const at = s[scheme], signed = { ...s.upload, ...s.sign() };
    const files = [];
    for (let i = 0; i < 5; i++) files.push(await uploadFile(Buffer.from(`file ${i}`), { ...signed, fileName: `f${i}.txt`, contentType: 'text/plain', store: i > 1 }));
    const uuids = files.map((f) => f.uuid);

    const list = await api.listOfFiles({ limit: 2 }, at);
    assert.deepEqual(list.results.map((f) => f.uuid), uuids.slice(0, 2));
    assert.equal(list.total, 5);
    assert.deepEqual(list.totals, { removed: 0, stored: 3, unstored: 2 });
    assert.equal(list.perPage, 2);
    assert.equal(list.previous, null);
    const found = [];
    for await (const page of api.paginate(api.listOfFiles)({ limit: 2, ordering: '-datetime_uploaded' }, at)) found.push(...page.results.map((f) => f.uuid));
    assert.deepEqual(found, uuids.toReversed());
    assert.deepEqual((await api.listOfFiles({ stored: false }, at)).results.map((f) => f.uuid), uuids.slice(0, 2));

    const one = await api.fileInfo({ uuid: uuids[0] }, at);
    assert.equal(one.datetimeStored, null);
    assert.equal(one.originalFilename, 'f0.txt');
    assert.equal(one.originalFileUrl, `${s.stowgate.url}/${uuids[0]}/f0.txt`);
    assert.equal(await (await fetch(one.originalFileUrl)).text(), 'file 0');
    const stored = await api.storeFile({ uuid: uuids[0] }, at);
    assert.ok(stored.datetimeStored);
    assert.deepEqual((await api.storeFile({ uuid: uuids[0] }, at)).datetimeStored, stored.datetimeStored);
    await assert.rejects(api.fileInfo({ uuid: nobody }, at), status(404));

    const removed = await api.deleteFile({ uuid: uuids[4] }, at);
    assert.ok(removed.datetimeRemoved);
    assert.equal(removed.originalFileUrl, null);
    assert.equal((await fetch(`${s.stowgate.url}/${uuids[4]}/`)).status, 404);
    assert.deepEqual((await api.listOfFiles({ removed: true }, at)).results.map((f) => f.uuid), [uuids[4]]);

    const batch = await api.deleteFiles({ uuids: [uuids[3], nobody, 'nonsense'] }, at);
    assert.deepEqual(batch.result.map((f) => f.uuid), [uuids[3]]);
    assert.deepEqual(Object.values(batch.problems).map((p) => Object.values(p)[0] ?? p).length, 2);
    const kept = await api.storeFiles({ uuids: [uuids[1]] }, at);
    assert.ok(kept.result[0].datetimeStored);
  });
}

test('metadata and tags', async (t) => {
  const s = await stand(t);
  const { uuid } = await uploadFile(Buffer.from('x'), { ...s.upload, metadata: { a: '1' } });
  assert.equal(await api.updateMetadata({ uuid, key: 'pet', value: 'cat' }, s.rest), 'cat');
  assert.equal(await api.updateMetadata({ uuid, key: 'pet', value: 'dog' }, s.rest), 'dog');
  assert.deepEqual(await api.getMetadata({ uuid }, s.rest), { a: '1', pet: 'dog' });
  assert.equal(await api.getMetadataValue({ uuid, key: 'pet' }, s.rest), 'dog');
  await api.deleteMetadata({ uuid, key: 'pet' }, s.rest);
  await assert.rejects(api.getMetadataValue({ uuid, key: 'pet' }, s.rest), status(404));

  assert.deepEqual(await api.replaceTags({ uuid, tags: ['Big', 'cat', 'big'] }, s.rest), { tags: ['big', 'cat'], added: ['big', 'cat'], deleted: [] });
  assert.deepEqual(await api.updateTags({ uuid, add: ['new'], delete: ['cat'] }, s.rest), { tags: ['big', 'new'], added: ['new'], deleted: ['cat'] });
  assert.deepEqual(await api.getTags({ uuid }, s.rest), { tags: ['big', 'new'] });
});

test('copies, groups, webhooks', async (t) => {
  const s = await stand(t);
  const { uuid } = await uploadFile(png(60, 40), { ...s.upload, fileName: 'p.png', metadata: { a: '1' } });
  const copy = await api.copyFileToLocalStorage({ source: uuid, store: true }, s.rest);
  assert.equal(copy.type, 'file');
  assert.notEqual(copy.result.uuid, uuid);
  const small = await api.copyFileToLocalStorage({ source: `${s.stowgate.url}/${uuid}/-/resize/20x/`, store: true }, s.rest);
  const json = await (await fetch(`${s.stowgate.url}/${small.result.uuid}/-/json/`)).json();
  assert.equal(json.width, 20);
  await assert.rejects(api.copyFileToRemoteStorage({ source: uuid, target: 'nowhere' }, s.rest), status(400));

  const group = await uploadFileGroup([uuid, copy.result.uuid], s.upload);
  assert.equal((await api.groupInfo({ uuid: group.uuid }, s.rest)).filesCount, 2);
  assert.deepEqual((await api.listOfGroups({}, s.rest)).results.map((g) => g.id), [group.uuid]);
  await api.deleteGroup({ uuid: group.uuid }, s.rest);
  await assert.rejects(api.groupInfo({ uuid: group.uuid }, s.rest), status(404));
  assert.ok(await api.fileInfo({ uuid }, s.rest));

  const hook = await api.createWebhook({ targetUrl: 'https://example.com/hook', event: 'file.uploaded', isActive: true, signingSecret: 'sesame' }, s.rest);
  assert.deepEqual([hook.event, hook.targetUrl, hook.isActive, hook.signingSecret], ['file.uploaded', 'https://example.com/hook', true, 'sesame']);
  await assert.rejects(api.createWebhook({ targetUrl: 'https://example.com/hook', event: 'file.uploaded', isActive: true }, s.rest), (e) => /already subscribed/.test(JSON.stringify(e) + e.message));
  assert.equal((await api.updateWebhook({ id: hook.id, targetUrl: 'https://example.com/other' }, s.rest)).targetUrl, 'https://example.com/other');
  assert.equal((await api.listOfWebhooks({}, s.rest)).length, 1);
  await api.deleteWebhook({ targetUrl: 'https://example.com/other' }, s.rest);
  assert.deepEqual(await api.listOfWebhooks({}, s.rest), []);
});

test('without the right secret nothing is told', async (t) => {
  const s = await stand(t), other = await s.stowgate.app({ security: 'on' });
  const { uuid } = await uploadFile(Buffer.from('x'), s.upload);
  const wrong = (publicKey, secretKey) => [new api.UploadcareAuthSchema({ publicKey, secretKey }), new api.UploadcareSimpleAuthSchema({ publicKey, secretKey })];
  for (const authSchema of [...wrong(s.app.key, 'wrong'), ...wrong(s.app.key, other.secret), ...wrong('nobody', s.app.secret)]) {
    await assert.rejects(api.fileInfo({ uuid }, { ...s.rest, authSchema }), status(401));
  }
  for (const authSchema of wrong(other.key, other.secret)) {
    await assert.rejects(api.fileInfo({ uuid }, { ...s.rest, authSchema }), status(404));
    await assert.rejects(api.deleteFile({ uuid }, { ...s.rest, authSchema }), status(404));
    assert.equal((await api.listOfFiles({}, { ...s.rest, authSchema })).total, 0);
  }
});
