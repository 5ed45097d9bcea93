// What the picker does with images before they are sent, and shows of them afterwards.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test, until } from './harness.js';
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

// ---- Pictures of what the browser cannot show

/** A TIFF of one colour, as scanners write it: no browser but Safari shows it. */
function tiff(width, height, name = 'scan.tiff') {
  const entries = [[256, 3, width], [257, 3, height], [258, 3, 8], [259, 3, 1], [262, 3, 1], [273, 4, 8], [277, 3, 1], [278, 3, height], [279, 4, width * height]];
  const pixels = Buffer.alloc(width * height, 0x80);
  const directory = Buffer.alloc(2 + entries.length * 12 + 4);
  directory.writeUInt16LE(entries.length);
  for (const [i, [tag, type, value]] of entries.entries()) {
    const at = 2 + i * 12;
    directory.writeUInt16LE(tag, at);
    directory.writeUInt16LE(type, at + 2);
    directory.writeUInt32LE(1, at + 4);
    directory.writeUInt32LE(value, at + 8);
  }
  const head = Buffer.from('II*\0\0\0\0\0', 'latin1');
  head.writeUInt32LE(8 + pixels.length, 4);
  return { name, type: 'image/tiff', bytes: Buffer.concat([head, pixels, directory]) };
}

/** A page of a document, 200 by 300 points. */
function pdf(name = 'letter.pdf') {
  const objects = [
    '<</Type/Catalog/Pages 2 0 R>>', '<</Type/Pages/Kids[3 0 R]/Count 1>>', '<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 300]/Contents 4 0 R>>',
    '<</Length 27>>stream\n1 0 0 rg 20 20 160 260 re f\nendstream',
  ];
  let text = '%PDF-1.4\n';
  const places = objects.map((object, i) => {
    const at = text.length;
    text += `${i + 1} 0 obj${object}endobj\n`;
    return `${String(at).padStart(10, '0')} 00000 n \n`;
  });
  const table = text.length;
  text += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${places.join('')}trailer<</Size ${objects.length + 1}/Root 1 0 R>>\nstartxref\n${table}\n%%EOF`;
  return { name, type: 'application/pdf', bytes: Buffer.from(text) };
}

const heic = { name: 'phone.heic', type: 'image/heic', bytes: await readFile(new URL('../../internal/imaging/probe.heic', import.meta.url)) };

/** The files that this server can draw: it may have no decoder for HEIC, and nothing that draws documents. */
async function drawable() {
  const files = [];
  for (const file of [tiff(60, 30), heic, pdf()]) {
    const { handle } = await app.store(`probe-${file.name}`, file.bytes, { type: file.type });
    if ((await app.read(`resize=width:20/${handle}`)).ok) files.push(file);
  }
  return files;
}

/** The rows of the selection, with the size of the picture that each shows: of a canvas or of an image, or none. */
const shown = (v) => v.page.evaluate(() => Object.fromEntries([...document.querySelectorAll('.picker__file')].map((row) => {
  const [canvas, image] = ['canvas:not([hidden])', 'img'].map((kind) => row.querySelector(`.picker__thumbnail ${kind}`));
  const name = row.querySelector('.picker__file-title').textContent;
  return [name, canvas ? ['canvas', canvas.width, canvas.height] : image ? ['img', image.naturalWidth, image.naturalHeight] : ['icon']];
})));

test('the server draws what the browser cannot, before it is sent', async (t) => {
  const files = await drawable();
  t.diagnostic(`drawn: ${files.map((file) => file.name).join(', ')}`);
  assert.ok(files.some((file) => file.name === 'scan.tiff'), 'at least TIFF');
  const v = await visit(t);
  await v.begin({ ...signed({ call: ['pick', 'store'] }), options: { maxFiles: 9 } });
  await v.choose(...files, text('plain.txt'));
  await until(async () => Object.values(await shown(v)).filter(([kind]) => kind === 'canvas').length === files.length, 'all have a picture');
  const pictures = await shown(v);
  assert.deepEqual(pictures['scan.tiff'], ['canvas', 60, 30]);
  assert.deepEqual(pictures['plain.txt'], ['icon']);
  const asked = v.seen.requests.filter(({ url }) => url.includes('/preview?'));
  assert.equal(asked.length, files.length, 'each is asked for once');
  v.seen.clean(stowgate, pages);
});

test('no picture is asked for with disableThumbnails', async (t) => {
  const v = await visit(t);
  await v.begin({ ...signed(), options: { disableThumbnails: true, displayMode: 'inline', container: 'box' } });
  await v.choose(tiff(60, 30));
  await until(async () => Object.values(await shown(v)).length, 'the file is there');
  await v.upload();
  await v.heard('onUploadDone');
  assert.deepEqual(v.seen.requests.filter(({ url }) => /\/preview\?|resize=/.test(url)).map(({ url }) => url), []);
});

test('the server draws what was stored, as far as the policy lets the page see it', async (t) => {
  const files = await drawable();
  const run = async (policy) => {
    const v = await visit(t);
    await v.context.route((url) => url.pathname === '/preview', (route) => route.abort()); // as a server that draws nothing before it is stored
    await v.begin({ ...signed(policy), options: { maxFiles: 9, uploadInBackground: true, disableTransformer: true } });
    await v.choose(...files);
    await v.heard('onFileUploadFinished', files.length);
    return v;
  };
  const may = await run({ call: ['pick', 'store', 'convert'] });
  await until(async () => Object.values(await shown(may)).every(([kind, width]) => kind === 'img' && width > 0), 'all have a picture');
  const mayNot = await run({ call: ['pick', 'store'] });
  const refused = () => mayNot.seen.requests.filter(({ url, failed }) => url.includes('resize=') && failed).length;
  await until(() => refused() >= files.length, 'the pictures are refused');
  await until(async () => Object.values(await shown(mayNot)).every(([kind]) => kind === 'icon'), 'all have a pictogram');
  assert.equal(await picker(mayNot).locator('.picker__unseen[role=alert]').textContent(), '', 'nothing is said');
  await mayNot.upload();
  assert.equal((await mayNot.heard('onUploadDone'))[0].filesUploaded.length, files.length);
});
