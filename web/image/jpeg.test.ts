import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { orientationSegment, readJpeg, withoutMetadata } from './jpeg.ts';

const bytes = (...parts: (number[] | Uint8Array)[]) => Uint8Array.from(parts.flatMap((p) => [...p]));
const segment = (marker: number, content: number[]) => [0xff, marker, (content.length + 2) >> 8, (content.length + 2) & 255, ...content];
const text = (s: string) => [...s].map((c) => c.charCodeAt(0));

const start = [0xff, 0xd8];
const jfif = segment(0xe0, text('JFIF\0......'));
const exif = (...tiff: number[]) => segment(0xe1, [...text('Exif\0\0'), ...tiff]);
const profile = segment(0xe2, text('ICC_PROFILE\0profile'));
const iptc = segment(0xed, text('Photoshop 3.0\0name'));
const adobe = segment(0xee, text('Adobe........'));
const comment = segment(0xfe, text('hello'));
const frame = segment(0xc2, [8, 0, 200, 1, 44, 3]); // 300 × 200
const scan = [...segment(0xda, [1, 2, 3]), 1, 0xff, 0, 2, 0xff, 0xd0, 3];
const table = segment(0xc4, [9, 9]);
const end = [0xff, 0xd9];

/** What remains, joined. */
function kept(file: Uint8Array, keep = {}): Uint8Array | undefined {
  const ranges = withoutMetadata(file, keep);
  return ranges && bytes(...ranges.map(([from, to]) => file.subarray(from, to)));
}

test('orientations are read in both byte orders', () => {
  const little = [0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0];
  const read = (...app: (number[] | Uint8Array)[]) => readJpeg(bytes(start, ...app, frame, scan, end))?.orientation;
  assert.equal(read(exif(...little)), 7);
  for (let o = 1; o <= 8; o++) assert.equal(read(jfif, orientationSegment(o)), o);
  assert.equal(read(), 1, 'without Exif');
  assert.equal(read(segment(0xe1, text('http://ns.adobe.com/xap/1.0/\0')), orientationSegment(3)), 3, 'XMP before Exif');
  assert.equal(read(exif(...little.with(18, 9))), 1, 'an orientation that is none');
  assert.equal(read(exif(...little.with(4, 255))), 1, 'a directory outside the segment');
  assert.equal(read(exif(...little.with(8, 255), 0)), 7, 'a directory that claims more entries than there are');
});

test('the size is that of the frame', () => {
  assert.deepEqual(readJpeg(bytes(start, jfif, table, [0xff], frame, scan, end)), { width: 300, height: 200, orientation: 1 });
  for (const cut of [[], [0xff], start, bytes(start, jfif), bytes(start, [0xff, 0xe1, 255, 255, 1]), bytes(start, scan), text('GIF89a')]) {
    assert.equal(readJpeg(Uint8Array.from(cut)), undefined);
  }
});

test('metadata goes, and nothing else', () => {
  const file = bytes(start, jfif, orientationSegment(6), profile, iptc, adobe, comment, frame, scan, table, scan, end, start, orientationSegment(1));
  assert.deepEqual(kept(file), bytes(start, jfif, adobe, frame, scan, table, scan, end));
  assert.deepEqual(kept(file, { profile: true }), bytes(start, jfif, profile, adobe, frame, scan, table, scan, end));
  const clean = bytes(start, jfif, frame, scan, end);
  assert.deepEqual(withoutMetadata(clean, {}), [[0, clean.length]]);
  assert.deepEqual(kept(bytes(start, comment, frame, scan)), bytes(start, frame, scan), 'a file cut among its pixels');
});

test('what is no image is left alone', () => {
  for (const broken of [text('PNG'), start, bytes(start, comment), bytes(start, comment, [0, 0, 0, 0], frame, scan, end)]) {
    assert.equal(kept(Uint8Array.from(broken)), undefined);
  }
});

const corpora = join(process.env.STOWGATE_SHARED ?? '../../shared', 'corpora');

test('photos of the corpora', { skip: !existsSync(corpora) && `no ${corpora}` }, () => {
  for (const name of readdirSync(join(corpora, 'exif-orientation'))) {
    const file = readFileSync(join(corpora, 'exif-orientation', name));
    assert.equal(readJpeg(file)?.orientation, Number(/_(\d)/.exec(name)?.[1]), name);
    const clean = kept(file) as Uint8Array;
    assert.deepEqual({ ...readJpeg(clean) }, { ...readJpeg(file), orientation: 1 }, name);
    assert.equal(Buffer.from(clean).includes('Exif'), false, name);
  }
});

test('hostile JPEG files neither throw nor take long', { skip: !existsSync(corpora) && `no ${corpora}` }, () => {
  for (const folder of ['jpeg-fuzz', 'metadata-probes', 'image-edge', 'polyglots']) {
    for (const name of readdirSync(join(corpora, folder), { recursive: true, encoding: 'utf8' }).filter((n) => /\.jpe?g$/i.test(n))) {
      const file = new Uint8Array(readFileSync(join(corpora, folder, name)));
      const began = performance.now();
      readJpeg(file);
      withoutMetadata(file, {});
      assert.ok(performance.now() - began < 500, name);
    }
  }
});
