import type { Source } from './types.ts';

/** A file that a browser lets be read again after a reload, if the person agrees. Source: File System Access. */
export interface Handle extends FileSystemFileHandle {
  queryPermission?(options: { mode: 'read' }): Promise<PermissionState>;
  requestPermission?(options: { mode: 'read' }): Promise<PermissionState>;
}

/** An unfinished upload, as it is kept in the browser. */
export interface Saved {
  readonly id: string;
  /** The app and the server it goes to. */
  readonly app: string;
  readonly session: string;
  readonly partSize: number;
  readonly begun: number;

  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly path: string;
  readonly source: Source;
  readonly alt?: string;
  readonly lastModified: number;
  /** Tells the file from others of its size and date. */
  readonly fingerprint: string;
  readonly handle?: Handle;
}

/** Where unfinished uploads are kept. */
export interface Records {
  all(): Promise<Saved[]>;
  put(saved: Saved): Promise<void>;
  delete(id: string): Promise<void>;
}

const table = 'uploads';

/** Keeps records in the browser's database. Where there is none, or the page may not use it, nothing is kept and nothing fails. */
export function browserRecords(): Records {
  let opened: Promise<IDBDatabase> | undefined;
  const open = (): Promise<IDBDatabase> => opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open('stowgate', 1);
    request.onupgradeneeded = () => request.result.createObjectStore(table, { keyPath: 'id' });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('the database did not open'));
  });
  const run = async <T>(mode: IDBTransactionMode, otherwise: T, act: (store: IDBObjectStore) => IDBRequest): Promise<T> => {
    try {
      const store = (await open()).transaction(table, mode).objectStore(table);
      return await new Promise<T>((resolve, reject) => {
        const request = act(store);
        request.onsuccess = () => resolve(request.result as T);
        request.onerror = () => reject(request.error ?? new Error('the database refused'));
      });
    } catch {
      return otherwise;
    }
  };
  return {
    all: () => run<Saved[]>('readonly', [], (store) => store.getAll()),
    put: async (saved) => run<void>('readwrite', undefined, (store) => store.put(saved)),
    delete: (id) => run<void>('readwrite', undefined, (store) => store.delete(id)),
  };
}
