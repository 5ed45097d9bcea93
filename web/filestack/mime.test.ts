import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mimeFromExtension, mimeFromMagicBytes } from './mime.ts';

test('mimeFromExtension', () => {
  for (const [name, want] of [
    ['a.jpg', 'image/jpeg'], ['A.JPEG', 'image/jpeg'], ['a.tar.gz', 'application/gzip'], ['.pdf', 'application/pdf'], ['pdf', 'application/pdf'],
    ['a.docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'], ['a.srt', 'application/x-subrip'],
    ['a.unheard', ''], ['a.', ''], ['', ''], ['a.constructor', ''], ['a.__proto__', ''],
  ] as const) assert.equal(mimeFromExtension(name), want, name);
});

test('mimeFromMagicBytes', async () => {
  const latin1 = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));
  for (const [bytes, want] of [
    ['\xff\xd8\xff\xe0', 'image/jpeg'], ['\x89PNG\r\n\x1a\n', 'image/png'], ['GIF89a', 'image/gif'], ['RIFF\0\0\0\0WEBP', 'image/webp'],
    ['\0\0\0\x18ftypheic', 'image/heic'], ['\0\0\0\x18ftypisom', 'video/mp4'], ['\0\0\0\x14ftypqt  ', 'video/quicktime'],
    ['%PDF-1.7', 'application/pdf'], ['PK\x03\x04', 'application/zip'], [`PK\x03\x04${'\0'.repeat(26)}[Content_Types].xml…xl/workbook.xml`, mimeFromExtension('xlsx')],
    [`${'\0'.repeat(257)}ustar`, 'application/x-tar'], ['\x1a\x45\xdf\xa3\x01webm', 'video/webm'], ['\x1a\x45\xdf\xa3\x01matroska', 'video/x-matroska'],
    [' <!DOCTYPE html>', 'text/html'], ['<?xml version="1.0"?><svg>', 'image/svg+xml'], ['MZ\x90', 'application/x-msdownload'],
    ['plain text', ''], ['', ''],
  ] as const) assert.equal(await mimeFromMagicBytes(new Blob([latin1(bytes)])), want, JSON.stringify(bytes));
});
