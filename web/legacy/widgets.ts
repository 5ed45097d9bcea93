/** Elements that a page declares with data-fp attributes. Source: Filepicker documentation, "Widgets". */
import { makeDropPane } from './droppane.ts';
import { exportFile } from './export.ts';
import { flag, list, text, type Page } from './page.ts';
import { pick } from './pick.ts';
import type { FPFile, Options } from './types.ts';

const selectors = `[type="filepicker"],[type="filepicker-dragdrop"],[type="filepicker-convert"],[type="filepicker-preview"],
  a[data-fp-url],button[data-fp-url],input[type="button"][data-fp-url]`;

const made = new WeakSet<Element>();

/** constructWidgets makes a widget of every element that asks to be one. */
export function constructWidgets(page: Page): void {
  document.querySelectorAll<HTMLElement>(selectors).forEach((element) => constructWidget(page, element));
}

/** constructWidget makes a widget of element, which may be wrapped by jQuery. A second call does nothing. */
export function constructWidget(page: Page, wrapped: HTMLElement | ArrayLike<HTMLElement>): void {
  const element = wrapped instanceof Element ? wrapped : wrapped[0];
  if (!element || made.has(element)) return;
  made.add(element);
  const key = text(element.dataset.fpApikey);
  if (key) page.setKey(key);
  const url = text(element.dataset.fpUrl);
  const kind = element.getAttribute('type');
  if (kind === 'filepicker-preview') preview(page, element, url);
  else if (kind === 'filepicker-convert') convert(page, element as HTMLInputElement, url);
  else if (kind === 'filepicker' || kind === 'filepicker-dragdrop') picker(page, element as HTMLInputElement, kind === 'filepicker-dragdrop');
  else if (url) {
    element.addEventListener('click', (event) => {
      event.preventDefault(); // of a link
      exportFile(page, url, options(element), () => {}, page.report);
    });
  }
}

/** Attributes whose option is called otherwise: HTML writes data-fp-maxSize as data-fp-maxsize. All others are their name in camel case. */
const renamed: Readonly<Record<string, string>> = {
  videoRecordingResolution: 'videoRes', videoLength: 'videoLen', audioLength: 'audioLen',
  maxsize: 'maxSize', maxfiles: 'maxFiles', opento: 'openTo', suggestedfilename: 'suggestedFilename',
};

/** options reads the data-fp attributes of an element. */
function options(element: HTMLElement): Options {
  const all: Record<string, unknown> = Object.fromEntries(Object.entries(element.dataset).filter(([name]) => name.startsWith('fp')).map(([name, value]) => {
    const short = name.slice(2, 3).toLowerCase() + name.slice(3);
    return [renamed[short] ?? short, value];
  }));
  return { ...all, webcam: { videoRes: all.videoRes } };
}

/** button puts a button behind input, which disappears. */
function button(input: HTMLInputElement, label: string): HTMLButtonElement {
  const made = document.createElement('button');
  made.type = 'button';
  made.textContent = text(input.dataset.fpButtonText) ?? label;
  made.className = text(input.dataset.fpButtonClass) ?? text(input.className) ?? 'fp__btn';
  input.style.display = 'none';
  input.after(made);
  return made;
}

/** Files in an input's value, and in the event by which it tells of them. */
function tell(input: HTMLInputElement, files: FPFile[]): void {
  input.value = files.map((file) => file.url).join(',');
  input.dispatchEvent(Object.assign(new Event('change', { bubbles: true }), { fpfile: files[0], fpfiles: files }));
}

function picker(page: Page, input: HTMLInputElement, drops: boolean): void {
  const trigger = button(input, 'Pick File');
  const given = () => {
    const read = options(input);
    const store = ['storeLocation', 'storePath', 'storeContainer', 'storeRegion', 'storeAccess'].some((name) => text(read[name]));
    const { storeLocation: location, storePath: path, storeContainer: container, storeRegion: region, storeAccess: access } = read;
    return { read, multiple: flag(read.multiple), store: store ? { location, path, container, region, access } : undefined };
  };
  trigger.addEventListener('click', () => {
    const { read, multiple, store } = given();
    pick(page, read, { multiple, store }, { success: (files) => tell(input, files), failure: page.report });
  });
  if (!drops) return;

  const pane = document.createElement('div');
  const rest = text(input.dataset.fpDragText) ?? 'Or drop files here';
  pane.className = list(input.dataset.fpClass, input.dataset.fpDragClass).join(' ') || 'fp__drag';
  pane.textContent = rest;
  trigger.after(pane);
  const { read, store } = given();
  const say = (words: string) => { pane.textContent = words; };
  makeDropPane(page, pane, {
    ...read, ...store,
    onStart: () => say('0%'),
    onProgress: (percent: number) => say(`${percent}%`),
    onError: (_: string, message: string) => say(message),
    onSuccess: (files: FPFile[]) => {
      say(files.map((file) => file.filename).join(', ') || rest);
      tell(input, files);
    },
  });
}

function convert(page: Page, input: HTMLInputElement, url = ''): void {
  button(input, 'Convert File').addEventListener('click', () => {
    pick(page, options(input), { edit: page.file(url) }, { success: (files) => tell(input, files), failure: page.report });
  });
}

/** preview shows a file of this server in a frame that fills element. */
function preview(page: Page, element: HTMLElement, url = ''): void {
  const file = page.file(url);
  if (!page.owns(file)) return;
  const address = new URL(file.replace('/api/file/', '/api/preview/'));
  for (const [name, value] of [['css', 'fpCustomCss'], ['policy', 'fpPolicy'], ['signature', 'fpSignature']] as const) {
    const given = text(element.dataset[value]);
    if (given) address.searchParams.set(name, given);
  }
  const frame = document.createElement('iframe');
  frame.title = text(element.title) ?? 'Preview';
  Object.assign(frame.style, { width: '100%', height: '100%', border: '0' });
  frame.src = address.href;
  element.append(frame);
}
