/** What the elements have in common: properties, events, a form's entries, and their life on a page. */
import type { Item, Status } from '../engine/types.ts';
import { loadView } from '../filestack/chunks.ts';
import type { Mode } from '../picker/types.ts';
import type { Text } from '../picker/text.ts';
import { attributeOf, attributes, objects, type Details, type Objects, type Properties, type StowgateFile } from './description.ts';
import { Opening } from './opening.ts';
import { base, fileOf, list } from './settings.ts';

/** Where there is no page, as on a server, the classes are only names. */
const PageElement: typeof HTMLElement = globalThis.HTMLElement ?? class {};

/** Those that a change of is read by the next request, or concerns the form alone; every other one needs a new picker. */
const live: readonly string[] = ['policy', 'signature', 'server', 'domain', 'name', 'form-value', 'required', 'disabled'];

/** Files that a form need not wait for. One that is missing was begun in an earlier visit. */
const ended: readonly Status[] = ['done', 'failed', 'cancelled', 'missing'];

/** The properties of the tables; see description.ts. */
export interface StowgateElement extends Properties {}

/**
 * One of the elements. It shows a picker in its shadow root, and may be moved,
 * removed and put back; what is sent goes on while it is moved.
 */
export abstract class StowgateElement extends PageElement {
  static readonly formAssociated = true;
  static readonly observedAttributes = ['lang', ...Object.keys(attributes).map(attributeOf)];

