/** What the first bytes of an image say, so that most images need not be decoded to be left alone. */
import { readJpeg } from './jpeg.ts';

/** In pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What is known of an image before it is decoded. */
export interface Header extends Size {
  /** By the bytes, not by a name. */
  readonly type: 'image/jpeg' | 'image/png' | 'image/bmp';
  /** As Exif says it, 1 to 8; width and height are as a person sees them. */
  readonly orientation: number;
  /** More than one picture: an APNG. */
  readonly animated: boolean;
}

/** Room for the segments that cameras write before the size of a JPEG. */
export const headLength = 512 * 1024;

/** Undefined for another type, or where the size is not among the bytes. */
export function readHeader(bytes: Uint8Array): Header | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 26) return undefined;
  if (view.getUint16(0) === 0xffd8) {
    const jpeg = readJpeg(bytes);
    if (!jpeg) return undefined;
    const { width, height, orientation } = jpeg;
    const size = orientation > 4 ? { width: height, height: width } : { width, height };
    return { type: 'image/jpeg', ...size, orientation, animated: false };
  }
  if (view.getUint32(0) === 0x89504e47 && view.getUint32(4) === 0x0d0a1a0a) {
    return { type: 'image/png', width: view.getUint32(16), height: view.getUint32(20), orientation: 1, animated: isAnimated(view) };
  }
  if (view.getUint16(0) === 0x424d && view.getUint32(14, true) >= 40) {
    return {
      type: 'image/bmp', orientation: 1, animated: false,
      width: Math.abs(view.getInt32(18, true)), height: Math.abs(view.getInt32(22, true)),
    };
  }
  return undefined;
}

/** Whether a PNG has the chunk of an animation, which comes before the first pixels. */
function isAnimated(png: DataView): boolean {
  for (let at = 8; at + 8 <= png.byteLength; at += 12 + png.getUint32(at)) {
    const chunk = png.getUint32(at + 4);
    if (chunk === 0x6163544c) return true; // acTL
    if (chunk === 0x49444154) return false; // IDAT
  }
  return false;
}

/** The size that an image of a size is to get. Source: Filestack's imageDim, imageMax, imageMin. */
export interface Limits {
  /** Shrink what is larger, so that it fits. A missing side is no limit. */
  readonly max?: Sides;
  /** Enlarge what is smaller, so that it reaches both. */
  readonly min?: Sides;
  /** Fit exactly into this, whichever way; the others then mean nothing. */
  readonly dim?: Sides;
}
/** Width and height. */
export type Sides = readonly [number | null, number | null];

/** A limit that an image is outside of. */
export interface Misfit {
  readonly code: 'image-min' | 'image-max';
  /** Width and height, as a person reads them. */
  readonly limit: string;
}

/** Says which limit an image is outside of; undefined if none. */
export function misfit({ width, height }: Size, { min, max }: Limits): Misfit | undefined {
  if (min && (width < (min[0] ?? 0) || height < (min[1] ?? 0))) return { code: 'image-min', limit: `${min[0] ?? 1} × ${min[1] ?? 1}` };
  if (max && (width > (max[0] || Infinity) || height > (max[1] || Infinity))) return { code: 'image-max', limit: `${max[0] || '∞'} × ${max[1] || '∞'}` };
  return undefined;
}

/** Keeps the ratio, to a pixel. max has the last word. */
export function fit({ width, height }: Size, { dim, min, max }: Limits): Size {
  const fractions = ([w, h]: Sides) => [w && w / width, h && h / height].filter((f): f is number => !!f && f > 0);
  let scale = 1;
  if (dim) {
    const exact = fractions(dim);
    if (exact.length) scale = Math.min(...exact);
  } else {
    if (min) scale = Math.max(scale, ...fractions(min));
    if (max) scale = Math.min(scale, ...fractions(max));
  }
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}
