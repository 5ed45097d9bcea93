/** Finds what was dropped, pasted or chosen, with folders as trees. */
import type { Candidate } from '../engine/types.ts';

/** Everything in a drop or a paste: files and trees of folders, or the address of an image of another page. */
export interface Gathered {
  /** Absent where there are no files. */
  readonly files?: AsyncIterable<Candidate>;
  /** Names of folders that may not be added. */
  readonly folders: readonly string[];
  readonly url?: string;
}

/**
 * Reads what data holds; call it while the event is being handled, because data
 * is empty later. Folders are walked afterwards, as the result is read.
 */
export function gather(data: DataTransfer, folders: boolean): Gathered {
  const roots: Root[] = [];
  for (const item of data.items) {
    if (item.kind !== 'file') continue;
    const entry = item.webkitGetAsEntry();
    roots.push({
      file: item.getAsFile(),
      entry,
      // A handle lets an upload go on after the page was closed.
      handle: 'getAsFileSystemHandle' in item ? (item as HandleItem).getAsFileSystemHandle().catch(() => null) : null,
    });
  }
  const allowed = folders ? roots : roots.filter((r) => !r.entry?.isDirectory);
  return {
    files: allowed.length > 0 ? walkRoots(allowed) : undefined,
    folders: roots.filter((r) => !allowed.includes(r)).map((r) => r.entry?.name ?? ''),
    url: roots.length > 0 ? undefined : imageURL(data),
  };
}

/** The files of the browser's dialog; the paths of a chosen folder are kept. */
export function* fromList(files: Iterable<File>): Iterable<Candidate> {
  for (const file of files) yield { blob: file, name: file.name, path: file.webkitRelativePath || file.name };
}

/** Everything below a folder that a browser gave access to. */
export async function* fromHandle(handle: FileSystemDirectoryHandle, path = handle.name): AsyncIterable<Candidate> {
  let empty = true;
  for await (const child of handle.values()) {
    empty = false;
    const below = `${path}/${child.name}`;
    if (child.kind === 'directory') yield* fromHandle(child as FileSystemDirectoryHandle, below);
    else yield* fromFileHandle(child as FileSystemFileHandle, below);
  }
  if (empty) yield { folder: path };
}

/** A file that a browser gave access to. */
export async function* fromFileHandle(handle: FileSystemFileHandle, path = handle.name): AsyncIterable<Candidate> {
  yield { blob: await handle.getFile(), name: handle.name, path, handle };
}

interface Root {
  readonly file: File | null;
  readonly entry: FileSystemEntry | null;
  readonly handle: Promise<FileSystemHandle | null> | null;
}

interface HandleItem {
  getAsFileSystemHandle(): Promise<FileSystemHandle | null>;
}

async function* walkRoots(roots: readonly Root[]): AsyncIterable<Candidate> {
  for (const { file, entry, handle } of roots) {
    const opened = await handle;
    if (entry?.isDirectory) {
      if (opened) yield* fromHandle(opened as FileSystemDirectoryHandle);
      else yield* fromEntry(entry as FileSystemDirectoryEntry);
    } else if (opened?.kind === 'file') yield* fromFileHandle(opened as FileSystemFileHandle);
    else if (file) yield* fromList([file]);
  }
}

async function* fromEntry(folder: FileSystemDirectoryEntry): AsyncIterable<Candidate> {
  const reader = folder.createReader();
  let empty = true;
  // A reader gives up to 100 entries at a time, and none at the end.
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) break;
    empty = false;
    for (const entry of some) {
      if (entry.isDirectory) {
        yield* fromEntry(entry as FileSystemDirectoryEntry);
        continue;
      }
      const blob = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
      yield { blob, name: blob.name, path: entry.fullPath.slice(1) };
    }
  }
  if (empty) yield { folder: folder.fullPath.slice(1) };
}

/** The address of a dragged image; of a dragged link where it holds no image. */
function imageURL(data: DataTransfer): string | undefined {
  const [, quoted] = /<img[^>]+?src="([^"]+)"/i.exec(data.getData('text/html')) ?? [];
  const url = quoted?.replaceAll('&amp;', '&') ?? (data.getData('text/uri-list').split(/\r?\n/).find((l) => l && !l.startsWith('#')) || data.getData('text/plain').trim());
  return /^https?:\/\/\S+$/.test(url) ? url : undefined;
}
