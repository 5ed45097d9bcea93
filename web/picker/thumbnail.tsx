/** A small picture of a file: its own, the server's, or a pictogram of its type. */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { EngineLike, Item } from '../engine/types.ts';
import { thumbnail } from '../image/index.ts';
import { Icon } from './icons.tsx';
import type { Model } from './model.ts';
import { typeIcon } from './strokes.ts';

/** Pixels; twice what the largest tile shows. */
const size = 256;
/** Pictures kept for rows that come back into sight: some 50 MiB. */
const kept = 200;
/** ms in sight before a picture is made: rows that fly by need none. */
const patience = 80;
/** Bytes; the server draws nothing larger before it is stored. */
const most = 20 << 20;

/** What browsers or the server may be able to draw. */
const drawable = /^image\/|\/pdf$/;

/** Pictures by item and bytes, the one used longest ago first. */
export class Pictures {
  readonly #engine: EngineLike;
  #made = new Map<Blob, ImageBitmap | undefined>();
  /** The server draws one at a time. */
  #asked: Promise<unknown> = Promise.resolve();
  /** Whether it draws for this page at all. */
  #draws = true;

  constructor(engine: EngineLike) {
    this.#engine = engine;
  }

  /** Undefined where neither the browser nor the server can show blob, or signal was aborted. */
  async of(blob: Blob, signal: AbortSignal): Promise<ImageBitmap | undefined> {
    if (!this.#made.has(blob)) {
      let picture = await thumbnail(blob, size, signal).catch(() => undefined);
      if (!picture && !signal.aborted) {
        const asked = this.#asked = this.#asked.then(() => this.#ask(blob, signal)).catch(() => undefined);
        picture = await asked;
      }
      if (signal.aborted && !picture) return undefined;
      this.#made.set(blob, picture);
      for (const [old, bitmap] of this.#made) {
        if (this.#made.size <= kept) break;
        this.#made.delete(old);
        bitmap?.close();
      }
    }
    const picture = this.#made.get(blob);
    this.#made.delete(blob);
    this.#made.set(blob, picture);
    return picture;
  }

  /** Has the server draw what this browser cannot. What is being sent is worth more of the network, and is drawn when it is stored. */
  async #ask(blob: Blob, signal: AbortSignal): Promise<ImageBitmap | undefined> {
    const { settings, phase } = this.#engine;
    if (!this.#draws || blob.size > most || phase === 'uploading' || signal.aborted) return undefined;
    const query = new URLSearchParams({ key: settings.apiKey, ...settings.grant() });
    // Without its type, so that no other request has to ask whether this one may come.
    const answer = await fetch(`${settings.hosts().upload}/preview?${query}`, { method: 'POST', body: blob.slice(), signal, credentials: 'omit', referrerPolicy: 'origin' });
    this.#draws = ![401, 404, 405, 501].includes(answer.status);
    return answer.ok ? createImageBitmap(await answer.blob()) : undefined;
  }

  close(): void {
    for (const bitmap of this.#made.values()) bitmap?.close();
    this.#made.clear();
  }
}

export function Thumbnail({ m, pictures, item }: { m: Model; pictures: Pictures; item: Item }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [drawn, setDrawn] = useState<Blob>();
  const [undrawn, setUndrawn] = useState<Blob>();
  const [broken, setBroken] = useState('');
  const blob = m.options.thumbnails && drawable.test(item.type) ? item.blob : undefined;
  useEffect(() => {
    if (!blob) return;
    const ending = new AbortController();
    const timer = setTimeout(async () => {
      const picture = await pictures.of(blob, ending.signal);
      const target = canvas.current;
      if (ending.signal.aborted) return;
      if (!picture) setUndrawn(blob);
      if (!picture || !target) return;
      target.width = picture.width;
      target.height = picture.height;
      target.getContext('2d')?.drawImage(picture, 0, 0);
      setDrawn(blob);
    }, patience);
    return () => {
      clearTimeout(timer);
      ending.abort();
    };
  }, [blob]);

  const own = blob !== undefined && drawn === blob;
  // Of what is stored before it is drawn nothing is asked for: the policy may well not allow to see it.
  const late = blob !== undefined && undrawn !== blob;
  const remote = own || !m.options.thumbnails ? '' : item.link?.thumbnail ?? (late ? '' : preview(m.engine, item));
  return (
    <span class="picker__thumbnail fsp-summary__thumbnail-container" aria-hidden="true">
      {blob && <canvas ref={canvas} class="picker__picture" hidden={!own} />}
      {remote && remote !== broken
        ? <img class="picker__picture" src={remote} alt="" loading="lazy" decoding="async" onError={() => setBroken(remote)} />
        : !own && <Icon d={typeIcon(item.type, item.folder)} />}
    </span>
  );
}

/** The address of the server's picture of a stored file that browsers cannot show. */
function preview({ settings }: EngineLike, { type, stored }: Item): string {
  if (!stored || !drawable.test(type)) return '';
  const grant = settings.grant();
  const security = grant ? `security=p:${grant.policy},s:${grant.signature}/` : '';
  return `${settings.hosts().cdn}/resize=w:${size},h:${size},fit:crop/output=f:webp/${security}${stored.handle}`;
}
