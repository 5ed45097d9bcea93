import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accepts, extension, typeOf, unfit } from './accept.ts';
import { settingsFor } from './testing/fake.ts';

test('what accept takes', () => {
  for (const [accept, name, type, want] of [
    [[], 'anything', '', true],
    [['.pdf'], 'a.pdf', 'application/pdf', true],
    [['.pdf'], 'A.PDF', '', true],
    [['pdf'], 'a.pdf', '', true],
    [['*.pdf'], 'a.pdf', '', true],
    [['.PDF'], 'a.pdf', '', true],
    [['.pdf'], 'pdf', 'application/pdf', false], // a file without extension is refused
    [['.pdf'], '.pdf', '', false],
    [['.pdf'], 'a.pdf.exe', 'application/pdf', false],
    [['.jpg'], 'a.jpeg', 'image/jpeg', false],
    [['.tar.gz'], 'a.gz', '', false],
    [['image/jpeg'], 'a.bin', 'image/jpeg', true],
    [['image/jpeg'], 'a.jpg', '', true], // the browser does not know the type
    [['image/jpeg'], 'a.jpg', 'text/plain', false],
    [['image/jpeg'], 'a', '', false],
    [['image/*'], 'a.heic', '', true],
    [['image/*'], 'a', 'image/x-new', true],
    [['image/*'], 'a', 'imagery/x', false],
    [['video/*'], 'a.mkv', '', true],
    [['text/*'], 'a.csv', 'text/csv; charset=utf-8', true],
    [['application/*', '.txt'], 'a.txt', 'text/plain', true],
    [['*/*'], 'a', '', true],
    [['*'], 'a', '', true],
    [[' image/PNG '], 'a', 'IMAGE/png', true],
  ] as const) assert.equal(accepts(accept, name, type), want, `${accept} takes ${name} of type ${type || 'unknown'}`);
});

test('extensions and types', () => {
  for (const [name, want] of [['a.b.Png', 'png'], ['a', ''], ['.htaccess', ''], ['a.', ''], ['dir.d/a', ''], ['a.tar.gz', 'gz']] as const) {
    assert.equal(extension(name), want, name);
  }
  assert.equal(typeOf('a.docx'), 'application/vnd.openxmlformats-officedocument.wordprocessingml.document');
  assert.equal(typeOf('a.constructor'), '');
  assert.equal(typeOf('a.unheard'), '');
});

test('sizes at their limits', () => {
  const settings = settingsFor('', { maxSize: 100, minSize: 10 });
  const size = (n: number) => unfit(settings, { name: 'n', path: 'n', type: '', size: n })?.code;
  for (const [n, want] of [[0, 'empty'], [9, 'size-min'], [10, undefined], [100, undefined], [101, 'size-max'], [-1, undefined]] as const) {
    assert.equal(size(n), want, `${n} bytes`);
  }
  for (const none of [0, Infinity]) {
    assert.equal(unfit(settingsFor('', { maxSize: none }), { name: 'n', path: 'n', type: '', size: 0 }), undefined, `limit of ${none}`);
  }
});

test('folders', () => {
  const no = settingsFor('', { folders: false, accept: ['.png'] });
  const yes = settingsFor('', { accept: ['.png'] });
  const empty = { name: 'd', path: 'd', type: '', size: 0, folder: true };
  const inside = { name: 'a.png', path: 'd/a.png', type: '', size: 1 };
  const link = { name: 'a.png', path: 'https://example.com/d/a.png', type: '', size: 1 };
  assert.deepEqual([empty, inside, link].map((f) => unfit(no, f)?.code), ['folder', 'folder', undefined]);
  assert.deepEqual([empty, inside, link].map((f) => unfit(yes, f)?.code), [undefined, undefined, undefined]);
});
