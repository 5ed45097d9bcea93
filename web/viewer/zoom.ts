/** Zooming and moving a picture: wheel, fingers, mouse, keys and buttons. */
import { notice, reason, type Subject } from './subject.ts';

/** How far a picture can be enlarged, times its pixels. */
const most = 32;
/** One step of a key, a button or the wheel. */
const step = 1.25;
/** CSS pixels that an arrow key moves. */
const nudge = 48;

/** Where the picture is in its stage: scale times its pixels, then moved by x and y CSS pixels. */
interface Place { scale: number; x: number; y: number }

/** Makes the picture of the page zoomable. */
export function zoomable({ main, source }: Subject): void {
  const stage = main.querySelector<HTMLElement>('.viewer__stage');
  const image = main.querySelector<HTMLImageElement>('.viewer__image');
  if (!stage || !image) return;
  const failed = (): void => {
    stage.hidden = true;
    void reason(source).then((text) => notice(main, text));
  };
  if (image.complete && image.naturalWidth > 0) new Zoom(stage, image);
  else if (image.complete) failed();
  else {
    image.addEventListener('load', () => { new Zoom(stage, image); }, { once: true });
    image.addEventListener('error', failed, { once: true });
  }
}

class Zoom {
  #place: Place = { scale: 1, x: 0, y: 0 };
  #fits = true; // the picture follows the window's size
  readonly #fingers = new Map<number, { x: number; y: number }>();
  readonly #stage: HTMLElement;
  readonly #image: HTMLImageElement;
  readonly #size: { width: number; height: number };
  readonly #output = document.querySelector<HTMLOutputElement>('.viewer__zoom');

  constructor(stage: HTMLElement, image: HTMLImageElement) {
    this.#stage = stage;
    this.#image = image;
    // A drawing may have no size of its own.
    this.#size = { width: image.naturalWidth || 300, height: image.naturalHeight || 150 };
    image.style.width = `${this.#size.width}px`;
    image.style.height = `${this.#size.height}px`;
    stage.classList.add('viewer__stage--live');
    const tools = document.querySelector<HTMLElement>('.viewer__tools');
    if (tools) tools.hidden = false;
    tools?.addEventListener('click', (e) => {
      const button = (e.target as Element).closest<HTMLElement>('[data-zoom]');
      if (button) this.#act(button.dataset.zoom ?? '');
    });
    stage.addEventListener('keydown', (e) => this.#key(e));
    stage.addEventListener('wheel', (e) => this.#wheel(e), { passive: false });
    stage.addEventListener('dblclick', (e) => this.#act(this.#fits ? 'full' : 'fit', this.#point(e)));
    stage.addEventListener('pointerdown', (e) => this.#down(e));
    stage.addEventListener('pointermove', (e) => this.#move(e));
    for (const end of ['pointerup', 'pointercancel'] as const) {
      stage.addEventListener(end, (e) => this.#fingers.delete(e.pointerId));
    }
    new ResizeObserver(() => { if (this.#fits) this.#fit(); else this.#show(); }).observe(stage);
    const asked = Number(new URLSearchParams(location.hash.slice(1)).get('zoom'));
    this.#fit();
    if (asked > 0) this.#zoomTo(asked / 100);
  }

  /** The scale at which all of the picture is seen, never enlarged. */
  get #fitting(): number {
    const { clientWidth, clientHeight } = this.#stage;
    return Math.min(1, clientWidth / this.#size.width, clientHeight / this.#size.height);
  }

  #fit(): void {
    this.#fits = true;
    this.#place.scale = this.#fitting;
    this.#show();
  }

  /** Zooms so that what is at a point of the stage stays there; the middle if there is none. */
  #zoomTo(scale: number, at = { x: this.#stage.clientWidth / 2, y: this.#stage.clientHeight / 2 }): void {
    const to = Math.min(most, Math.max(this.#fitting, scale));
    const ratio = to / this.#place.scale;
    this.#place = { scale: to, x: at.x - (at.x - this.#place.x) * ratio, y: at.y - (at.y - this.#place.y) * ratio };
    this.#fits = to === this.#fitting;
    this.#show();
  }

  /** Writes the place to the page, after pulling the picture back to where it can be seen. */
  #show(): void {
    const p = this.#place;
    const within = (at: number, size: number, room: number): number =>
      size <= room ? (room - size) / 2 : Math.min(0, Math.max(room - size, at));
    p.x = within(p.x, this.#size.width * p.scale, this.#stage.clientWidth);
    p.y = within(p.y, this.#size.height * p.scale, this.#stage.clientHeight);
    this.#image.style.transform = `translate(${p.x}px, ${p.y}px) scale(${p.scale})`;
    if (this.#output) this.#output.textContent = `${Math.round(p.scale * 100)} %`;
  }

  #act(what: string, at?: { x: number; y: number }): void {
    if (what === 'in') this.#zoomTo(this.#place.scale * step, at);
    if (what === 'out') this.#zoomTo(this.#place.scale / step, at);
    if (what === 'full') this.#zoomTo(1, at);
    if (what === 'fit') this.#fit();
  }

  #pan(x: number, y: number): void {
    this.#place.x += x;
    this.#place.y += y;
    this.#show();
  }

  #key(e: KeyboardEvent): void {
    if (e.ctrlKey || e.metaKey || e.altKey) return; // the browser's own
    const acts: Record<string, () => void> = {
      '+': () => this.#act('in'), '=': () => this.#act('in'), '-': () => this.#act('out'),
      '0': () => this.#act('fit'), '1': () => this.#act('full'),
      ArrowLeft: () => this.#pan(nudge, 0), ArrowRight: () => this.#pan(-nudge, 0),
      ArrowUp: () => this.#pan(0, nudge), ArrowDown: () => this.#pan(0, -nudge),
    };
    const act = acts[e.key];
    if (!act) return;
    e.preventDefault();
    act();
  }

  #wheel(e: WheelEvent): void {
    e.preventDefault();
    const lines = e.deltaMode === WheelEvent.DOM_DELTA_PIXEL ? e.deltaY / 100 : e.deltaY / 3;
    this.#zoomTo(this.#place.scale * step ** -Math.max(-3, Math.min(3, lines)), this.#point(e));
  }

  #point(e: MouseEvent): { x: number; y: number } {
    const box = this.#stage.getBoundingClientRect();
    return { x: e.clientX - box.left, y: e.clientY - box.top };
  }

  #down(e: PointerEvent): void {
    if (e.button !== 0) return;
    this.#stage.setPointerCapture(e.pointerId);
    this.#fingers.set(e.pointerId, this.#point(e));
  }

  /** One finger moves the picture; two also zoom it by how far they are apart. */
  #move(e: PointerEvent): void {
    const before = this.#fingers.get(e.pointerId);
    if (!before) return;
    const now = this.#point(e);
    const other = [...this.#fingers].find(([id]) => id !== e.pointerId)?.[1];
    this.#fingers.set(e.pointerId, now);
    if (!other) {
      this.#pan(now.x - before.x, now.y - before.y);
      return;
    }
    const apart = (p: { x: number; y: number }): number => Math.max(1, Math.hypot(p.x - other.x, p.y - other.y));
    this.#pan((now.x - before.x) / 2, (now.y - before.y) / 2);
    this.#zoomTo(this.#place.scale * apart(now) / apart(before), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
  }
}
