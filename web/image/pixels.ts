/** Decoding, drawing and encoding, in a worker or, in slices, beside a page. */
import type { Edit } from '../engine/types.ts';
import type { Size } from './header.ts';
import { orientationSegment } from './jpeg.ts';
import { filling, seen } from './straighten.ts';

/** Waits until the page has had its turn; undefined in a worker, which need not. */
export type Pause = (() => Promise<void>) | undefined;

/** What one slice draws beside a page: some 10 ms on a slow machine. */
const slicePixels = 500_000;

/** Like the best setting of cameras; the eye sees no difference, and files are a third of quality 1. */
const jpegQuality = 0.92;

/** The picture as a person sees it: its orientation is applied. Undefined if the browser cannot decode it. */
export async function decode(blob: Blob, orientation: number): Promise<ImageBitmap | OffscreenCanvas | undefined> {
  try {
    // Not told to turn, which browsers do by themselves: older Safari refuses the word for it.
    const bitmap = await createImageBitmap(blob);
    if (orientation === 1 || await (browserTurns ??= turns())) return bitmap;
    const turned = await draw(bitmap, upright(bitmap, orientation), undefined);
    bitmap.close();
    return turned;
  } catch {
    return undefined;
  }
}

let browserTurns: Promise<boolean> | undefined;

/** Whether createImageBitmap applies orientations; older Firefox did not, and does not say so. */
async function turns(): Promise<boolean> {
  const canvas = new OffscreenCanvas(2, 1);
  canvas.getContext('2d')?.fillRect(0, 0, 1, 1);
  const plain = await canvas.convertToBlob({ type: 'image/jpeg' });
  const turned = new Blob([plain.slice(0, 2), orientationSegment(6), plain.slice(2)], { type: 'image/jpeg' });
  const bitmap = await createImageBitmap(turned);
  return bitmap.width === 1;
}

/** The edit that sets a picture with an Exif orientation upright. */
export function upright({ width, height }: Size, orientation: number): Edit {
  return {
    rotate: [0, 0, 0, 0, 0, 90, 90, 90, 270][orientation] ?? 0,
    flop: [2, 3, 7].includes(orientation), flip: [3, 4, 5].includes(orientation),
    originalWidth: width, originalHeight: height,
  };
}

/**
 * Does an edit: crops, mirrors, then turns clockwise, straightens, then scales to the wanted size. What shows through (the corners of a
 * turned picture, the outside of a circle) is transparent, or of the colour behind.
 */
export async function draw(source: ImageBitmap | OffscreenCanvas, edit: Edit, pause: Pause, behind?: string): Promise<OffscreenCanvas> {
  const crop = inside(edit.crop, source);
  const angle = (edit.rotate ?? 0) * Math.PI / 180;
  const [cos, sin] = [Math.abs(Math.cos(angle)), Math.abs(Math.sin(angle))];
  const turned = { width: Math.round(crop.width * cos + crop.height * sin), height: Math.round(crop.width * sin + crop.height * cos) };
  const { width, height } = edit.resize ?? turned;
  const [x, y] = [width / turned.width, height / turned.height];

  // Scaled before it is turned, so that a turn by right angles moves pixels and mixes none.
  const w = Math.max(1, Math.round(crop.width * (cos * x + sin * y) / (cos + sin)));
  const h = Math.max(1, Math.round(crop.height * (cos * y + sin * x) / (cos + sin)));
  const straighten = edit.straighten ?? 0;
  const part = straighten ? seen(crop, source, straighten) : crop;
  const enlarged = straighten ? filling(crop, source, straighten) : 1;
  const [pw, ph] = straighten ? [part.width * enlarged * w / crop.width, part.height * enlarged * h / crop.height] : [w, h];
  const small = await halved(source, part, pw, ph, pause);
  return paint(width, height, pause, (context) => {
    if (behind) {
      context.fillStyle = behind;
      context.fillRect(0, 0, width, height);
    }
    if (edit.circle) {
      context.beginPath();
      context.ellipse(width / 2, height / 2, width / 2, height / 2, 0, 0, 2 * Math.PI);
      context.clip();
    }
    context.imageSmoothingQuality = pw === small.width && ph === small.height ? 'low' : 'high';
    context.translate(width / 2, height / 2);
    context.rotate(straighten * Math.PI / 180 + angle);
    context.scale(edit.flop ? -1 : 1, edit.flip ? -1 : 1);
    context.drawImage(small.source, small.x, small.y, small.width, small.height, -pw / 2, -ph / 2, pw, ph);
  });
}

interface Rect extends Size { readonly x: number; readonly y: number }

/** The part of a rectangle that lies on the picture, at least a pixel. */
function inside(crop: Rect | undefined, { width, height }: Size): Rect {
  if (!crop) return { x: 0, y: 0, width, height };
  const x = Math.min(Math.max(0, crop.x), width - 1);
  const y = Math.min(Math.max(0, crop.y), height - 1);
  return { x, y, width: Math.max(1, Math.min(crop.width, width - x)), height: Math.max(1, Math.min(crop.height, height - y)) };
}

/** Halves the part of a picture until less than half of it is wanted: one larger step would skip pixels. */
async function halved(source: ImageBitmap | OffscreenCanvas, part: Rect, width: number, height: number, pause: Pause) {
  let now = { source, ...part };
  while (now.width >= 2 * width || now.height >= 2 * height) {
    const from = now;
    const w = from.width >= 2 * width ? Math.ceil(from.width / 2) : from.width;
    const h = from.height >= 2 * height ? Math.ceil(from.height / 2) : from.height;
    const smaller = await paint(w, h, pause, (context) => {
      context.imageSmoothingQuality = 'low'; // the mean of four pixels, which is exact here
      context.drawImage(from.source, from.x, from.y, from.width, from.height, 0, 0, w, h);
    });
    now = { source: smaller, x: 0, y: 0, width: w, height: h };
  }
  return now;
}

/** A new canvas with what act draws; with pause, band by band. */
async function paint(width: number, height: number, pause: Pause, act: (context: OffscreenCanvasRenderingContext2D) => void): Promise<OffscreenCanvas> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('The browser has no memory left for this image; choose a smaller one.');
  /** Browsers draw when they must: now, not all bands at the end. The first time they find the memory. */
  const settle = async (y: number) => {
    context.getImageData(0, y, 1, 1);
    await pause?.();
  };
  if (pause) await settle(0);
  const rows = pause ? Math.max(1, Math.floor(slicePixels / width)) : height;
  for (let y = 0; y < height; y += rows) {
    context.save();
    context.beginPath();
    context.rect(0, y, width, rows);
    context.clip();
    act(context);
    context.restore();
    if (pause) await settle(y);
  }
  return canvas;
}

/** Types that browsers can write and that say all the picture says; BMP becomes PNG, HEIC becomes JPEG. */
export function outputType(type: string, edit?: Edit): string {
  if (edit?.circle || type === 'image/png' || type === 'image/bmp') return 'image/png';
  return type === 'image/webp' || type === 'image/avif' ? 'image/webp' : 'image/jpeg';
}

/** The file of a picture. */
export const encode = (canvas: OffscreenCanvas, type: string): Promise<Blob> => canvas.convertToBlob({ type, quality: jpegQuality });
