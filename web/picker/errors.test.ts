import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Settings } from '../engine/types.ts';
import { explain } from './errors.ts';
import { englishText, makeText } from './text.ts';

const settings = { accept: ['.pdf', 'image/*'], maxSize: 2 * 1024 ** 2, minSize: 1024, maxFiles: 3 } as unknown as Settings;
const say = (code: Parameters<typeof explain>[1]['code'], detail?: string) => explain(englishText(), { code, detail, again: false }, settings, 'a.exe');

test('a refusal names the file and the limit', () => {
  assert.equal(say('type').what, 'File a.exe is not an accepted file type. The accepted file types are .pdf, image/*');
  assert.equal(say('size-max').what, 'File a.exe is too big. The accepted file size is less than 2 MB');
  assert.equal(say('size-min').what, 'File a.exe is too small. It must have at least 1 kB.');
  assert.equal(say('count-max').what, 'Only 3 files can be chosen');
});

test('a page\'s wording of the limit gets all that Filestack gives it', () => {
  const text = makeText('en', {}, { 'Our file upload limit is {maxFiles} {filesText}': 'Max. {maxFiles} {filesText}!' });
  assert.equal(explain(text, { code: 'count-max', again: false }, settings).what, 'Max. 3 files!');
});

test('page code\'s reason is said as it is', () => {
  assert.deepEqual(say('refused', 'Not on a <b>Sunday</b>'), { what: 'Not on a <b>Sunday</b>', advice: '' });
  assert.equal(say('refused').what, 'File a.exe is not accepted here.');
});

test('what the server said in its own words is not shown', () => {
  assert.ok(!say('server', 'panic: /srv/stowgate/upload.go:12').what.includes('panic'));
});

test('each problem of the page\'s set-up says who can mend it', () => {
  for (const code of ['key-unknown', 'security-required', 'policy-expired', 'policy-call', 'signature', 'origin', 'app-disabled', 'quota'] as const) {
    assert.match(say(code).advice, /owner of this page|Reload/, code);
  }
});
