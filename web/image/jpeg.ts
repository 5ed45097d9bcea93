/**
 * What is written in a JPEG file around its pixels.
 * Sources: ITU-T T.81 annex B (markers), CIPA DC-008 4.5 to 4.6 (Exif).
 */

const enum Marker { Start = 0xd8, End = 0xd9, Scan = 0xda, App0 = 0xe0, App1 = 0xe1, App13 = 0xed, App14 = 0xee, App15 = 0xef, Comment = 0xfe }

/** A segment with its marker and, of a scan, the coded pixels that follow; end is exclusive. */
interface Segment {
  readonly marker: number;
  readonly start: number;
  readonly end: number;
}

/** Walks from the start of the image to its end marker. Ends early, without an end marker, where the file is cut or broken. */
function* segments(bytes: Uint8Array): Generator<Segment> {
  if (bytes[0] !== 0xff || bytes[1] !== Marker.Start) return;
  let at = 2;
  yield { marker: Marker.Start, start: 0, end: at };
  while (at + 4 <= bytes.length || bytes[at + 1] === Marker.End) {
    const marker = bytes[at + 1] ?? 0;
    if (bytes[at] !== 0xff || marker === 0) return;
    if (marker === 0xff) { // a fill byte
      at++;
      continue;
    }
    const bare = marker === Marker.End || marker === 1 || isRestart(marker);
    let end = at + 2 + (bare ? 0 : word(bytes, at + 2));
    if (end > bytes.length || (!bare && end < at + 4)) return;
    if (marker === Marker.Scan) end = pixelsEnd(bytes, end);
    yield { marker, start: at, end };
    if (marker === Marker.End) return;
    at = end;
  }
}

/** Where the coded pixels that begin at from end: at the next marker, or with the file. */
function pixelsEnd(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1];
    if (next !== undefined && next !== 0 && next !== 0xff && !isRestart(next)) return at;
  }
  return bytes.length;
}

const isRestart = (marker: number) => marker >= 0xd0 && marker <= 0xd7;
const word = (bytes: Uint8Array, at: number) => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

/** SOF0 to SOF15, without the tables among them. */
const isFrame = (marker: number) => marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

/** What the head of a JPEG file says: the size of the stored pixels, and the orientation, 1 to 8. Undefined without a size. */
export function readJpeg(bytes: Uint8Array): { width: number; height: number; orientation: number } | undefined {
  let orientation: number | undefined;
  for (const { marker, start, end } of segments(bytes)) {
    if (marker === Marker.App1) orientation ??= exifOrientation(bytes.subarray(start + 4, end));
    if (isFrame(marker)) return { height: word(bytes, start + 5), width: word(bytes, start + 7), orientation: orientation ?? 1 };
    if (marker === Marker.Scan) break;
  }
  return undefined;
}

const exifName = [0x45, 0x78, 0x69, 0x66, 0, 0]; // "Exif", 0, 0

/** The orientation that an APP1 segment's content names; undefined if it is no Exif, or names none. */
function exifOrientation(content: Uint8Array): number | undefined {
  if (content.length < 14 || exifName.some((b, i) => content[i] !== b)) return undefined;
  const tiff = new DataView(content.buffer, content.byteOffset + 6, content.length - 6);
  const little = tiff.getUint16(0) === 0x4949;
  const directory = tiff.getUint32(4, little);
  if (directory + 2 > tiff.byteLength) return undefined;
  const entries = tiff.getUint16(directory, little);
  for (let i = 0, at = directory + 2; i < entries && at + 12 <= tiff.byteLength; i++, at += 12) {
    if (tiff.getUint16(at, little) !== 0x0112) continue;
    const value = tiff.getUint16(at + 8, little);
    return value >= 1 && value <= 8 ? value : undefined;
  }
  return undefined;
}

/** An APP1 segment that says nothing but an orientation. */
export function orientationSegment(orientation: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array([
    0xff, Marker.App1, 0, 34, ...exifName, 0x4d, 0x4d, 0, 42, 0, 0, 0, 8, // big endian, one directory
    0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0, // one entry, and none to follow
  ]);
}

/** Which metadata stays. */
export interface Keep {
  /** Of Exif, the orientation alone. */
  readonly orientation?: boolean;
  /** Colour profiles and other segments of programs; never Exif, XMP or IPTC. */
  readonly profile?: boolean;
}

/**
 * The ranges of bytes that remain of a JPEG file without its metadata, and without what follows its end (other images,
 * films). What is needed to show its colours remains. Undefined where the file is broken and best left alone.
 */
export function withoutMetadata(bytes: Uint8Array, keep: Keep): readonly (readonly [number, number])[] | undefined {
  const ranges: [number, number][] = [];
  let whole = false;
  for (const { marker, start, end } of segments(bytes)) {
    const last = ranges.at(-1);
    whole ||= marker === Marker.Scan;
    if (isMetadata(marker, keep)) continue;
    if (last && last[1] === start) last[1] = end;
    else ranges.push([start, end]);
  }
  return whole ? ranges : undefined;
}

function isMetadata(marker: number, keep: Keep): boolean {
  if (marker === Marker.Comment || marker === Marker.App1 || marker === Marker.App13) return true;
  const ofProgram = marker > Marker.App0 && marker <= Marker.App15 && marker !== Marker.App14;
  return ofProgram && !keep.profile;
}
