/** Images that the server makes as wide as they are shown. Source: Filepicker documentation, "Responsive images". */
import { number, text, type Page } from './page.ts';
import type { Options } from './types.ts';

/** The width that each image was last asked for. */
const widths = new WeakMap<HTMLImageElement, number>();

/** Keeps the images of a page as wide as they are shown. */
export class Responsive {
  readonly #page: Page;
  #defaults: Options = {};

  constructor(page: Page) {
    this.#page = page;
    let timer = 0;
    addEventListener('resize', () => {
      clearTimeout(timer);
      timer = window.setTimeout(() => this.update(), 200);
    });
  }

  setOptions(options: Options): void {
    this.#defaults = { ...options };
  }

  /** Looks at element, or at all images. */
  update(element?: Element): void {
    const all = element ? [element] : document.querySelectorAll('img[data-fp-src]');
    for (const image of all) {
      if (image instanceof HTMLImageElement) this.#fit(image);
    }
  }

  #fit(image: HTMLImageElement): void {
    const option = (attribute: string, name: string) => text(image.getAttribute(`data-fp-${attribute}`)) ?? this.#defaults[name];
    const src = text(image.dataset.fpSrc);
    if (!src) return;
    const step = number(option('pixel-round', 'pixelRound')) ?? 10;
    const shown = image.getAttribute('src') ? image.offsetWidth : 0; // without a picture it is as wide as its text
    const width = Math.ceil((shown || image.parentElement?.offsetWidth || 0) / step) * step;
    const before = widths.get(image);
    const when = option('on-resize', 'onResize') ?? 'all';
    if (!width || width === before) return;
    if (before && (when === 'none' || (when === 'up' && width < before) || (when === 'down' && width > before))) return;

    widths.set(image, width);
    const former = image.getAttribute('src');
    const policy = option('policy', 'policy');
    const security = policy ? `security=policy:"${String(policy)}",signature:${String(option('signature', 'signature'))}/` : '';
    const key = text(image.dataset.fpApikey) ?? this.#page.key;
    image.onerror = () => {
      image.onerror = null;
      if (former) image.src = former;
    };
    image.src = `${this.#page.host('process')}/${key}/resize=width:${width}/${security}${this.#source(src)}`;
  }

  /** A handle of this server, or the URL as it is. */
  #source(src: string): string {
    const url = this.#page.file(src);
    return this.#page.owns(url) ? (url.slice(this.#page.api.length + 1).split('?', 1)[0] ?? '') : src;
  }
}

