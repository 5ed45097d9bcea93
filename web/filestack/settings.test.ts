import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Item } from '../engine/types.ts';
import { hosts } from './client.ts';
import { pickedFile } from './files.ts';
import { editing, settings } from './settings.ts';
import { sources } from './sources.ts';
import type { Client, Options } from './types.ts';

const client = (urls: Client['session']['urls'] = {}): Client => ({ session: { apikey: 'KEY', urls }, cloud: {} });

test('hosts are those of the client at that moment', () => {
  const one = client({ uploadApiUrl: 'https://a.example/', cloudApiUrl: 'https://b.example', cdnUrl: 'https://c.example', fileApiUrl: 'https://d.example/api/file' });
  assert.deepEqual(hosts(one), {
    upload: 'https://a.example', cloud: 'https://b.example', cdn: 'https://c.example', process: 'https://c.example', api: 'https://d.example/api/file',
  });
  assert.equal(one.cloud?.cloudApiUrl, 'https://b.example');
  one.session.urls.uploadApiUrl = 'https://new.example';
  assert.equal(hosts(one).upload, 'https://new.example');
});

test('defaults are those of Filestack', () => {
  const { maxFiles, minFiles, maxSize, concurrency, parts, admit, prepare, tags } = settings(client(), {}, () => ({ cdn: '', expose: false }), '/');
  assert.deepEqual({ maxFiles, minFiles, maxSize, concurrency, admit, prepare, tags }, {
    maxFiles: 1, minFiles: 1, maxSize: Infinity, concurrency: 4, admit: undefined, prepare: undefined, tags: undefined,
  });
  assert.deepEqual(parts, { size: 6 << 20, concurrency: 3, retries: 10, retryFactor: 2, retryMaxTime: 15_000, timeout: 120_000 });
});

test('editing', () => {
  const free = { crop: true, aspectRatio: undefined, circle: true, rotate: true, force: false };
  for (const [options, want] of [
    [{}, free],
    [{ disableTransformer: true }, undefined],
    [{ transformations: { crop: false, circle: false, rotate: false } }, undefined],
    [{ transformations: { crop: { aspectRatio: 16 / 9, force: true } } }, { ...free, aspectRatio: 16 / 9, circle: false, force: true }],
    [{ transformations: { crop: { aspectRatio: 1 } } }, { ...free, aspectRatio: 1 }],
    [{ transformations: { crop: false, force: true } }, { ...free, crop: false, force: true }],
  ] as [Options, unknown][]) assert.deepEqual(editing(options), want, JSON.stringify(options));
});

test('sources that the server does not offer are hidden', () => {
  const names = (options: Options, offered: string[] = []) => sources(options, offered, (s) => s as never).map(({ name, label }) => `${name}: ${label}`);
  assert.deepEqual(names({}), ['local_file_system: My Device', 'url: Link (URL)']);
  assert.deepEqual(names({}, ['googledrive']), ['local_file_system: My Device', 'url: Link (URL)', 'googledrive: Google Drive']);
  assert.deepEqual(names({ fromSources: ['dropbox', 'clouddrive'] }), ['local_file_system: My Device']);
  assert.deepEqual(names({ fromSources: ['customsource', 'webcam'], customSourceName: 'Ours' }, ['customsource']), ['customsource: Ours', 'webcam: Take Photo']);
  assert.deepEqual(names({ fromSources: [{ name: 'own', mounted() {} }] }), ['own: own']);
});

test('a file object tells what was done to an image', () => {
  const item = {
    id: 'i', name: 'a.png', type: 'image/png', size: 5, source: 'webcam', path: 'a.png', status: 'done', sent: 5, speed: 0, left: 0, alt: 'A sea',
    edit: { crop: { x: 1, y: 2, width: 3, height: 4 }, rotate: 270, originalWidth: 30, originalHeight: 40 },
    stored: { handle: 'H', url: 'https://elsewhere.example/H', filename: 'a.png', mimetype: 'image/png', size: 5, status: 'Stored', workflows: { w: { jobid: 'j' } } },
  } as Item;
  assert.deepEqual(pickedFile(item, { cdn: 'https://cdn.example', expose: false }), {
    filename: 'a.png', mimetype: 'image/png', size: 5, source: 'webcam', originalPath: 'a.png', uploadId: 'i',
    handle: 'H', url: 'https://cdn.example/H', status: 'Stored', alt: 'A sea', workflows: { w: { jobid: 'j' } },
    cropped: { cropArea: { position: [1, 2], size: [3, 4] }, originalImageSize: [30, 40] }, rotated: { value: 90, direction: 'CCW' },
  });
});
