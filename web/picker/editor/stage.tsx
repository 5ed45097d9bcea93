/** The image with the crop upon it, enlarged and moved as a person likes. */
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Picture } from '../../image/index.ts';
import type { Translate } from '../text.ts';
import { filling } from '../../image/straighten.ts';
import { resized, viewSize } from './geometry.ts';
import type { Handle, Rect, Size, State } from './geometry.ts';

interface Props {
  readonly picture: Picture;
  readonly name: string;
  readonly state: State;
  readonly canCrop: boolean;
  readonly ratio?: number;
  readonly t: Translate;
  onCrop(crop: Rect): void;
}

const maxZoom = 8;
/** Small images are enlarged to fill the stage, but no more than this. */
const maxFit = 4;
/** CSS pixels around the image, so that handles at its edges are whole. */
const margin = 16;

/** The image with its crop, and how large both are shown. */
export function Stage({ picture, name, state, canCrop, ratio, t, onCrop }: Props): JSX.Element {
  const stage = useRef<HTMLDivElement>(null);
  const view = viewSize(picture, state);
  const room = useSize(stage);
  const zoom = useZoom(stage);
  const fit = Math.min(maxFit, room.width / view.width, room.height / view.height);
  const scale = Math.max(0.001, fit * zoom.now);
  const pointers = usePointers(stage, zoom, { scale, crop: state.crop, bounds: view, ratio, onCrop });
  return (
    <div class="editor__view">
      {/* The handles inside take the keyboard, and scroll into sight by themselves. */}
      <div ref={stage} class="editor__stage" dir="ltr" {...pointers}>
        <div class="editor__paper" style={{ width: `${view.width * scale}px`, height: `${view.height * scale}px` }}>
          <Turned picture={picture} name={name} state={state} />
          {canCrop && <Crop crop={state.crop} circle={state.shape === 'circle'} bounds={view} ratio={ratio} t={t} onCrop={onCrop} />}
        </div>
      </div>
      <label class="editor__zoom">
        <span class="editor__label">{t('Zoom')}</span>
        <input
          type="range" class="editor__range" min="1" max={maxZoom} step="0.1" value={zoom.now}
          aria-valuetext={`${Math.round(zoom.now * 100)}%`} onInput={(e) => zoom.to(e.currentTarget.valueAsNumber)}
        />
      </label>
    </div>
  );
}

/** The room within an element. */
function useSize(element: { current: HTMLElement | null }): Size {
  const [size, set] = useState<Size>({ width: 1, height: 1 });
  useLayoutEffect(() => {
    const measured = element.current;
    if (!measured) return;
    // Its outer size: scroll bars that come and go must not change the scale.
    const measure = () => set({ width: Math.max(1, measured.offsetWidth - 2 * margin), height: Math.max(1, measured.offsetHeight - 2 * margin) });
    const observer = new ResizeObserver(measure);
    observer.observe(measured);
    measure();
    return () => observer.disconnect();
  }, []);
  return size;
}

interface Zoom {
  readonly now: number;
  /** Leaves in its place what is at a point of the window, or in the middle. */
  to(next: number, clientX?: number, clientY?: number): void;
}

function useZoom(stage: { current: HTMLElement | null }): Zoom {
  const [now, set] = useState(1);
  const still = useRef<{ x: number; y: number; atX: number; atY: number }>(undefined);
  useLayoutEffect(() => {
    const [element, paper, point] = [stage.current, stage.current?.firstElementChild, still.current];
    if (!element || !paper || !point) return;
    const box = paper.getBoundingClientRect();
    element.scrollBy(box.left + point.x * box.width - point.atX, box.top + point.y * box.height - point.atY);
  }, [now]);
  return {
    now,
    to(next, clientX, clientY) {
      const [outer, box] = [stage.current?.getBoundingClientRect(), stage.current?.firstElementChild?.getBoundingClientRect()];
      if (!outer || !box) return;
      const [atX, atY] = [clientX ?? outer.left + outer.width / 2, clientY ?? outer.top + outer.height / 2];
      still.current = { x: (atX - box.left) / box.width, y: (atY - box.top) / box.height, atX, atY };
      set(Math.max(1, Math.min(maxZoom, next)));
    },
  };
}

interface Drag {
  readonly scale: number;
  readonly crop: Rect;
  readonly bounds: Size;
  readonly ratio?: number;
  onCrop(crop: Rect): void;
}
interface Point { readonly x: number; readonly y: number }