  static {
    const property = (name: string, accessors: PropertyDescriptor) =>
      Object.defineProperty(this.prototype, name, { ...accessors, enumerable: true, configurable: true });
    for (const [name, kind] of Object.entries(attributes)) {
      const attribute = attributeOf(name);
      property(name, {
        get(this: StowgateElement) { return read[kind](this.getAttribute(attribute)); },
        set(this: StowgateElement, value: unknown) {
          if (value === undefined || value === null || value === false) this.removeAttribute(attribute);
          else this.setAttribute(attribute, value === true ? '' : String(value));
        },
      });
    }
    for (const name of objects) {
      property(name, {
        get(this: StowgateElement) { return this.#objects[name]; },
        set(this: StowgateElement, value: never) { this.#objects[name] = value; },
      });
    }
  }

  protected abstract readonly mode: Mode;
  protected readonly root = document.createElement('div');
  protected readonly internals = this.attachInternals();
  protected opening?: Opening;
  protected text?: Text;
  readonly #objects: { -readonly [P in keyof Objects]?: Objects[P] } = {};
  /** What an opening that has ended has stored. */
  #kept: readonly Item[] = [];
  #planned = false;
  #stale = false;
  /** The page has closed it. */
  #closed = false;
  #lang?: string;

  constructor(css: string, delegatesFocus: boolean) {
    super();
    const shadow = this.attachShadow({ mode: 'open', delegatesFocus });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    shadow.adoptedStyleSheets = [sheet];
    this.root.className = 'stowgate';
    this.root.tabIndex = -1;
    shadow.append(this.root);
    // What a page has set before this script was there.
    const early = this as Record<string, unknown>;
    for (const name of [...Object.keys(attributes), ...objects]) {
      if (!Object.hasOwn(this, name)) continue;
      const value = early[name];
      delete early[name];
      early[name] = value;
    }
  }

  /** The selection, the oldest first; after the picker was closed, what was stored of it. */
  get files(): readonly StowgateFile[] {
    const { items = [] } = this.opening?.engine ?? {};
    return (items.length ? items : this.#kept).map(fileOf);
  }

  get form(): HTMLFormElement | null { return this.internals.form; }
  get validity(): ValidityState { return this.internals.validity; }
  get validationMessage(): string { return this.internals.validationMessage; }
  checkValidity(): boolean { return this.internals.checkValidity(); }
  reportValidity(): boolean { return this.internals.reportValidity(); }

  /** Shows the picker. Resolves when it is on the page; rejects if it cannot be loaded. */
  async open(): Promise<void> {
    this.#closed = false;
    this.#plan();
    await this.begin()?.shown;
  }

  /** Takes the picker off the page and cancels what still runs. */
  close(): void {
    this.#closed = true;
    this.end();
  }

  /** Empties the selection and cancels what still runs. */
  clear(): void {
    this.#kept = [];
    this.opening?.engine.clear();
    this.#plan();
  }

  /** Does what the Upload button does. */
  async upload(): Promise<void> {
    await this.opening?.upload();
  }

  /** Adds files to the selection, as if a person had chosen them. */
  async add(files: Iterable<Blob>): Promise<void> {
    await this.begin()?.add(files);
  }

  override focus(options?: FocusOptions): void {
    this.shadowRoot?.querySelector('button')?.focus(options);
  }

  connectedCallback(): void { this.#plan(); }
  disconnectedCallback(): void { this.#plan(); }
  formResetCallback(): void { this.clear(); }
  formDisabledCallback(disabled: boolean): void { this.disable(disabled); }

  attributeChangedCallback(name: string): void {
    if (!live.includes(name)) this.#stale = true;
    this.#plan();
  }

  /** Whether the picker is to be shown without being asked for. */
  protected get shows(): boolean { return true; }

  protected disable(disabled: boolean): void { this.root.inert = disabled; }

  /** The language's texts are there, or have changed. */
  protected translated(): void {}

  protected tell<E extends keyof Details>(event: E, detail: Details[E]): void {
    this.dispatchEvent(new CustomEvent(`stowgate-${event}`, { detail, bubbles: true, composed: true }));
  }

  protected begin(): Opening | undefined {
    if (!this.isConnected) return undefined;
    this.#stale = false;
    this.opening ??= new Opening({
      properties: this, mode: this.mode, lang: this.#language, root: this.root,
      tell: (event, detail) => this.tell(event, detail), changed: () => this.#validate(), leave: () => this.end(),
    });
    return this.opening;
  }

  protected end(): void {
    const { opening } = this;
    if (!opening) return;
    this.opening = undefined;
    this.#keep(opening);
    opening.end();
    this.#validate();
  }

  #keep({ engine }: Opening): void {
    const stored = engine.items.filter((item) => item.stored);
    if (stored.length) this.#kept = stored;
  }

  get #language(): string {
    return (this.closest('[lang]') as HTMLElement | null)?.lang || document.documentElement.lang || 'en';
  }

  /** Looks at all that has happened to the element once, when it is over: a move is a removal and an insertion. */
  #plan(): void {
    if (this.#planned) return;
    this.#planned = true;
    queueMicrotask(() => {
      this.#planned = false;
      this.#settle();
    });
  }

  #settle(): void {
    if (!this.isConnected) return this.end();
    const { opening } = this;
    const lost = opening && this.mode !== 'overlay' && (this.#stale || opening.problem);
    if (lost && !opening.engine.items.length) this.end();
    if (this.shows && !this.#closed) this.begin()?.shown.catch((error: unknown) => console.error('Stowgate: the picker cannot be loaded:', error));
    this.#validate();
    void this.#translate(this.#language);
  }

  /** Loads the texts of the element's own with the picker; before, only where they are not English. */
  async #translate(lang: string): Promise<void> {
    if (lang === this.#lang || (!this.opening && lang.startsWith('en'))) return;
    this.#lang = lang;
    const { loadText } = await loadView(base);
    const text = await loadText(lang, this.texts);
    if (lang !== this.#lang) return;
    this.text = text;
    this.translated();
    this.#validate();
  }

  /** Tells the form what is stored, and what is still missing. */
  #validate(): void {
    if (this.opening) this.#keep(this.opening);
    const entries = new FormData();
    for (const { stored } of this.#kept) {
      if (stored) entries.append(this.name ?? '', this.formValue === 'handle' ? stored.handle : stored.url);
    }
    this.internals.setFormValue(this.#kept.length && this.name ? entries : null);
    const { t } = this.text ?? { t: (key: string) => key };
    if (this.opening?.engine.items.some(({ status }) => !ended.includes(status))) {
      this.internals.setValidity({ customError: true }, t('The selected files are not uploaded yet.'), this.anchor);
    } else if (this.required && !this.#kept.length) {
      this.internals.setValidity({ valueMissing: true }, t('Select Files to Upload'), this.anchor);
    } else this.internals.setValidity({});
  }

  /** Where a browser says what a form misses. */
  protected get anchor(): HTMLElement { return this.root; }
}

/** Attributes as properties, by their kind. */
const read: Readonly<Record<(typeof attributes)[keyof typeof attributes], (value: string | null) => unknown>> = {
  text: (value) => value ?? undefined,
  size: (value) => value ?? undefined,
  number: (value) => (value && Number.isFinite(Number(value)) ? Number(value) : undefined),
  flag: (value) => value !== null,
  list: (value) => (value === null ? undefined : list(value)),
};
