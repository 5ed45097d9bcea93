/** One opening of a picker: from open() until it leaves the page. */
import { Engine, unfinished } from '../engine/index.ts';
import type { Candidate, EngineLike, Item, Problem } from '../engine/types.ts';
import type { Mode, Mount, View, ViewOptions } from '../picker/types.ts';
import { call } from './call.ts';
import { later, loadView } from './chunks.ts';
import { hosts } from './client.ts';
import { tell } from './events.ts';
import { pickedFile, response, type Describe } from './files.ts';
import { container, onRemoved } from './place.ts';
import { cropping, editing, mode, pane, settings } from './settings.ts';
import { plugin, sources } from './sources.ts';
import type { Client, Options } from './types.ts';

let panes = 0; // drop panes of this page, for their ids

/** What a pick needs to know. */
export interface Start {
  readonly client: Client;
  readonly options: Options;
  /** Where chunks are loaded from; ends in a slash. */
  readonly base: string;
  /** Handed to onOpen. */
  readonly handle: object;
  /** Files to crop: only the editor opens, for these. */
  readonly crop?: readonly (Blob | string)[];
  /** Called once, when the picker has left the page. */
  readonly ended: () => void;
}

export class Pick {
  /**
   * Resolves when the picker is on the page, or has ended before; rejects if it
   * cannot be there.
   */
  readonly opened: Promise<void>;

  readonly #start: Start;
  readonly #mode: Mode;
  readonly #root = document.createElement('div');
  readonly #unwatch: () => void;
  #mount?: Mount;
  #engine?: EngineLike;
  #view?: View;
  #untell?: () => void;
  #seen = false; // the page knows that it is open
  #told = false; // and the outcome
  #over = false;

  constructor(start: Start) {
    this.#start = start;
    const { options } = start;
    this.#mode = mode(options);
    this.#root.id = this.#mode === 'pane' ? `drop-pane-${panes++}_root` : options.rootId ?? '__filestack-picker';
    if (this.#mode !== 'overlay') Object.assign(this.#root.style, { width: '100%', height: '100%' });
    (this.#mode === 'overlay' ? document.body : container(options.container)).appendChild(this.#root);
    this.#unwatch = onRemoved(this.#root, () => this.end(false));
    this.opened = this.#open().catch((error: unknown) => {
      this.end(false);
      throw error;
    });
  }

