/** The functions of the global filepicker, with the arguments that pages pass. */
import { makeDropPane } from './droppane.ts';
import { families, FilepickerException, FPError } from './errors.ts';
import { exportFile } from './export.ts';
import { flag, text, type Page } from './page.ts';
import { pick } from './pick.ts';
import { Responsive } from './responsive.ts';
import * as rest from './rest.ts';
import { services } from './services.ts';
import type { Dialog, FPFile, FPProgress, Input, OnError, Options } from './types.ts';
import { constructWidget } from './widgets.ts';

type Success<T> = (value: T) => unknown;
/** The arguments after options, which may be left out. */
type Rest<T, P = number> = [onSuccess?: Success<T>, onError?: OnError, onProgress?: (progress: P) => unknown];
type Call<T, P = number> = [options?: Options | Success<T>, ...Rest<T, P>] | Rest<T, P>;

/** shifted finds the options and callbacks among the arguments of a call. */
function shifted<T, P = number>(page: Page, values: readonly unknown[]) {
  const [options, ...callbacks] = typeof values[0] === 'function' ? [{}, ...values] : [values[0] ?? {}, ...values.slice(1)];
  const [onSuccess = () => {}, onError = page.report, onProgress] = callbacks as Rest<T, P>;
  return { options: options as Options, onSuccess, onError, onProgress };
}

/** answer calls back with what becomes of work. What callbacks throw is the page's. */
function answer<T>(work: Promise<T>, onSuccess: Success<T>, onError: OnError, unknown: number): void {
  work.then(
    (value) => void onSuccess(value),
    (error: unknown) => onError(error instanceof FPError ? error : new FPError(unknown)),
  ).catch((error: unknown) => reportError(error));
}

