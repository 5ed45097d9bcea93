/**
 * Where things are in the editor, in pixels of the image. A person works in the view: the image mirrored and turned. An
 * Edit speaks of the original.
 */
import type { Edit } from '../../engine/types.ts';
import type { Editing } from '../types.ts';

/** In pixels of the image, as all here. */
export interface Size {
  readonly width: number;
  readonly height: number;
}
/** Its top left corner, and its size. */
export interface Rect extends Size {
  readonly x: number;
  readonly y: number;
}

/** First mirrored (flip: top to bottom, flop: left to right), then turned clockwise. */
export interface Turn {
  readonly rotate: number;
  readonly flip: boolean;
  readonly flop: boolean;
}

/** circle and exact (both sides typed) are shapes too; the rest are ratios of width to height. */
export type Shape = 'free' | 'original' | 'circle' | 'exact' | '1:1' | '4:3' | '3:2' | '16:9';

/** What a person has chosen so far. */
export interface State extends Turn {
  /** In the view. */
  readonly crop: Rect;
  /** Degrees clockwise, -45 to 45, by which the view is turned about the middle of the crop, and enlarged to fill it. */
  readonly straighten: number;
  readonly shape: Shape;
  /** The wanted size of the result; undefined takes the pixels as they are. */
  readonly result?: Size;
}

/** n, e, s, w: the sides that it moves; none of them moves the whole. */
export type Handle = 'nw' | 'n' | 'ne' | 'e' | 'se' | 's' | 'sw' | 'w' | 'move';

const quarter = (r: Rect, { height }: Size): Rect => ({ x: height - r.y - r.height, y: r.x, width: r.height, height: r.width });
const swapped = ({ width, height }: Size): Size => ({ width: height, height: width });
const isAcross = ({ rotate }: { rotate: number }) => rotate % 180 !== 0;

function quarters(r: Rect, bounds: Size, degrees: number): Rect {
  for (let left = degrees; left > 0; left -= 90, bounds = swapped(bounds)) r = quarter(r, bounds);
  return r;
}

function mirror(r: Rect, { width, height }: Size, { flip, flop }: Turn): Rect {
  return { ...r, x: flop ? width - r.x - r.width : r.x, y: flip ? height - r.y - r.height : r.y };
}

/** The size of the view. */
export const viewSize = (original: Size, turn: Turn): Size => isAcross(turn) ? swapped(original) : { width: original.width, height: original.height };

/** A rectangle of the original in the view, and back. */
export const toView = (r: Rect, original: Size, turn: Turn): Rect => quarters(mirror(r, original, turn), original, turn.rotate);
export const toOriginal = (r: Rect, original: Size, turn: Turn): Rect =>
  mirror(quarters(r, viewSize(original, turn), (360 - turn.rotate) % 360), original, turn);

const whole = ({ width, height }: Size): Rect => ({ x: 0, y: 0, width, height });
const clamp = (n: number, low: number, high: number) => Math.max(low, Math.min(high, n));

/** The ratio that the crop must have; undefined leaves it free. */
export function ratioOf(s: State, original: Size, editing: Editing): number | undefined {
  if (editing.exact) return editing.exact.width / editing.exact.height;
  if (s.shape === 'circle') return 1;
  if (editing.aspectRatio) return editing.aspectRatio;
  if (s.shape === 'exact') return s.result && s.result.width / s.result.height;
  if (s.shape === 'free') return undefined;
  const view = viewSize(original, s);
  if (s.shape === 'original') return view.width / view.height;
  const [w = 1, h = 1] = s.shape.split(':').map(Number);
  return view.width < view.height ? h / w : w / h;
}

/** The smallest crop, where the image has as much. */
export const smallest = 8;

/** r moved within bounds. */
export function moved(r: Rect, dx: number, dy: number, bounds: Size): Rect {
  return { ...r, x: clamp(Math.round(r.x + dx), 0, bounds.width - r.width), y: clamp(Math.round(r.y + dy), 0, bounds.height - r.height) };
}

/** r with the handle moved. With a ratio the opposite corner, or the middle of the opposite side, stays. */
export function resized(r: Rect, handle: Handle, dx: number, dy: number, bounds: Size, ratio?: number): Rect {
  if (handle === 'move') return moved(r, dx, dy, bounds);
  const x = axis(r.x, r.width, dx, handle.includes('w') ? -1 : handle.includes('e') ? 1 : 0, bounds.width);
  const y = axis(r.y, r.height, dy, handle.includes('n') ? -1 : handle.includes('s') ? 1 : 0, bounds.height);
  if (!ratio) return { x: x.place(x.length), y: y.place(y.length), width: x.length, height: y.length };
  // Whichever side was moved further, of those that were.
  const byHeight = !x.side || (y.side && Math.abs(y.length - r.height) * ratio > Math.abs(x.length - r.width));
  const most = Math.min(x.most, y.most * ratio);
  const least = Math.min(most, Math.max(smallest, smallest * ratio));
  const size = rounded(clamp(byHeight ? y.length * ratio : x.length, least, most), ratio, { width: x.most, height: y.most });
  return { x: x.place(size.width), y: y.place(size.height), ...size };
}

/** One direction of a resize. side: which end moves; 0 for none, then both do if they must. */
function axis(start: number, length: number, delta: number, side: -1 | 0 | 1, bound: number) {
  const end = start + length;
  const middle = start + length / 2;
  const most = side < 0 ? end : side > 0 ? bound - start : 2 * Math.min(middle, bound - middle);
  return {
    side,
    most,
    length: side ? Math.round(clamp(length + side * delta, Math.min(smallest, most), most)) : length,
    place: (l: number) => clamp(side < 0 ? end - l : side > 0 ? start : Math.round(middle - l / 2), 0, bound - l),
  };
}