  async #open(): Promise<void> {
    const { options, base, handle, crop } = this.#start;
    const [view, candidates] = await Promise.all([loadView(base), crop && this.#images(crop)]);
    if (this.#over) return;
    this.#mount = view.mount;
    const engine = this.#show(view.mount);
    await this.#view?.shown;
    if (this.#over) return;
    this.#seen = true;
    call('onOpen', options.onOpen, handle);
    if (candidates) await this.#crop(engine, candidates);
  }

  async #images(files: readonly (Blob | string)[]): Promise<Candidate[]> {
    const { client, base } = this.#start;
    const { image } = await later(base);
    return Promise.all(files.map((one) => image(client, one)));
  }

  async #crop(engine: EngineLike, candidates: readonly Candidate[]): Promise<void> {
    const { items } = await engine.add(candidates);
    this.#view?.crop(items.map((item) => item.id));
  }

  /** Crops more files in the picker that is open. */
  async crop(files: readonly (Blob | string)[]): Promise<void> {
    const candidates = await this.#images(files);
    if (this.#engine && !this.#over) await this.#crop(this.#engine, candidates);
  }

  /** End takes the picker off the page and ends its uploads. After the first call it does nothing. */
  end(cancelled: boolean): void {
    if (this.#over) return;
    this.#over = true;
    const { options, ended } = this.#start;
    const engine = this.#engine;
    const interrupted = engine?.items.some((item) => unfinished.includes(item.status));
    if (interrupted) engine?.cancel();
    const result = engine && this.#response(engine);
    this.#unwatch();
    this.#hide();
    this.#root.remove();
    ended();
    if (!result || !this.#seen) return;
    if (!this.#told && (cancelled || interrupted)) call('onCancel', options.onCancel, result);
    call('onClose', options.onClose);
  }

  /** Shows an empty picker in the root, with an engine of its own. */
  #show(mount: Mount): EngineLike {
    const { client, options, base, crop } = this.#start;
    const engine = new Engine(settings(client, options, this.#describe, base, crop?.length));
    this.#engine = engine;
    this.#untell = tell(engine, options, client, this.#describe);
    this.#view = mount(this.#root, engine, this.#viewOptions(engine));
    engine.on('finished', ({ uploaded, failed }) => {
      if (!this.#over && !uploaded.length && !failed.length) call('onCancel', options.onCancel, this.#response(engine));
    });
    void this.#check(engine);
    return engine;
  }

  #hide(): void {
    this.#untell?.();
    this.#view?.unmount();
    this.#engine?.close();
    this.#engine = this.#view = this.#untell = undefined;
  }

  /** Asks the server whether this page may upload, and which sources it has. */
  async #check(engine: EngineLike): Promise<void> {
    const problem: Problem | undefined = await engine.check();
    if (this.#engine !== engine) return;
    if (problem) void later(this.#start.base).then(({ advise }) => advise(problem));
    this.#view?.update({ problem, sources: this.#sources(engine) });
  }

  readonly #describe = (): Describe => ({ cdn: hosts(this.#start.client).cdn, expose: Boolean(this.#start.options.exposeOriginalFile) });

  #response(engine: EngineLike): ReturnType<typeof response> {
    const ended = (status: Item['status']) => engine.items.filter((item) => item.status === status);
    return response(ended('done'), ended('failed'), this.#describe());
  }

  #sources(engine: EngineLike): ViewOptions['sources'] {
    const { client, options } = this.#start;
    return sources(options, engine.offered ?? [], (source) => plugin(source, options, client, engine, this.#describe));
  }

  #viewOptions(engine: EngineLike): ViewOptions {
    const { options, base, crop } = this.#start;
    const [videoWidth = 640, videoHeight = 480] = (options.videoResolution ?? '').match(/\d+/g)?.map(Number) ?? [];
    const [width, height] = options.modalSize ?? [];
    const file = (item: Item) => pickedFile(item, this.#describe());
    return {
      mode: this.#mode,
      sources: this.#sources(engine),
      lang: options.lang ?? 'en',
      customText: options.customText,
      editing: crop ? cropping(options) : editing(options),
      uploadAtOnce: this.#mode === 'pane',
      uploadInBackground: options.uploadInBackground !== false && Boolean(options.disableTransformer),
      startAtMaxFiles: Boolean(options.startUploadingWhenMaxFilesReached),
      hideWhenUploading: Boolean(options.hideModalWhenUploading),
      allowRetry: Boolean(options.allowManualRetry),
      thumbnails: !options.disableThumbnails,
      altText: !options.disableAltText,
      folders: !options.disableDirectoryUpload,
      dropEverywhere: Boolean(options.globalDropZone),
      compact: Boolean(options.miniUploader),
      modalSize: width && height ? [width, height] : undefined,
      noticeTime: options.errorsTimeout ?? 5000,
      supportEmail: options.supportEmail || undefined,
      videoSize: [videoWidth, videoHeight],
      pane: this.#mode === 'pane' ? pane(options, call) : undefined,
      base,
      paste: {
        firstInViewPort: Boolean(options.pasteMode?.pasteToFirstInViewPort),
        firstInstance: Boolean(options.pasteMode?.pasteToFirstInstance),
      },
      events: {
        cancel: () => this.end(true),
        uploading: (items) => call('onUploadStarted', options.onUploadStarted, items.map(file)),
        edited: (item) => call('onFileCropped', options.onFileCropped, file(item)),
        finished: ({ uploaded, failed }) => {
          if (this.#engine === engine) this.#finish(engine, uploaded, failed);
        },
      },
    };
  }

  /** Tells the page the outcome, once, and what is next: nothing, or an empty picker. */
  #finish(engine: EngineLike, uploaded: readonly Item[], failed: readonly Item[]): void {
    const { onUploadDone, dropPane = {} } = this.#start.options;
    const result = response(uploaded, failed, this.#describe());
    this.#told = true;
    if (this.#mode === 'pane' && uploaded.length) call('dropPane.onSuccess', dropPane.onSuccess, result.filesUploaded);
    if (this.#mode === 'pane' && failed.length) call('dropPane.onError', dropPane.onError, result.filesFailed);
    call('onUploadDone', onUploadDone, result);
    if (this.#mode === 'overlay') return this.end(false);
    if (this.#engine !== engine) return; // a callback has closed the picker
    this.#told = false;
    if (this.#mode === 'pane') return;
    this.#hide();
    if (this.#mount) this.#show(this.#mount);
  }
}
