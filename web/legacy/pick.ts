/** The calls that open a dialog. */
import { Picker } from '../filestack/picker.ts';
import type { Options as PickerOptions, PickedFile } from '../filestack/types.ts';
import { FilepickerException, FPError } from './errors.ts';
import { flag, list, number, pair, text, type Page } from './page.ts';
import { fromSources } from './services.ts';
import type { Dialog, FPFile, FPProgress, OnError, Options } from './types.ts';

/** What is answered with debug. Source: npm filepicker-js 2.4.18. */
const dummy = { filename: 'test.png', mimetype: 'image/png', size: 58_979, isWriteable: true, client: 'computer' };

/** What a dialog answers. */
export interface Answers {
  readonly success: (files: FPFile[]) => void;
  readonly failure: OnError;
  readonly progress?: (progress: FPProgress) => void;
}

/** What a dialog is for. */
export interface Purpose {
  readonly multiple?: boolean;
  /** Where files are kept, as store takes it. */
  readonly store?: Options;
  /** URL of an image that is to be edited. */
  readonly edit?: string;
}

/** pick opens a dialog. Exactly one of success and failure is called, once. */
export function pick(page: Page, options: Options, { multiple, store, edit }: Purpose, answers: Answers): Dialog {
  const client = page.client(options); // throws without a key
  const picking = pickerOptions(options, Boolean(multiple), store);
  if (flag(options.debug)) {
    const file: FPFile = { ...dummy, url: `${page.api}/1` };
    setTimeout(() => answers.success(multiple || store ? [file, file, file] : [file]), 1);
    return { close: () => {} };
  }
  let answered = false;
  const once = (answer: () => void) => {
    if (answered) return;
    answered = true;
    answer();
  };
  const frame = frameOf(options.container);
  const unstyle = style(options.customCss);
  const end = () => {
    unstyle();
    frame?.end();
  };
  const picker = new Picker(client, {
    ...picking,
    ...(frame && { displayMode: 'inline', container: frame.stand }),
    onFileUploadProgress: (file, { totalPercent }) => answers.progress?.({ filename: file.filename, progress: totalPercent }),
    onUploadDone: ({ filesUploaded }) => {
      once(() => (filesUploaded.length ? answers.success(filesUploaded.map((file) => fpfile(page, file, options, store))) : answers.failure(new FPError(102))));
      void picker.close();
    },
    onClose: () => closed(),
  }, page.base);
  const closed = () => {
    end();
    once(() => answers.failure(new FPError(101)));
  };
  (edit ? picker.crop([edit]) : picker.open()).catch((error: unknown) => {
    console.error('Stowgate filepicker: the dialog cannot open:', error);
    end();
    once(() => answers.failure(new FPError(102)));
  });
  return {
    close: () => {
      void picker.close(); // says nothing where nothing was shown yet
      closed();
    },
  };
}

function fpfile(page: Page, file: PickedFile, options: Options, store?: Options): FPFile {
  const kept = store ?? (options.storeLocation ? options : undefined);
  return {
    url: `${page.api}/${file.handle}`, filename: file.filename, mimetype: file.mimetype, size: file.size, isWriteable: true,
    client: file.source === 'local_file_system' ? 'computer' : file.source,
    ...(kept && { key: file.key, container: file.container, path: text(kept.path) ?? text(kept.storePath) }),
    ...(file.cropped && { cropped: file.cropped, converted: true }), ...(file.rotated && { rotated: file.rotated, converted: true }),
  };
}

/** pickerOptions turns options of the library into those of the picker. */
function pickerOptions(o: Options, multiple: boolean, store: Options = {}): PickerOptions {
  const conversions = list(o.conversions);
  const size = list((o.webcam as Options | undefined)?.videoRes)[0];
  return {
    accept: accepted(o),
    fromSources: fromSources([o.service, o.services], o.openTo),
    maxFiles: multiple ? number(o.maxFiles) ?? 1_000_000 : 1,
    maxSize: number(o.maxSize),
    disableDirectoryUpload: !flag(o.folders),
    lang: text(o.language)?.slice(0, 2).toLowerCase(),
    hideModalWhenUploading: flag(o.hide),
    uploadInBackground: flag(o.backgroundUpload),
    customText: typeof o.customText === 'object' && o.customText ? o.customText as Record<string, string> : undefined,
    imageDim: pair(o.imageDim), imageMax: pair(o.imageMax), imageMin: pair(o.imageMin),
    videoResolution: size,
    transformations: {
      crop: conversions.length && !conversions.includes('crop') ? false : { aspectRatio: number(o.cropRatio), force: flag(o.cropForce) },
      circle: false,
      rotate: conversions.includes('rotate'),
    },
    storeTo: {
      location: text(store.location) ?? text(o.storeLocation),
      path: text(store.path) ?? text(o.storePath),
      container: text(store.container) ?? text(o.storeContainer),
      region: text(store.region) ?? text(o.storeRegion),
      access: (store.access ?? o.storeAccess) === 'public' ? 'public' : (store.access ?? o.storeAccess) === 'private' ? 'private' : undefined,
    },
  };
}

/** accepted reads which files may be chosen; undefined for all. */
export function accepted(o: Options): string[] | undefined {
  const types = list(o.mimetype, o.mimetypes);
  const extensions = list(o.extension, o.extensions);
  if (types.length && extensions.length) {
    throw new FilepickerException('Error: Cannot pass in both mimetype and extension parameters to the pick function');
  }
  const all = [...types, ...extensions.map((one) => (one.startsWith('.') ? one : `.${one}`))];
  return all.length && !all.includes('*/*') ? all : undefined;
}

/**
 * style loads the style sheet that a page names for its dialog, and returns how
 * to take it off again. It is the page's, as if it had written the link itself.
 */
function style(named: unknown): () => void {
  const link = document.createElement('link');
  link.rel = 'stylesheet';
  link.href = text(named) ?? '';
  if (!/^https?:/.test(link.href)) return () => {}; // nothing was named, or it is nowhere on the web
  document.head.append(link);
  return () => link.remove();
}

/** frameOf puts an element in the place of the iframe whose id a page names as the container. */
function frameOf(container: unknown): { stand: HTMLElement; end: () => void } | undefined {
  const frame = typeof container === 'string' ? document.getElementById(container) : null;
  if (!(frame instanceof HTMLIFrameElement)) return undefined;
  const { width, height } = frame.getBoundingClientRect();
  const stand = document.createElement('div');
  Object.assign(stand.style, { width: `${width}px`, height: `${height}px` });
  const { display } = frame.style;
  frame.style.display = 'none';
  frame.after(stand);
  return {
    stand,
    end: () => {
      stand.remove();
      frame.style.display = display;
    },
  };
}
