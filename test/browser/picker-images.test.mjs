// What the picker does with images before they are sent, and shows of them afterwards.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { corpora, test, until } from './harness.js';
import { png, setUp, text, Visit } from './picker-page.mjs';

const { stowgate, app, pages } = await setUp();
const signed = (policy) => ({ key: app.key, security: app.sign(policy), base: stowgate.url });
const visit = (t, path = '/4.3.8') => Visit.open(t, pages.url + path);
const bytesOf = async ({ handle }) => Buffer.from(await (await app.read(handle)).arrayBuffer());
const picker = (v) => v.page.locator('#__filestack-picker');

/** Waits until the picker says something. */
const says = (v, words) => until(async () => (await picker(v).textContent()).includes(words), `the picker says ${words}`);

/** A bitmap of one colour, 24 bits a pixel. */
function bmp(width, height, name) {
  const row = Math.ceil(width * 3 / 4) * 4;
  const bytes = Buffer.alloc(54 + row * height, 0x60);
  bytes.fill(0, 0, 54);
  bytes.write('BM');
  for (const [at, value] of [[2, bytes.length], [10, 54], [14, 40], [18, width], [22, height]]) bytes.writeUInt32LE(value, at);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  return { name, type: 'image/bmp', bytes };
}

/** A segment of Exif as a phone writes it: an orientation, and a place on earth. */
function exif(orientation) {
  const entry = (tag, type, count, value) => {
    const bytes = Buffer.alloc(12);
    bytes.writeUInt16BE(tag);
    bytes.writeUInt16BE(type, 2);
    bytes.writeUInt32BE(count, 4);
    value.copy(bytes, 8);
    return bytes;
  };
  const long = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; };
  const directory = (...entries) => Buffer.concat([Buffer.of(0, entries.length), ...entries, long(0)]);
  // 8 bytes of head, then the first directory of 2 entries, then that of the place, then its numbers.
  const place = 8 + 2 + 24 + 4;
  const numbers = place + 2 + 24 + 4;
  const tiff = Buffer.concat([
    Buffer.from('MM\0*\0\0\0\x08', 'latin1'),
    directory(entry(0x0112, 3, 1, Buffer.of(0, orientation)), entry(0x8825, 4, 1, long(place))),
    directory(entry(1, 2, 2, Buffer.from('N\0')), entry(2, 5, 3, long(numbers))),
    ...[52, 1, 31, 1, 12, 1].map(long),
  ]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(2 + 6 + tiff.length);
  return Buffer.concat([Buffer.of(0xff, 0xe1), length, Buffer.from('Exif\0\0'), tiff]);
}

/** A photo that lies on its side: its pixels are wide, red on the left and blue on the right; a person is to see red above blue. */
async function photo(v) {
  const plain = Buffer.from(await v.page.evaluate(async () => {
    const canvas = new OffscreenCanvas(64, 32);
    const context = canvas.getContext('2d');
    for (const [i, colour] of ['#f00', '#00f'].entries()) {
      context.fillStyle = colour;
      context.fillRect(32 * i, 0, 32, 32);
    }
    return [...new Uint8Array(await (await canvas.convertToBlob({ type: 'image/jpeg', quality: 1 })).arrayBuffer())];
  }));
  return { name: 'photo.jpg', type: 'image/jpeg', bytes: Buffer.concat([plain.subarray(0, 2), exif(6), plain.subarray(2)]) };
}

/** Size and the colours above and below, as a browser shows an image. */
const seen = (v, bytes) => v.page.evaluate(async (bytes) => {
  const bitmap = await createImageBitmap(new Blob([Uint8Array.from(bytes)], { type: 'image/jpeg' }));
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
  context.drawImage(bitmap, 0, 0);
  const colour = (y) => [...context.getImageData(bitmap.width / 2, y, 1, 1).data.subarray(0, 3)].map((c) => Math.round(c / 255)).join('');
  return [bitmap.width, bitmap.height, colour(4), colour(bitmap.height - 4)];
}, [...bytes]);

