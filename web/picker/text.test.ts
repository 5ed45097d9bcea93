import assert from 'node:assert/strict';
import { test } from 'node:test';
import { englishText, makeText } from './text.ts';

test('t takes the page\'s wording, then the language\'s, then English', () => {
  const text = makeText('de', { 'Upload': 'Hochladen', 'Cancel': 'Abbrechen' }, { 'Upload': 'Los!' });
  assert.equal(text.t('Upload'), 'Los!');
  assert.equal(text.t('Cancel'), 'Abbrechen');
  assert.equal(text.t('Save'), 'Save');
});

test('t chooses the plural form of the language', () => {
  const forms = { one: '{count} файл', few: '{count} файла', many: '{count} файлов', other: '{count} файла' };
  const { t } = makeText('ru', { '{count} files selected': forms });
  for (const [count, want] of [[1, '1 файл'], [3, '3 файла'], [5, '5 файлов'], [21, '21 файл']] as const) {
    assert.equal(t('{count} files selected', { count }), want);
  }
});

test('t fills in values as they are', () => {
  const { t } = englishText();
  assert.equal(t('Remove {name}', { name: '{name} $& <b>' }), 'Remove {name} $& <b>');
  assert.equal(t('{count} files selected', { count: 12345 }), '12,345 files selected');
  assert.equal(t('{count} files selected', { count: 1 }), '1 file selected');
  assert.equal(t('{percent} uploaded'), '{percent} uploaded', 'a value that is not given stays visible');
});

test('customText of Filestack that names only half of a text', () => {
  assert.equal(englishText({ 'Retrying in': 'Noch einmal in' }).t('Retrying in {time}', { time: '3 s' }), 'Noch einmal in 3 s');
});

test('numbers as the language writes them', () => {
  const en = englishText();
  for (const [n, want] of [
    [0, '0 bytes'], [1, '1 byte'], [999, '999 bytes'], [1000, '1 kB'], [1536, '1.5 kB'], [10 * 1024 ** 2, '10 MB'], [1000 * 1024, '1 MB'],
    [3.25 * 1024 ** 3, '3.3 GB'], [2 ** 50, '1,024 TB'],
  ] as const) assert.equal(en.bytes(n), want);
  assert.equal(en.speed(1_310_720), '1.3 MB/s');
  assert.equal(makeText('de', {}).bytes(1.5 * 1024 ** 2), '1,5 MB');
  assert.equal(en.percent(0.254), '25%');
});

test('durations are as exact as one cares', () => {
  const en = englishText();
  for (const [s, want] of [[0, '0 sec'], [59.4, '59 sec'], [65, '1 min 5 sec'], [600, '10 min'], [3599, '60 min'], [3600 + 900, '1 hr 15 min'], [90000, '25 hr 0 min']] as const) {
    assert.equal(en.duration(s), want);
  }
});

test('Hebrew and Arabic run from right to left', () => {
  assert.deepEqual(['he', 'ar', 'en', 'ja'].map((l) => makeText(l, {}).dir), ['rtl', 'rtl', 'ltr', 'ltr']);
});

test('a name stands apart in a text that runs from right to left', () => {
  const key = 'File {displayName} is empty.';
  assert.equal(makeText('he', { [key]: 'הקובץ {displayName} ריק.' }).t(key, { displayName: 'a (1).txt' }), 'הקובץ \u2068a (1).txt\u2069 ריק.');
});
