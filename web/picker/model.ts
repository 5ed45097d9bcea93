/**
 * What the picker shows at the moment, and everything a person can do with it.
 * Views read a Model and call it; only it talks to the engine and the face.
 */
import type { Added, Candidate, EngineLike, Item, Problem, Source } from '../engine/types.ts';
import { editable, mustEdit, running } from './item.ts';
import { englishText, type Text } from './text.ts';
import type { SourceEntry, ViewOptions } from './types.ts';

type Rest = typeof import('./rest.ts');

/** The panel with the selection; every other panel has the name of its source. */
export const filesPanel = 'files';

/** What changes while a picker is open. */
export interface State {
  readonly panel: Source;
  readonly tiles: boolean;
  readonly sources: readonly SourceEntry[];
  readonly problem?: Problem;
  readonly refused: Added['refused'];
  /** Whether the refusals are shown in full. */
  readonly refusedOpen: boolean;
  /** Asks whether running uploads are to be cancelled. */
  readonly asking: boolean;
  /** Items that wait for the editor; the first one is in it. */
  readonly editing: readonly string[];
  /** The item whose name and description are being changed. */
  readonly detail?: string;
  /** Unfinished uploads of an earlier visit that were offered and not yet answered. */
  readonly unfinished: readonly Item[];
  /** Whether the person has decided about the selection: pressed Upload, or it began by itself. */
  readonly submitted: boolean;
  readonly hidden: boolean;
  /** Whether a part of the picker could not be loaded. */
  readonly broken: boolean;
  /** Texts of the live regions. */
  readonly polite: string;
  readonly urgent: string;
}

/** The problem that an error of the engine carries. */
export function problemOf(error: unknown): Problem {
  const { problem } = error as { problem?: Problem };
  return problem ?? { code: 'server', detail: String(error), again: true };
}

/** One open picker. */
export class Model {
  text: Text;
  state: State;
  #listeners = new Set<() => void>();
  #off: (() => void)[] = [];
  #rest!: Promise<Rest>;
  #cropOnly = false;
  #quarter = 0;

  /** The views that are not needed at the start, once they are there. */
  rest?: Rest;

