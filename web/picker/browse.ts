/** The browser's own dialogs for files and folders. */
import type { Candidate } from '../engine/types.ts';
import { fromFileHandle, fromHandle } from './gather.ts';

interface Pickers {
  showOpenFilePicker?(options: { multiple: boolean; types?: { accept: Record<string, string[]> }[] }): Promise<FileSystemFileHandle[]>;
  showDirectoryPicker?(): Promise<FileSystemDirectoryHandle>;
}

/**
 * Opens the dialog for files that gives handles, with which an upload goes on
 * after the page was closed. Resolves with false where only an input can ask:
 * in other browsers, in frames of another origin, and under test drivers,
 * which see no other dialog.
 */
export async function browseFiles(accept: readonly string[], multiple: boolean): Promise<AsyncIterable<Candidate> | false> {
  const { showOpenFilePicker } = window as Pickers;
  if (!showOpenFilePicker || navigator.webdriver) return false;
  try {
    const types = pickerTypes(accept);
    return all(await showOpenFilePicker.call(window, { multiple, ...(types ? { types } : {}) }));
  } catch (e) {
    return isAbort(e) ? none() : false;
  }
}

/** Opens the dialog for a folder; false where only an input can ask. */
export async function browseFolder(): Promise<AsyncIterable<Candidate> | false> {
  const { showDirectoryPicker } = window as Pickers;
  if (!showDirectoryPicker || navigator.webdriver) return false;
  try {
    return fromHandle(await showDirectoryPicker.call(window));
  } catch (e) {
    return isAbort(e) ? none() : false;
  }
}

const isAbort = (e: unknown) => e instanceof DOMException && e.name === 'AbortError';

async function* all(handles: readonly FileSystemFileHandle[]): AsyncIterable<Candidate> {
  for (const handle of handles) yield* fromFileHandle(handle);
}

async function* none(): AsyncIterable<Candidate> {}

/** The dialog takes media types with extensions; where only extensions are known they go under a type that names none. */
function pickerTypes(accept: readonly string[]): { accept: Record<string, string[]> }[] | undefined {
  if (accept.length === 0) return undefined;
  const table: Record<string, string[]> = {};
  for (const a of accept) {
    const [key, value] = a.startsWith('.') ? ['application/x-chosen', a] : [a, ''];
    (table[key] ??= []).push(...(value ? [value] : []));
  }
  return [{ accept: table }];
}
