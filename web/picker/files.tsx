/** The selection as a list or as tiles. Only what is in sight is in the page. */
import type { JSX, RefObject } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Row } from './row.tsx';
import type { Model } from './model.ts';
import { Pictures } from './thumbnail.tsx';

/** Rows above and below what is in sight. */
const spare = 3;

/** What was measured: of the list, and of the style sheet's size of one file. */
interface Room {
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly rowHeight: number;
  readonly tileWidth: number;
}

export function FilesPanel({ m }: { m: Model }): JSX.Element {
  const { items } = m.engine;
  const { tiles } = m.state;
  const { t } = m.text;
  const list = useRef<HTMLDivElement>(null);
  const probe = useRef<HTMLDivElement>(null);
  const [room, scrolled] = useRoom(list, probe, tiles);
  const [focused, setFocused] = useState(0);
  const wanted = useRef(false);
  const pictures = useMemo(() => new Pictures(m.engine), []);
  useEffect(() => () => pictures.close(), []);
  const current = Math.min(focused, items.length - 1);

  const columns = tiles ? Math.max(1, Math.floor(room.width / room.tileWidth)) : 1;
  const rows = Math.ceil(items.length / columns);
  const first = Math.max(0, Math.floor(room.top / room.rowHeight) - spare);
  const last = Math.min(rows, Math.ceil((room.top + room.height) / room.rowHeight) + spare);
  const shown = items.slice(first * columns, last * columns).map((_, i) => first * columns + i);
  // What has the focus must not vanish.
  if (current >= 0 && !shown.includes(current)) shown.push(current);

  const focus = (index: number) => {
    const row = list.current?.querySelector<HTMLElement>(`[data-index="${index}"]`);
    row?.focus();
    return Boolean(row);
  };
  /** Gives a row the focus with the render that brings it. */
  const want = (index: number) => {
    wanted.current = true;
    setFocused(index);
  };
  // After the next paint it could be the effect of a render that knows nothing of the key.
  useLayoutEffect(() => {
    if (wanted.current && focus(current)) wanted.current = false;
  });

  const go = (index: number) => {
    const next = Math.max(0, Math.min(items.length - 1, index));
    const element = list.current;
    const y = Math.floor(next / columns) * room.rowHeight;
    if (element && y < element.scrollTop) element.scrollTop = y;
    else if (element && y + room.rowHeight > element.scrollTop + room.height) element.scrollTop = y + room.rowHeight - room.height;
    if (!focus(next)) want(next);
  };
  const onKeyDown = (e: KeyboardEvent) => {
    const onRow = (e.target as HTMLElement).getAttribute('role') === 'row';
    const item = items[current];
    const step = stepOf(e.key, columns, Math.max(1, Math.floor(room.height / room.rowHeight)), m.text.dir === 'rtl');
    if (step !== undefined) go(current + step);
    else if (e.key === 'Home') go(0);
    else if (e.key === 'End') go(items.length - 1);
    else if (onRow && e.key === 'Delete' && item) {
      m.remove(item);
      want(current);
    } else if (onRow && e.key === 'F2' && item?.status === 'ready') m.set({ detail: item.id });
    else return;
    e.preventDefault();
  };

  return (
    <div class={`picker__files fsp-summary ${tiles ? 'picker__files--tiles fsp-grid' : ''}`} part="files">
      <div ref={probe} class="picker__file-size" aria-hidden="true" />
      <div
        ref={list} class="picker__list fsp-summary__body" role="grid" aria-label={t('Selected Files')} aria-rowcount={items.length}
        onKeyDown={onKeyDown} onScroll={scrolled}
      >
        <div class="picker__track" role="presentation" style={{ blockSize: `${rows * room.rowHeight}px` }}>
          {shown.map((index) => {
            const item = items[index];
            return item && (
              <Row
                key={item.id} m={m} pictures={pictures} item={item} index={index} current={index === current}
                style={{
                  transform: `translateY(${Math.floor(index / columns) * room.rowHeight}px)`, blockSize: `${room.rowHeight}px`,
                  insetInlineStart: `${index % columns / columns * 100}%`, inlineSize: `${100 / columns}%`,
                }}
                onFocus={() => setFocused(index)} onRemove={() => want(index)}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

/** Measures the list and the probe again whenever their sizes change. */
function useRoom(list: RefObject<HTMLElement | null>, probe: RefObject<HTMLElement | null>, tiles: boolean): readonly [room: Room, scrolled: () => void] {
  const [room, setRoom] = useState<Room>({ top: 0, width: 0, height: 600, rowHeight: 72, tileWidth: 160 });
  const measure = () => {
    const [element, sample] = [list.current, probe.current];
    if (element && sample) {
      setRoom((old) => ({
        top: element.scrollTop, width: element.clientWidth, height: element.clientHeight,
        rowHeight: sample.offsetHeight || old.rowHeight, tileWidth: sample.offsetWidth || old.tileWidth,
      }));
    }
  };
  useLayoutEffect(() => {
    const observer = new ResizeObserver(measure);
    for (const { current } of [list, probe]) if (current) observer.observe(current);
    return () => observer.disconnect();
  }, [tiles]);
  return [room, () => setRoom((old) => ({ ...old, top: list.current?.scrollTop ?? 0 }))];
}

/** How many files a key goes forward; undefined for other keys. */
function stepOf(key: string, columns: number, page: number, rtl: boolean): number | undefined {
  switch (key) {
    case 'ArrowDown': return columns;
    case 'ArrowUp': return -columns;
    case 'PageDown': return columns * page;
    case 'PageUp': return -columns * page;
    case 'ArrowRight': return columns === 1 ? undefined : rtl ? -1 : 1;
    case 'ArrowLeft': return columns === 1 ? undefined : rtl ? 1 : -1;
    default: return undefined;
  }
}