  constructor(readonly engine: EngineLike, readonly options: ViewOptions, readonly adopt: (css: string) => void) {
    this.text = englishText(options.customText);
    this.state = {
      panel: options.sources[0]?.name ?? 'local_file_system', tiles: false, sources: options.sources,
      problem: options.problem, refused: [], refusedOpen: false, asking: false, editing: [], unfinished: [],
      submitted: false, hidden: false, broken: false, polite: '', urgent: '',
    };
    this.#off = [
      engine.on('change', ({ listChanged }) => this.#changed(listChanged)),
      engine.on('phase', (phase) => {
        if (phase === 'offline') this.say(this.text.t('Connection Lost'), true);
        this.#notify();
      }),
      engine.on('refused', (refused) => this.refuse(refused)),
      engine.on('failed', (item) => {
        // More of them are told together, at the end.
        if (engine.progress.failed < 4) this.say(this.text.t('{name} could not be uploaded.', { name: item.name }), true);
      }),
      engine.on('finished', () => this.#ended()),
    ];
    void this.loadRest();
    void this.#offer();
  }

  /** Loads the views that are not needed at the start. */
  async loadRest(): Promise<void> {
    this.#rest = import('./rest.ts');
    try {
      const rest = await this.#rest;
      this.adopt(rest.css);
      rest.workFrom(this.options.base);
      this.rest = rest;
      this.set({ broken: false });
    } catch {
      this.set({ broken: true });
    }
  }

  /** Calls listen after each change. Returns what ends it. */
  on(listen: () => void): () => void {
    this.#listeners.add(listen);
    return () => this.#listeners.delete(listen);
  }

  set(change: Partial<State>): void {
    this.state = { ...this.state, ...change };
    this.#notify();
  }

  /** Takes what only became known after the picker was shown. */
  update(change: Pick<Partial<ViewOptions>, 'sources' | 'problem'>): void {
    this.set(change);
    const { panel, sources } = this.state;
    if (panel !== filesPanel && !sources.some((s) => s.name === panel)) this.back();
  }

  close(): void {
    for (const off of this.#off) off();
    this.#listeners.clear();
  }

  /** Tells a text to people who cannot see the screen. */
  say(text: string, urgent = false): void {
    // A changed space makes the same text news again.
    const again = (old: string) => (old === text ? `${text}\u00a0` : text);
    this.set(urgent ? { urgent: again(this.state.urgent) } : { polite: again(this.state.polite) });
  }

  show(panel: Source): void {
    this.set({ panel });
  }

  /** Goes from the selection to where more can be chosen. */
  back(): void {
    this.show(this.state.sources[0]?.name ?? 'local_file_system');
  }

  /** Adds files and goes to the selection. */
  async add(candidates: Iterable<Candidate> | AsyncIterable<Candidate>): Promise<void> {
    this.#afresh();
    // Thousands take a while, and are shown from the first one on.
    const before = this.engine.items.length;
    const off = this.engine.on('change', () => { if (this.engine.items.length > before) this.show(filesPanel); });
    const { items } = await this.engine.add(candidates).finally(off);
    if (this.engine.items.length === 0) this.back();
    this.#added(items);
  }

  /** Adds what the server finds at url. Rejects where it finds nothing. */
  async addLink(url: string, source: Source = 'url'): Promise<void> {
    this.#afresh();
    this.#added([await this.engine.addLink(url, source)]);
  }

  /** Whether the Upload button works. */
  get ready(): boolean {
    const items = this.engine.items;
    return items.length >= Math.max(1, this.engine.settings.minFiles)
      && !items.some((i) => i.status === 'checking')
      && (items.some((i) => i.status === 'ready') || (this.options.uploadInBackground && !this.state.submitted));
  }

  /** What the Upload button does. Images that must be edited come first. */
  upload(): void {
    if (!this.ready || this.#editFirst()) return;
    this.set({ submitted: true, panel: filesPanel, hidden: this.options.hideWhenUploading });
    this.options.events.uploading(this.engine.items.filter((i) => i.status !== 'missing'));
    if (this.engine.items.every((i) => !running(i) && i.status !== 'ready')) this.#ended();
    else this.engine.start();
  }

  /** Ends the pick with what there is. */
  finish(): void {
    const { items } = this.engine;
    this.options.events.finished({
      uploaded: items.filter((i) => i.status === 'done'),
      failed: items.filter((i) => i.status === 'failed'),
    });
  }

  retry(id?: string): void {
    this.engine.retry(id);
  }

  remove(item: Item): void {
    if (running(item)) this.engine.cancel(item.id);
    else if (item.status === 'missing') void this.engine.forget(item.id);
    else this.engine.remove(item.id);
  }

  /** Takes everything out of the selection. */
  clear(): void {
    this.engine.clear();
    this.set({ submitted: false, refused: [] });
    this.back();
  }

  /** The person wants to leave: asks first where that would lose a running upload. */
  leave(): void {
    if (this.engine.items.some(running)) this.set({ asking: true });
    else this.options.events.cancel();
  }

  /** Opens the editor for these items, one after the other. */
  edit(ids: readonly string[]): void {
    this.set({ editing: ids });
  }

  /** Opens the editor for these items only, and sends them afterwards. */
  crop(ids: readonly string[]): void {
    this.#cropOnly = true;
    this.edit(ids);
  }

  /** The editor is done with its item, or was left where blob is undefined. */
  edited(blob?: Blob, edit?: Item['edit']): void {
    const [id, ...rest] = this.state.editing;
    if (id && blob) {
      this.engine.edit(id, blob, edit);
      const item = this.engine.get(id);
      if (item) this.options.events.edited(item);
    }
    if (this.#cropOnly && !blob) return this.options.events.cancel();
    this.set({ editing: blob ? rest : [] });
    if (this.state.editing.length > 0 || !blob) return;
    if (this.#cropOnly) this.upload();
    else this.#goOn();
  }

  /** Asks the server once more whether this page may upload. */
  async check(): Promise<void> {
    this.set({ problem: await this.engine.check() });
  }

  /** Answers the offer of unfinished uploads. */
  restore(accept: boolean): void {
    const { unfinished } = this.state;
    this.set({ unfinished: [], ...(accept ? { panel: filesPanel } : {}) });
    for (const item of unfinished) {
      if (!accept) void this.engine.forget(item.id);
      // The browser may ask whether a kept file may be read again.
      else if (item.status === 'missing') this.engine.retry(item.id);
    }
    if (accept) this.upload();
  }

  /** Shows or hides the refusals; forgets them on request. */
  showRefused(open: boolean, forget = false): void {
    this.set({ refusedOpen: open, ...(forget ? { refused: [] } : {}) });
  }

  /** Says what was not added, and why. */
  refuse(refused: Added['refused']): void {
    if (refused.length === 0) return;
    this.set({ refused: [...this.state.refused, ...refused], refusedOpen: true });
    const [first] = refused;
    if (refused.length > 1) this.say(this.text.t('{count} files were not added', { count: refused.length }), true);
    else if (first) void this.#rest.then(({ explain }) => this.say(explain(this.text, first.problem, this.engine.settings, first.name).what, true), () => {});
  }

  /** Says why the server does not find what is at url; what is no Refusal of the engine has no better words. */
  refuseLink(name: string, error: unknown): void {
    this.refuse([{ name, problem: problemOf(error) }]);
  }

  #notify(): void {
    for (const listen of this.#listeners) listen();
  }

  #changed(listChanged: boolean): void {
    if (listChanged && this.engine.items.length === 0) this.#quarter = 0;
    const { size, sent } = this.engine.progress;
    const quarter = size > 0 ? Math.floor(sent / size * 4) : 0;
    if (quarter > this.#quarter && quarter < 4 && this.engine.phase === 'uploading') {
      this.state = { ...this.state, polite: this.text.t('{percent} uploaded', { percent: this.text.percent(quarter / 4) }) };
    }
    this.#quarter = quarter;
    this.#notify();
  }

  /** A drop pane has no button to begin anew with. */
  #afresh(): void {
    if (this.options.mode !== 'pane') return;
    this.set({ refused: [] });
    if (this.engine.phase === 'done') this.engine.clear();
  }

  #added(items: readonly Item[]): void {
    if (items.length === 0) return;
    this.set({ panel: filesPanel, submitted: false });
    this.say(this.text.t('{count} files added', { count: items.length }));
    this.#goOn();
  }

  /** Starts where the page wants that without a press of the button. */
  #goOn(): void {
    const { options, engine } = this;
    const full = options.startAtMaxFiles && engine.items.length >= engine.settings.maxFiles;
    if (this.#editFirst()) return;
    if (options.uploadAtOnce || options.mode === 'pane' || full) this.upload();
    else if (options.uploadInBackground && engine.items.length > 0) engine.start();
  }

  /** Opens the editor where an edit is required; false where none is. */
  #editFirst(): boolean {
    const { editing, pane } = this.options;
    const ids = this.engine.items
      .filter((i) => mustEdit(i, editing) || (pane?.crop && editable(i) && i.status === 'ready' && !i.edit))
      .map((i) => i.id);
    if (ids.length > 0) this.edit(ids);
    return ids.length > 0;
  }

  async #offer(): Promise<void> {
    const unfinished = await this.engine.restore().catch(() => []);
    if (unfinished.length > 0) this.set({ unfinished });
  }

  #ended(): void {
    const failed = this.engine.items.filter((i) => i.status === 'failed').length;
    const done = this.engine.items.filter((i) => i.status === 'done').length;
    const { t } = this.text;
    if (failed > 0) this.say(t('{count} files could not be uploaded', { count: failed }), true);
    else if (done > 0) this.say(t('{count} files uploaded', { count: done }));
    if (this.options.uploadInBackground && !this.state.submitted) return;
    // Files that were added meanwhile wait for the button.
    if (this.engine.items.some((i) => i.status === 'ready' || i.status === 'checking')) return this.set({ submitted: false, hidden: false });
    if (failed > 0 && this.options.allowRetry) this.set({ hidden: false });
    else if (failed + done > 0) this.finish();
    else this.set({ submitted: false, hidden: false });
  }
}