/** api makes what pages find in window.filepicker. */
export function api(page: Page) {
  const responsive = new Responsive(page);
  const one = (success: Success<FPFile>) => ([file]: FPFile[]) => file && void success(file);

  const pickMultiple = (...values: Call<FPFile[], FPProgress>): Dialog => {
    const { options, onSuccess, onError, onProgress } = shifted<FPFile[], FPProgress>(page, values);
    return pick(page, options, { multiple: true }, { success: onSuccess, failure: onError, progress: onProgress });
  };
  const stat = (file: FPFile, ...values: Call<Record<string, unknown>>): void => {
    const { options, onSuccess, onError } = shifted<Record<string, unknown>>(page, values);
    needKey();
    answer(rest.stat(page, file, options), onSuccess, onError, families.stat.unknown);
  };
  const save = (input: FPFile | string, ...values: Call<FPFile>): Dialog => {
    const { options, onSuccess, onError } = shifted<FPFile>(page, values);
    return exportFile(page, input, options, onSuccess, onError);
  };
  const needKey = () => void page.key; // throws without one

  return {
    version: '2.4.18',
    services,
    errors: { FPError },
    FilepickerException,
    base64: { encode, decode },
    setKey: (key: string) => page.setKey(key),

    pick: (...values: Call<FPFile, FPProgress>): Dialog => {
      const { options, onSuccess, onError, onProgress } = shifted<FPFile, FPProgress>(page, values);
      return pick(page, options, {}, { success: one(onSuccess), failure: onError, progress: onProgress });
    },
    pickMultiple,
    pickAndStore: (options: Options, store: Options, ...values: Rest<FPFile[], FPProgress>): Dialog => {
      needKey();
      if (!isObject(options) || !isObject(store)) throw new FilepickerException('Not all required parameters given, missing picker or store options');
      if (flag(options.multiple) && text(store.path)?.endsWith('/') === false) {
        throw new FilepickerException('pickAndStore with multiple files requires a path that ends in "/"');
      }
      const { onSuccess, onError, onProgress } = shifted<FPFile[], FPProgress>(page, [{}, ...values]);
      return pick(page, options, { multiple: flag(options.multiple), store }, { success: onSuccess, failure: onError, progress: onProgress });
    },
    pickFolder: (...values: Call<FPFile>): Dialog => {
      const { onError } = shifted<FPFile>(page, values);
      needKey();
      setTimeout(() => onError(new FPError(102)), 0); // folders of cloud drives are none of this server's
      return { close: () => {} };
    },
    processImage: (input: FPFile | string, ...values: Call<FPFile, FPProgress>): Dialog => {
      const { options, onSuccess, onError, onProgress } = shifted<FPFile, FPProgress>(page, values);
      const edit = typeof input === 'string' ? page.file(input) : page.file(input.url);
      return pick(page, options, { edit }, { success: one(onSuccess), failure: onError, progress: onProgress });
    },
    exportFile: save,
    export: save,

    store: (input: Input, ...values: Call<FPFile>): void => {
      const { options, onSuccess, onError, onProgress } = shifted<FPFile>(page, values);
      needKey();
      answer(rest.store(page, input, options, onProgress), onSuccess, onError, families.write.unknown);
    },
    storeUrl: (url: string, ...values: Call<FPFile>): void => {
      const { options, onSuccess, onError, onProgress } = shifted<FPFile>(page, values);
      needKey();
      answer(rest.storeUrl(page, url, options, onProgress), onSuccess, onError, families.storeUrl.unknown);
    },
    read: (input: FPFile | string | Blob | HTMLInputElement, ...values: Call<string>): void => {
      const { options, onSuccess, onError, onProgress } = shifted<string>(page, values);
      needKey();
      answer(rest.read(page, input, options, onProgress), onSuccess, onError, families.read.unknown);
    },
    write: (file: FPFile, input: Input, ...values: Call<FPFile>): void => {
      const { options, onSuccess, onError, onProgress } = shifted<FPFile>(page, values);
      needKey();
      answer(rest.write(page, file, input, options, onProgress), onSuccess, onError, families.write.unknown);
    },
    writeUrl: (file: FPFile, url: string, ...values: Call<FPFile>): void => {
      const { options, onSuccess, onError, onProgress } = shifted<FPFile>(page, values);
      needKey();
      answer(rest.writeUrl(page, file, url, options, onProgress), onSuccess, onError, families.write.unknown);
    },
    stat,
    metadata: stat,
    remove: (file: FPFile, ...values: Call<void>): void => {
      const { options, onSuccess, onError } = shifted<void>(page, values);
      needKey();
      answer(rest.remove(page, file, options), onSuccess, onError, families.remove.unknown);
    },
    convert: (file: FPFile, options: Options, ...values: Call<FPFile>): void => {
      const { options: store, onSuccess, onError, onProgress } = shifted<FPFile>(page, values);
      needKey();
      const unknown = rest.unknownConversion(options);
      if (unknown) throw new FilepickerException(`Conversion options contain invalid option ${unknown}`);
      answer(rest.convert(page, file, options, store, onProgress), onSuccess, onError, families.convert.unknown);
    },

    makeDropPane: (element: Element | ArrayLike<Element> | null, options: Options = {}) => makeDropPane(page, element, options),
    constructWidget: (element: HTMLElement | ArrayLike<HTMLElement>) => constructWidget(page, element),
    responsive: (element?: Element) => responsive.update(element),
    setResponsiveOptions: (options: Options) => responsive.setOptions(options),
    logout: ({ onSuccess }: { onSuccess?: () => unknown } = {}) => void onSuccess?.(), // nobody is ever logged in
  };
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

function encode(text: string, utf8 = true): string {
  return btoa(utf8 ? String.fromCharCode(...new TextEncoder().encode(text)) : text);
}

function decode(text: string, utf8 = true): string {
  const binary = atob(text);
  return utf8 ? new TextDecoder().decode(Uint8Array.from(binary, (c) => c.charCodeAt(0))) : binary;
}
