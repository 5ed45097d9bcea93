/**
 * What the elements take and tell, as tables: the elements make their properties
 * from it, and the wrappers for frameworks theirs. docs/elements.md says more.
 */
import type { Grant, Problem, Source, Status } from '../engine/types.ts';

/** The elements. picker stands in the page, button opens a dialog, drop sends what is dropped on it. */
export const elements = { picker: 'stowgate-picker', button: 'stowgate-button', drop: 'stowgate-drop' } as const;

/** Properties that are attributes: maxFiles is max-files. */
export const attributes = {
  apiKey: 'text',
  /** The origin of the server. Without it and domain, the one that stowgate.js came from. */
  server: 'text',
  /** The server's --domain: requests go to upload.…, cloud.…, www.…, cdn.… and process.… of it. */
  domain: 'text',
  policy: 'text',
  signature: 'text',
  /** Types, such as image/*, image/jpeg or .pdf; all without it. */
  accept: 'list',
  /** 1 without it. */
  maxFiles: 'number',
  minFiles: 'number',
  /** Bytes of each file, as a number or like 10MB; powers of 1,024. */
  maxSize: 'size',
  /** Without it local_file_system, url and webcam. */
  sources: 'list',
  /** Sends files as soon as they are selected, without a press of Upload. */
  autoUpload: 'flag',
  storeLocation: 'text',
  storePath: 'text',
  storeContainer: 'text',
  storeRegion: 'text',
  storeAccess: 'text',
  /** Editing of images: optional, as without it, required, or none. */
  crop: 'text',
  /** Of cropped images: a number, or like 16:9. */
  aspectRatio: 'size',
  /** Pixels of edited images, like 400x300. */
  exactSize: 'text',
  /** Pixels that images are made to fit before they are sent, like 1920x1920. */
  imageMax: 'text',
  /** Takes metadata, such as places, out of JPEG files before they are sent. */
  stripMetadata: 'flag',
  /** Files sent at the same time; 4 without it. */
  concurrency: 'number',
  /** For little room. */
  compact: 'flag',
  /** In a form: the name of its entries, one for each stored file. */
  name: 'text',
  /** What those entries hold: url, as without it, or handle. */
  formValue: 'text',
  required: 'flag',
  disabled: 'flag',
} as const;

/** What a property takes, by its kind. */
interface Kinds {
  text: string;
  number: number;
  size: number | string;
  flag: boolean;
  list: readonly string[] | string;
}

/** Properties that no attribute can hold. They are read whenever they are needed, so they may change at any time. */
export interface Objects {
  /** Gives a policy and its signature: at the start, and again when they expire while files are sent. */
  readonly getPolicy: () => Grant | Promise<Grant>;
  /** Decides about a file before it is selected: throws an Error, whose text is shown, to refuse it. May give it another name. */
  readonly admit: (file: StowgateFile) => void | { name?: string } | Promise<void | { name?: string }>;
  /** Tags of a file, made when it is sent. */
  readonly tags: (file: StowgateFile) => Readonly<Record<string, string>>;
  /** Other wordings, by their English text. */
  readonly texts: Readonly<Record<string, string>>;
}

export const objects = ['getPolicy', 'admit', 'tags', 'texts'] as const satisfies readonly (keyof Objects)[];

/** All properties. Each may be missing. */
export type Properties =
  & { -readonly [P in keyof typeof attributes]?: Kinds[(typeof attributes)[P]] }
  & { -readonly [P in keyof Objects]?: Objects[P] };

/** One file of a selection. */
export interface StowgateFile {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  /** Bytes; -1 while unknown. */
  readonly size: number;
  readonly source: Source;
  /** A path inside a folder, or a URL. */
  readonly path: string;
  readonly status: Status;
  /** The bytes; none for links. */
  readonly file?: Blob;
  readonly problem?: Problem;
  readonly handle?: string;
  readonly url?: string;
  readonly key?: string;
  /** SHA-256 of what was sent, in hexadecimal. */
  readonly sha256?: string;
  /** Whether the server has the same checksum. */
  readonly verified?: boolean;
}

/** What became of a selection. */
export interface Outcome {
  readonly stored: readonly StowgateFile[];
  readonly failed: readonly StowgateFile[];
}

/** Events, without their prefix, and their details. All bubble. */
export interface Details {
  /** The picker is on the page. */
  open: null;
  /** Files were selected. */
  select: { readonly files: readonly StowgateFile[] };
  /** More was sent: bytes of all files, and seconds that are left; Infinity while unknown. */
  progress: { readonly sent: number; readonly size: number; readonly speed: number; readonly left: number };
  stored: StowgateFile;
  failed: StowgateFile;
  /** Every file has ended. */
  done: Outcome;
  /** The picker has left the page; uploads that still ran were cancelled. */
  close: null;
}

export const events = ['open', 'select', 'progress', 'stored', 'failed', 'done', 'close'] as const satisfies readonly (keyof Details)[];

export type EventMap = { [E in keyof Details as `stowgate-${E}`]: CustomEvent<Details[E]> };

/** What wrappers call the listener of an event, like onDone. */
export type Listeners = { [E in keyof Details as `on${Capitalize<E>}`]?: (event: CustomEvent<Details[E]>) => void };

/** The attribute of a property. */
export const attributeOf = (property: string): string => property.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
