/** makeDropPane: an element of the page that takes files. */
import { Engine } from '../engine/index.ts';
import type { Item } from '../engine/types.ts';
import { settings } from '../filestack/settings.ts';
import { accepted } from './pick.ts';
import { flag, number, text, type Page } from './page.ts';
import { fpfile, storeUrl } from './rest.ts';
import type { FPFile, Options } from './types.ts';

/** A pane's callbacks. */
interface Pane {
  dragEnter?: () => unknown;
  dragLeave?: () => unknown;
  onStart?: (files: readonly File[]) => unknown;
  onSuccess?: (files: FPFile[]) => unknown;
  onError?: (type: string, message: string) => unknown;
  onProgress?: (percent: number) => unknown;
}

/** makeDropPane makes a pane of element, which may be wrapped by jQuery. It tells whether it could. */
export function makeDropPane(page: Page, element: Element | ArrayLike<Element> | null, options: Options): boolean {
  const pane = element instanceof Element ? element : element?.[0];
  if (!(pane instanceof HTMLElement)) return false;
  page.client(options); // throws without a key
  const callbacks = options as Pane;
  const blocked = () => pane.getAttribute('disabled') === 'disabled';
  const over = (event: DragEvent) => {
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = blocked() ? 'none' : 'copy';
  };
  pane.addEventListener('dragenter', (event) => {
    over(event);
    if (!blocked()) callbacks.dragEnter?.();
  });
  pane.addEventListener('dragover', over);
  pane.addEventListener('dragleave', () => {
    if (!blocked()) callbacks.dragLeave?.();
  });
  pane.addEventListener('drop', (event) => {
    event.preventDefault();
    if (!blocked() && event.dataTransfer) drop(page, event.dataTransfer, options, callbacks);
  });
  return true;
}

function drop(page: Page, data: DataTransfer, options: Options, pane: Pane): void {
  const files = [...data.files];
  const fail = (type: string, message: string) => void pane.onError?.(type, message);
  if ([...data.items].some((item) => item.webkitGetAsEntry()?.isDirectory)) {
    return fail('WrongType', 'Uploading a folder is not allowed');
  }
  const [link] = data.getData('text/uri-list').split(/\r?\n/).filter((line) => /^https?:/.test(line));
  if (!files.length && link) {
    storeUrl(page, link, options, pane.onProgress)
      .then((file) => pane.onSuccess?.([file]), (error: unknown) => fail('UploadError', String(error)));
    return;
  }
  const limit = flag(options.multiple) ? number(options.maxFiles) ?? Infinity : 1;
  if (!files.length) return fail('NoFilesFound', 'No files uploaded');
  if (files.length > limit) return fail('TooManyFiles', limit === 1 ? 'Only one file at a time' : `Only ${limit} files at a time`);
  pane.onStart?.(files);
  void send(page, files, options, pane, fail);
}

/** Why a file is refused, as panes call it. */
const kinds: Readonly<Record<string, string>> = { type: 'WrongType', 'size-max': 'WrongSize', 'size-min': 'WrongSize', empty: 'WrongSize', folder: 'WrongType' };

async function send(page: Page, files: readonly File[], options: Options, pane: Pane, fail: (type: string, message: string) => void): Promise<void> {
  const client = page.client(options);
  const access = options.access === 'public' || options.access === 'private' ? options.access : undefined;
  const engine = new Engine({
    ...settings(client, {
      accept: accepted(options), maxFiles: files.length, maxSize: number(options.maxSize),
      storeTo: { location: text(options.location), path: text(options.path), container: text(options.container), access },
    }, () => ({ cdn: page.host('cdn'), expose: false }), page.base),
    resume: false,
  });
  engine.on('progress', () => pane.onProgress?.(Math.floor((100 * engine.progress.sent) / Math.max(1, engine.progress.size))));
  engine.on('finished', ({ uploaded, failed }) => {
    engine.close();
    const [wrong] = failed;
    if (wrong) return fail('UploadError', wrong.problem?.detail || `${wrong.name}: ${wrong.problem?.code ?? 'server'}`);
    pane.onProgress?.(100);
    pane.onSuccess?.(uploaded.flatMap((item: Item) => (item.stored ? fpfile(page, { ...item.stored, url: `${page.api}/${item.stored.handle}` }) : [])));
  });
  const { refused: [refused] } = await engine.add(files.map((blob) => ({ blob })));
  if (refused) {
    engine.close();
    return fail(kinds[refused.problem.code] ?? 'UploadError', `${refused.name}: ${refused.problem.detail || refused.problem.code}`);
  }
  engine.start();
}
