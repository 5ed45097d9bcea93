/** One picker on the page, from when it is loaded until it ends. */
import { Engine } from '../engine/index.ts';
import { problemOf, Refusal } from '../engine/problem.ts';
import type { Grant, Problem, Settings } from '../engine/types.ts';
import { later, loadView } from '../filestack/chunks.ts';
import type { Mode, View } from '../picker/types.ts';
import type { Details, Outcome, Properties, StowgateFile } from './description.ts';
import { base, fileOf, options, outcome, settings, sourcesOf } from './settings.ts';

/** What an opening needs to know. */
export interface Start {
  readonly properties: Properties;
  readonly mode: Mode;
  readonly lang: string;
  readonly root: HTMLElement;
  readonly tell: <E extends keyof Details>(event: E, detail: Details[E]) => void;
  /** The selection, or what is stored of it, has changed. */
  readonly changed: () => void;
  /** The person wants to leave, or in an overlay all is done. */
  readonly leave: () => void;
}

export class Opening {
  readonly engine: Engine;
  /** Resolves when it is on the page, or has ended before; rejects if it cannot be there. */
  readonly shown: Promise<void>;
  /** Why nobody can upload at the moment. */
  problem?: Problem;
  readonly #start: Start;
  #view?: View;
  #over = false;
  #told = false; // that it is open
  #given?: Grant;
  #asking?: Promise<void>;

  constructor(start: Start) {
    this.#start = start;
    const told = settings(start.properties, start.mode, { grant: () => this.#grant(), refresh: () => this.#ask() });
    this.engine = new PageEngine(told, () => this.#obstacle());
    this.#listen();
    this.shown = this.#show().catch((error: unknown) => {
      start.leave();
      throw error;
    });
  }

  /** Takes it off the page and cancels what still runs. After the first call it does nothing. */
  end(): void {
    if (this.#over) return;
    this.#over = true;
    this.engine.cancel();
    this.#view?.unmount();
    this.engine.close();
    if (this.#told) this.#start.tell('close', null);
  }

  /** Does what the Upload button does. */
  async upload(): Promise<void> {
    await this.shown;
    this.#view?.upload();
  }

  async add(files: Iterable<Blob>): Promise<void> {
    await this.shown;
    if (this.#over) return;
    await this.engine.add(Array.from(files, (blob) => ({ blob })));
    this.#view?.summary();
    const { mode, properties } = this.#start;
    if (mode === 'pane' || properties.autoUpload) this.#view?.upload();
  }

  async #show(): Promise<void> {
    const { properties, mode, lang, root, tell } = this.#start;
    const { mount } = await loadView(base);
    if (this.#over) return;
    this.#view = mount(root, this.engine, options(properties, mode, lang, {
      cancel: () => this.#start.leave(),
      uploading: () => {},
      edited: () => {},
      finished: ({ uploaded, failed }) => this.#done(outcome(uploaded, failed)),
    }));
    void this.#check();
    await this.#view.shown;
    if (this.#over) return;
    this.#told = true;
    tell('open', null);
  }

  async #check(): Promise<void> {
    this.problem = await this.engine.check();
    const { offered = [] } = this.engine;
    if (!this.#over) this.#view?.update({ problem: this.problem, sources: sourcesOf(this.#start.properties, offered) });
  }

  #done(result: Outcome): void {
    if (this.#over) return;
    this.#start.tell('done', result);
    if (this.#start.mode === 'overlay') this.#start.leave();
  }

  #listen(): void {
    const { engine } = this;
    const { tell, changed } = this.#start;
    const selected = new Set<string>();
    let sent = 0;
    engine.on('change', ({ ids }) => {
      const files: StowgateFile[] = [];
      for (const id of ids) {
        const item = engine.get(id);
        if (!item) selected.delete(id);
        else if (!['checking', 'missing'].includes(item.status) && !selected.has(id)) {
          selected.add(id);
          files.push(fileOf(item));
        }
      }
      if (files.length) tell('select', { files });
      const { progress } = engine;
      if (progress.sent !== sent) {
        sent = progress.sent;
        tell('progress', { sent, size: progress.size, speed: progress.speed, left: progress.left });
      }
      changed();
    });
    engine.on('done', (item) => tell('stored', fileOf(item)));
    engine.on('failed', (item) => tell('failed', fileOf(item)));
  }

  #grant(): Grant | undefined {
    const { policy, signature } = this.#start.properties;
    return this.#given ?? (policy && signature ? { policy, signature } : undefined);
  }

  /** Asks the page for a grant: once for all who want one at the same time. */
  #ask(): Promise<void> {
    const ask = async () => {
      try {
        this.#given = await this.#start.properties.getPolicy?.();
      } catch (error) {
        throw new Refusal({ code: 'security-required', detail: `getPolicy failed: ${String(error)}`, again: true });
      }
    };
    return this.#asking ??= ask().finally(() => { this.#asking = undefined; });
  }

  /** Why the server need not be asked whether this page may upload. A grant is asked for first, as the server wants one. */
  async #obstacle(): Promise<Problem | undefined> {
    if (!this.#start.properties.apiKey) return { code: 'key-unknown', detail: 'the attribute api-key is missing', again: false };
    try {
      await this.#ask();
    } catch (error) {
      return problemOf(error);
    }
  }
}

/** An engine that looks for obstacles on the page before it asks the server, and says on the console what a developer can mend. */
class PageEngine extends Engine {
  readonly #obstacle: () => Promise<Problem | undefined>;

  constructor(settings: Settings, obstacle: () => Promise<Problem | undefined>) {
    super(settings);
    this.#obstacle = obstacle;
  }

  override async check(): Promise<Problem | undefined> {
    const problem = await this.#obstacle() ?? await super.check();
    if (problem && problem.code !== 'cancelled') void later(base).then(({ advise }) => advise(problem));
    return problem;
  }
}
