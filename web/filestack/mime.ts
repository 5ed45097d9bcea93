/** Media types by a file's name and by its first bytes, for acceptFn. */

const byExtension: Readonly<Record<string, string>> = Object.fromEntries(`
  image/jpeg jpg jpeg jpe jfif,image/png png,image/gif gif,image/webp webp,image/avif avif,image/heic heic,image/heif heif
  image/bmp bmp,image/tiff tif tiff,image/svg+xml svg,image/x-icon ico,image/vnd.adobe.photoshop psd
  application/pdf pdf,application/zip zip,application/gzip gz tgz,application/x-7z-compressed 7z,application/vnd.rar rar
  application/x-tar tar,application/json json,application/xml xml,application/rtf rtf,application/epub+zip epub
  application/msword doc,application/vnd.openxmlformats-officedocument.wordprocessingml.document docx
  application/vnd.ms-excel xls,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet xlsx
  application/vnd.ms-powerpoint ppt,application/vnd.openxmlformats-officedocument.presentationml.presentation pptx
  application/vnd.oasis.opendocument.text odt,application/vnd.oasis.opendocument.spreadsheet ods
  application/vnd.oasis.opendocument.presentation odp,application/postscript ps eps ai
  text/plain txt log,text/csv csv,text/html html htm,text/css css,text/javascript js mjs,text/markdown md,text/calendar ics
  text/vtt vtt,application/x-subrip srt,audio/mpeg mp3,audio/mp4 m4a,audio/aac aac,audio/wav wav,audio/ogg oga ogg opus
  audio/flac flac,audio/midi mid midi,video/mp4 mp4 m4v,video/quicktime mov,video/webm webm,video/x-matroska mkv
  video/x-msvideo avi,video/mpeg mpg mpeg,video/ogg ogv,video/3gpp 3gp,video/x-flv flv,video/x-ms-wmv wmv
  font/woff woff,font/woff2 woff2,font/ttf ttf,font/otf otf`.trim().split(/,|\n\s*/)
  .flatMap((row) => {
    const [type = '', ...extensions] = row.split(' ');
    return extensions.map((extension) => [extension, type] as const);
  }));

/** mimeFromExtension is '' for a name without a known extension. */
export function mimeFromExtension(name: string): string {
  const extension = name.slice(name.lastIndexOf('.') + 1).toLowerCase();
  return Object.hasOwn(byExtension, extension) ? byExtension[extension] ?? '' : '';
}

// Where in a file the bytes stand, read as Latin-1, and what they make it.
// Source: https://mimesniff.spec.whatwg.org/ and the formats' specifications.
const signatures: readonly (readonly [number, string, string])[] = [
  [0, '\xff\xd8\xff', 'image/jpeg'], [0, '\x89PNG\r\n\x1a\n', 'image/png'], [0, 'GIF8', 'image/gif'],
  [8, 'WEBP', 'image/webp'], [8, 'WAVE', 'audio/wav'], [8, 'AVI ', 'video/x-msvideo'],
  [4, 'ftypavif', 'image/avif'], [4, 'ftyphei', 'image/heic'], [4, 'ftyphev', 'image/heic'], [4, 'ftypmif1', 'image/heif'],
  [4, 'ftypM4A', 'audio/mp4'], [4, 'ftypqt', 'video/quicktime'], [4, 'ftyp3g', 'video/3gpp'], [4, 'ftyp', 'video/mp4'],
  [0, 'BM', 'image/bmp'], [0, 'II*\0', 'image/tiff'], [0, 'MM\0*', 'image/tiff'], [0, '8BPS', 'image/vnd.adobe.photoshop'],
  [0, '\0\0\x01\0', 'image/x-icon'], [0, '%PDF-', 'application/pdf'], [0, '%!PS', 'application/postscript'],
  [30, 'mimetypeapplication/epub+zip', 'application/epub+zip'],
  [30, 'mimetypeapplication/vnd.oasis.opendocument.text', 'application/vnd.oasis.opendocument.text'],
  [30, 'mimetypeapplication/vnd.oasis.opendocument.spreadsheet', 'application/vnd.oasis.opendocument.spreadsheet'],
  [30, 'mimetypeapplication/vnd.oasis.opendocument.presentation', 'application/vnd.oasis.opendocument.presentation'],
  [0, 'PK\x03\x04', 'application/zip'], [0, 'PK\x05\x06', 'application/zip'], [0, '\x1f\x8b', 'application/gzip'],
  [0, '7z\xbc\xaf\x27\x1c', 'application/x-7z-compressed'], [0, 'Rar!\x1a\x07', 'application/vnd.rar'],
  [257, 'ustar', 'application/x-tar'], [0, '{\\rtf', 'application/rtf'],
  [0, '\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1', 'application/x-cfb'], [0, '\x7fELF', 'application/x-elf'],
  [0, 'MZ', 'application/x-msdownload'], [0, '\0asm', 'application/wasm'],
  [0, 'ID3', 'audio/mpeg'], [0, '\xff\xfb', 'audio/mpeg'], [0, '\xff\xf3', 'audio/mpeg'], [0, '\xff\xf1', 'audio/aac'],
  [0, 'fLaC', 'audio/flac'], [0, 'MThd', 'audio/midi'], [28, 'OpusHead', 'audio/ogg'], [28, '\x01vorbis', 'audio/ogg'],
  [0, 'OggS', 'video/ogg'], [0, '\0\0\x01\xba', 'video/mpeg'], [0, 'FLV', 'video/x-flv'],
  [0, 'wOFF', 'font/woff'], [0, 'wOF2', 'font/woff2'], [0, 'OTTO', 'font/otf'], [0, '\0\x01\0\0\0', 'font/ttf'],
];

// What the first entries of Office's archives are called.
const office: Readonly<Record<string, string>> = { 'word/': 'docx', 'xl/': 'xlsx', 'ppt/': 'pptx' };

/** How many leading bytes decide; filestack-js looks at as many. */
const head = 4100;

/** mimeFromMagicBytes reads the first bytes of a file; '' if they are of no known format. */
export async function mimeFromMagicBytes(file: Blob): Promise<string> {
  const text = String.fromCharCode(...new Uint8Array(await file.slice(0, head).arrayBuffer()));
  if (text.startsWith('\x1a\x45\xdf\xa3')) return text.includes('webm') ? 'video/webm' : 'video/x-matroska';
  const found = signatures.find(([at, bytes]) => text.startsWith(bytes, at));
  if (found?.[2] === 'application/zip') {
    const kind = Object.keys(office).find((folder) => text.includes(folder));
    if (kind) return mimeFromExtension(`.${office[kind]}`);
  }
  if (found) return found[2];
  const start = text.trimStart().toLowerCase();
  if (start.startsWith('<svg') || (start.startsWith('<?xml') && start.includes('<svg'))) return 'image/svg+xml';
  if (start.startsWith('<?xml')) return 'application/xml';
  if (start.startsWith('<!doctype html') || start.startsWith('<html')) return 'text/html';
  return '';
}