test('the place a photo was taken at stays with the person, and it stands upright', async (t) => {
  const upright = [32, 64, '100', '001'];
  const made = await visit(t);
  const taken = await photo(made);
  const place = exif(6).subarray(10);
  assert.ok(taken.bytes.includes(place));
  assert.deepEqual(await seen(made, taken.bytes), upright);
  await Promise.all([[false, true, true], [true, false, false], [{ keepOrientation: true }, false, true]].map(async ([cleanupImageExif, keepsPlace, keepsExif]) => {
    const v = await visit(t);
    await v.begin({ ...signed(), options: { cleanupImageExif } });
    await v.choose(taken);
    await v.upload();
    const [{ filesUploaded: [file] }] = await v.heard('onUploadDone');
    const bytes = await bytesOf(file);
    assert.deepEqual([bytes.includes(place.subarray(-24)), bytes.includes('Exif')], [keepsPlace, keepsExif], JSON.stringify(cleanupImageExif));
    assert.deepEqual(await seen(v, bytes), upright, JSON.stringify(cleanupImageExif));
    assert.deepEqual([file.filename, file.mimetype], ['photo.jpg', 'image/jpeg']);
  }));
});

test('an image that was converted has a name of its new type', async (t) => {
  const v = await visit(t);
  await v.begin({ ...signed(), options: { imageMax: [20, 20], maxFiles: 3 } });
  await v.choose(bmp(40, 20, 'scan.bmp'), bmp(10, 10, 'small.bmp'), png(40, 20, 'as.png'));
  await v.upload();
  const [{ filesUploaded }] = await v.heard('onUploadDone');
  assert.deepEqual(filesUploaded.map(({ filename, mimetype }) => [filename, mimetype]).sort(), [
    ['as.png', 'image/png'], ['scan.png', 'image/png'], ['small.bmp', 'image/bmp'],
  ]);
  for (const file of filesUploaded) {
    const answer = await app.read(file.handle);
    assert.match(answer.headers.get('content-type'), new RegExp(`^${file.mimetype}`));
    assert.match(answer.headers.get('content-disposition') ?? file.filename, new RegExp(file.filename.replace('.', '\\.')));
  }
});

test('images outside the limits are refused with imageMinMaxBlock', async (t) => {
  const v = await visit(t);
  await v.begin({ ...signed(), options: { imageMinMaxBlock: true, imageMin: [30, 20], imageMax: [100, null], maxFiles: 5 } });
  await v.choose(png(29, 20, 'thin.png'), png(101, 20, 'wide.png'), png(100, 2000, 'tall.png'), text('no-image.txt'), bmp(30, 20, 'least.bmp'));
  await says(v, 'Image thin.png has only 29 × 20 pixels. It must have at least 30 × 20.');
  await says(v, 'Image wide.png has 101 × 20 pixels. It must have at most 100 × ∞.');
  await v.upload();
  const [{ filesUploaded }] = await v.heard('onUploadDone');
  assert.deepEqual(filesUploaded.map((file) => file.filename).sort(), ['least.bmp', 'no-image.txt', 'tall.png']);
  const tall = filesUploaded.find((file) => file.filename === 'tall.png');
  assert.equal((await bytesOf(tall)).readUInt32BE(20), 2000, 'no image is resized');
});

test('a choice of too many files is refused as a whole with failOverMaxFiles', async (t) => {
  const v = await visit(t);
  await v.begin({ ...signed(), options: { failOverMaxFiles: true, maxFiles: 2 } });
  await v.choose(text('1.txt'), text('2.txt'), text('3.txt'));
  await says(v, '3 files were not added');
  await says(v, 'Choose fewer files at once.');
  assert.equal(await picker(v).locator('.fsp-summary__item').count(), 0);
  await v.choose(text('1.txt'), text('2.txt'));
  await v.upload();
  assert.equal((await v.heard('onUploadDone'))[0].filesUploaded.length, 2);
});

test('while the one file that there may be is sent, another is refused', async (t) => {
  const v = await visit(t);
  let release;
  const held = new Promise((done) => { release = done; });
  await v.context.route((url) => url.pathname === '/multipart/upload', async (route) => {
    await held;
    await route.continue().catch(() => {});
  });
  await v.begin({ ...signed(), options: { displayMode: 'inline', container: 'box' } });
  await v.choose(text('mistaken.txt'));
  await v.choose(text('kept.txt'));
  await v.upload();
  await v.heard('onFileUploadStarted');
  await v.choose(text('late.txt'));
  await says(v, 'kept.txt is still being uploaded.');
  assert.deepEqual(await v.values('onFileUploadCancel'), []);
  release();
  const [{ filesUploaded }] = await v.heard('onUploadDone');
  assert.deepEqual(filesUploaded.map((file) => file.filename), ['kept.txt']);
});
