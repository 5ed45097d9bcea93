/** What pages written for filepicker.js hand over and get. Source: npm filepicker-js 2.4.18. */

/** A stored file; the library calls it a Blob. */
export interface FPFile {
  url: string;
  filename?: string;
  mimetype?: string;
  size?: number;
  isWriteable?: boolean;
  key?: string;
  container?: string;
  path?: string;
  client?: string;
  cropped?: unknown;
  rotated?: unknown;
  converted?: boolean;
}

/** Options of every call: names as in the library, values as pages and attributes write them. */
export type Options = Readonly<Record<string, unknown>>;

export type OnError = (error: import('./errors.ts').FPError) => void;

/** Of a pick; of store, read, write and convert it is a number. */
export interface FPProgress {
  filename: string;
  progress: number;
}

/** An opened dialog. */
export interface Dialog {
  close(): void;
}

/** What store takes: text, a file, an input with one, or a stored file. */
export type Input = string | Blob | HTMLInputElement | FPFile;