/** One pointer moves a handle, the crop or, beside it, the paper; two enlarge. */
function usePointers(stage: { current: HTMLElement | null }, zoom: Zoom, drag: Drag): JSX.IntrinsicElements['div'] {
  const down = useRef(new Map<number, Point>());
  const from = useRef<{ handle?: Handle; x: number; y: number; crop: Rect; apart: number; zoom: number }>(undefined);

  const middle = () => {
    const [a = { x: 0, y: 0 }, b = a] = [...down.current.values()];
    return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2, apart: Math.hypot(a.x - b.x, a.y - b.y) };
  };
  const begin = (handle?: Handle) => { from.current = { handle, ...middle(), crop: drag.crop, zoom: zoom.now }; };
  const end = (e: PointerEvent) => {
    down.current.delete(e.pointerId);
    begin();
  };

  return {
    onPointerDown(e) {
      if (e.button !== 0 || down.current.size === 2) return;
      down.current.set(e.pointerId, { x: e.clientX, y: e.clientY });
      e.currentTarget.setPointerCapture(e.pointerId);
      const handle = e.target instanceof Element ? e.target.closest<HTMLElement>('[data-handle]') : null;
      // A drag that begins at a handle goes on with the keys.
      handle?.focus({ preventScroll: true });
      e.preventDefault();
      begin(down.current.size === 1 ? handle?.dataset.handle as Handle | undefined : undefined);
    },
    onPointerMove(e) {
      if (!down.current.has(e.pointerId) || !from.current) return;
      down.current.set(e.pointerId, { x: e.clientX, y: e.clientY });
      const { handle, crop, apart, x, y } = from.current;
      const at = middle();
      if (down.current.size === 2) {
        zoom.to(from.current.zoom * at.apart / Math.max(1, apart), at.x, at.y);
      } else if (handle) {
        drag.onCrop(resized(crop, handle, (at.x - x) / drag.scale, (at.y - y) / drag.scale, drag.bounds, drag.ratio));
      } else {
        stage.current?.scrollBy(x - at.x, y - at.y);
        from.current = { ...from.current, x: at.x, y: at.y };
      }
    },
    onPointerUp: end,
    onPointerCancel: end,
    onWheel(e) {
      if (!e.ctrlKey && !e.metaKey) return;
      e.preventDefault();
      zoom.to(zoom.now * Math.exp(-e.deltaY / 200), e.clientX, e.clientY);
    },
  };
}

/** The image as it is turned, at the resolution that there is; the browser scales it. */
function Turned({ picture, name, state: { rotate, flip, flop, straighten, crop } }: Pick<Props, 'picture' | 'name' | 'state'>): JSX.Element {
  const { bitmap } = picture;
  const canvas = useRef<HTMLCanvasElement>(null);
  const enlarged = filling(crop, viewSize(picture, { rotate, flip, flop }), straighten);
  const scale = bitmap.width / picture.width;
  const [x, y] = [(crop.x + crop.width / 2) * scale, (crop.y + crop.height / 2) * scale];
  const { width, height } = viewSize(bitmap, { rotate, flip, flop });
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    context.resetTransform();
    context.clearRect(0, 0, width, height);
    if (straighten) {
      context.translate(x, y);
      context.rotate(straighten * Math.PI / 180);
      context.scale(enlarged, enlarged);
      context.translate(-x, -y);
    }
    context.translate(width / 2, height / 2);
    context.rotate(rotate * Math.PI / 180);
    context.scale(flop ? -1 : 1, flip ? -1 : 1);
    context.drawImage(bitmap, -bitmap.width / 2, -bitmap.height / 2);
  }, [bitmap, rotate, flip, flop, ...(straighten ? [straighten, enlarged, x, y] : [0, 1, 0, 0])]);
  return <canvas ref={canvas} class="editor__image" width={width} height={height} role="img" aria-label={name} />;
}

/** The shade around the crop, and what moves it: each handle is a slider that goes in all directions it can. */
function Crop({ crop, circle, bounds, ratio, t, onCrop }: {
  crop: Rect; circle: boolean; bounds: Size; ratio?: number; t: Translate; onCrop: (crop: Rect) => void;
}): JSX.Element {
  const names: Readonly<Record<Handle, string>> = {
    move: t('Crop area'), nw: t('Top left corner'), n: t('Top edge'), ne: t('Top right corner'), e: t('Right edge'),
    se: t('Bottom right corner'), s: t('Bottom edge'), sw: t('Bottom left corner'), w: t('Left edge'),
  };
  const percent = (n: number, of: number) => `${100 * n / of}%`;
  const area = {
    left: percent(crop.x, bounds.width), top: percent(crop.y, bounds.height),
    width: percent(crop.width, bounds.width), height: percent(crop.height, bounds.height),
  };
  const place = (handle: Handle) => {
    if (handle === 'move') return area;
    const across = handle.includes('w') ? 0 : handle.includes('e') ? 1 : 0.5;
    const along = handle.includes('n') ? 0 : handle.includes('s') ? 1 : 0.5;
    return { left: percent(crop.x + across * crop.width, bounds.width), top: percent(crop.y + along * crop.height, bounds.height) };
  };
  const { width, height, x: left, y: top } = crop;
  const text = t('{width} × {height} pixels, {left} from the left, {top} from the top', { width, height, left, top });
  return (
    <>
      <div class="editor__shade">
        <div class={`editor__crop ${circle ? 'editor__crop--circle' : ''}`} style={area}><div class="editor__grid" /></div>
      </div>
      {(Object.keys(names) as Handle[]).map((handle) => {
        const upright = handle === 'n' || handle === 's';
        return (
          <div
            key={handle} data-handle={handle} class={`editor__handle editor__handle--${handle}`} style={place(handle)} tabIndex={0}
            role="slider" aria-label={names[handle]} aria-orientation={upright ? 'vertical' : 'horizontal'} aria-valuemin={0}
            aria-valuemax={upright ? bounds.height : bounds.width} aria-valuenow={valueOf(handle, crop)} aria-valuetext={text}
            onKeyDown={(e) => {
              const step = e.shiftKey ? 10 : 1;
              const [dx, dy] = ({ ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] } as const)[e.key] ?? [0, 0];
              if (!dx && !dy) return;
              e.preventDefault();
              e.stopPropagation();
              onCrop(resized(crop, handle, dx, dy, bounds, ratio));
            }}
          />
        );
      })}
    </>
  );
}

/** Where a handle is, of the direction that its slider names. */
function valueOf(handle: Handle, { x, y, width, height }: Rect): number {
  if (handle === 'n') return y;
  if (handle === 's') return y + height;
  return handle.includes('e') ? x + width : x;
}
