import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FilepickerException } from './errors.ts';
import { flag, list, number, Page, pair } from './page.ts';
import { fromSources } from './services.ts';

test('files are those of this server, wherever their URL was kept', () => {
  const page = new Page({ apikey: 'KEY' }, 'https://files.example/v2/filepicker.js', false);
  for (const [url, want] of [
    ['https://files.example/api/file/abc', 'https://files.example/api/file/abc'],
    ['https://www.other.example/api/file/abc?policy=p', 'https://files.example/api/file/abc?policy=p'],
    ['https://cdn.other.example/abc', 'https://files.example/api/file/abc'],
    ['//www.other.example/api/file/abc', 'https://files.example/api/file/abc'],
    ['https://files.example/abc', 'https://files.example/api/file/abc'],
    ['https://other.example/photo.jpg', 'https://other.example/photo.jpg'],
  ] as const) assert.equal(page.file(url), want);
});

test('a server with a domain has a host for each service', () => {
  const at = (preset: object, script: string) => new Page(preset, script, true).host('upload');
  assert.equal(at({}, 'https://static.files.example:8443/v2/filepicker.js'), 'https://upload.files.example:8443');
  assert.equal(at({ hostname: 'https://www.files.example' }, 'https://x.example/f.js'), 'https://upload.files.example');
  assert.equal(at({}, 'http://127.0.0.1:8080/v1/filepicker.js'), 'http://127.0.0.1:8080');
});

test('a server without a domain has one host, also if it is called www or static', () => {
  for (const host of ['https://www.files.example', 'http://static.files.example:8080', 'http://127.0.0.1:8080']) {
    const page = new Page({ apikey: 'KEY' }, `${host}/v2/filepicker.js`, false);
    assert.deepEqual(['upload', 'cdn', 'static', 'www'].map((service) => page.host(service)), [host, host, host, host]);
    assert.equal(page.file(`${host}/abc`), `${host}/api/file/abc`);
    assert.equal(new Page({ hostname: `${host}/` }, 'https://x.example/f.js', false).host('upload'), host);
  }
});

test('values are read as scripts and attributes write them', () => {
  assert.deepEqual(list('a, b', ['c'], undefined, 7, ''), ['a', 'b', 'c', '7']);
  assert.deepEqual([flag('true'), flag(true), flag('false'), flag(undefined)], [true, true, false, false]);
  assert.deepEqual([number('12.5'), number(3), number('x'), number(undefined)], [12.5, 3, undefined, undefined]);
  assert.deepEqual([pair([800, null]), pair('100,200'), pair([]), pair(undefined)], [[800, null], [100, 200], undefined, undefined]);
  assert.deepEqual(fromSources([undefined, 'COMPUTER,8,flickr'], 'URL'), ['url', 'local_file_system', 'webcam']);
  assert.equal(fromSources([undefined], undefined), undefined);
  assert.throws(() => new Page({}, 'https://files.example/', false).key, FilepickerException);
});