/** Whole pixels nearest to a width and ratio, within bounds. */
function rounded(width: number, ratio: number, bounds: Size): Size {
  const w = clamp(Math.round(width), 1, Math.floor(bounds.width));
  return { width: w, height: clamp(Math.round(w / ratio), 1, Math.floor(bounds.height)) };
}

/** A rectangle of that ratio about the middle of r, with the area of r, or as much as bounds have room for. */
export function reshaped(r: Rect, ratio: number | undefined, bounds: Size): Rect {
  if (!ratio) return r;
  const width = Math.min(Math.sqrt(r.width * r.height * ratio), bounds.width, bounds.height * ratio);
  const size = rounded(width, ratio, bounds);
  return moved({ x: r.x + (r.width - size.width) / 2, y: r.y + (r.height - size.height) / 2, ...size }, 0, 0, bounds);
}

/** s with another crop; the result keeps its width, and its height follows. */
export function withCrop(s: State, crop: Rect, editing: Editing): State {
  if (!s.result || s.shape === 'exact' || editing.exact) return { ...s, crop };
  return { ...s, crop, result: { width: s.result.width, height: Math.max(1, Math.round(s.result.width * crop.height / crop.width)) } };
}

/** s in another shape. */
export function withShape(s: State, shape: Shape, original: Size, editing: Editing): State {
  const result = shape === 'exact' ? s.result ?? { width: s.crop.width, height: s.crop.height } : s.result;
  const next = { ...s, shape, result };
  return withCrop(next, reshaped(s.crop, ratioOf(next, original, editing), viewSize(original, next)), editing);
}

/** s with the view turned by a quarter clockwise (90) or back (270). */
export function turned(s: State, degrees: 90 | 270, original: Size, editing: Editing): State {
  const crop = quarters(s.crop, viewSize(original, s), degrees);
  const next = { ...s, rotate: (s.rotate + degrees) % 360, crop };
  return withCrop(next, reshaped(crop, ratioOf(next, original, editing), viewSize(original, next)), editing);
}

/** What a person sees as left to right is top to bottom of an image that lies on its side. */
const ofOriginal = (s: State, way: 'flip' | 'flop') => (way === 'flip') !== isAcross(s) ? 'flip' : 'flop';

/** Whether the view is mirrored that way. */
export const isMirrored = (s: State, way: 'flip' | 'flop'): boolean => s[ofOriginal(s, way)];

/** s with the view mirrored that way. */
export function mirrored(s: State, way: 'flip' | 'flop', original: Size): State {
  const crop = mirror(s.crop, viewSize(original, s), { rotate: 0, flip: way === 'flip', flop: way === 'flop' });
  return { ...s, crop, straighten: -s.straighten || 0, [ofOriginal(s, way)]: !isMirrored(s, way) };
}

/** The largest length of a side that a person may ask for; browsers cannot draw more. */
export const longest = 16_384;

/** s with a typed width or height of the result; the other follows unless both are typed. */
export function withResult(s: State, side: 'width' | 'height', typed: number, original: Size, editing: Editing): State {
  const length = clamp(Math.round(typed) || 1, 1, longest);
  const now = s.result ?? s.crop;
  if (s.shape === 'exact') {
    return withShape({ ...s, result: { width: now.width, height: now.height, [side]: length } }, 'exact', original, editing);
  }
  const scale = length / s.crop[side];
  const follow = (n: number) => clamp(Math.round(n * scale), 1, longest);
  return { ...s, result: { width: follow(s.crop.width), height: follow(s.crop.height), [side]: length } };
}

/** Where an editor begins: with what was done before, else with the largest crop that is allowed. */
export function begin(original: Size, editing: Editing, edit?: Edit): State {
  const turn = { rotate: edit?.rotate ?? 0, flip: !!edit?.flip, flop: !!edit?.flop };
  const view = viewSize(original, turn);
  const crop = edit?.crop ? toView(edit.crop, original, turn) : whole(view);
  const onlyCircle = editing.circle && !editing.crop && editing.force;
  const s: State = { ...turn, crop, straighten: edit?.straighten ?? 0, shape: edit?.circle || onlyCircle ? 'circle' : 'free', result: editing.exact ?? edit?.resize };
  const mustFit = !edit || editing.exact || editing.aspectRatio || s.shape === 'circle';
  return mustFit ? { ...s, crop: reshaped(crop, ratioOf(s, original, editing), view) } : s;
}

/** What was done, for whoever renders it. */
export function toEdit(s: State, original: Size): Edit {
  const view = viewSize(original, s);
  const cropped = s.crop.width !== view.width || s.crop.height !== view.height;
  const scaled = s.result && (s.result.width !== s.crop.width || s.result.height !== s.crop.height);
  return {
    ...(cropped && { crop: toOriginal(s.crop, original, s) }),
    ...(s.shape === 'circle' && { circle: true }),
    ...(s.rotate !== 0 && { rotate: s.rotate }),
    ...(s.straighten !== 0 && { straighten: s.straighten }),
    ...(s.flip && { flip: true }),
    ...(s.flop && { flop: true }),
    ...(scaled && { resize: s.result }),
    originalWidth: original.width, originalHeight: original.height,
  };
}

/** Whether an edit leaves every pixel as it was. */
export const isIdle = ({ crop, circle, rotate, straighten, flip, flop, resize }: Edit): boolean =>
  !crop && !circle && !rotate && !straighten && !flip && !flop && !resize;
