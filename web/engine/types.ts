/**
 * The vocabulary of the picker: what a file is on its way from a person to the
 * server. The engine imports nothing, knows no page, and runs wherever fetch is.
 *
 * Everything here is read only: a changed file is a new object with the same
 * id, so that a view compares by identity.
 */

/** Where a file came from, by its Filestack name; a plug-in's source has a name of its own. */
export type Source =
  | 'local_file_system' | 'url' | 'webcam' | 'video' | 'audio' | 'screen'
  | (string & {});

/** A policy with its signature, as the page's backend made them. */
export interface Grant {
  readonly policy: string;
  readonly signature: string;
}

/** Base URLs of a server, without a slash at the end. */
export interface Hosts {
  readonly upload: string;
  readonly cloud: string;
  readonly cdn: string;
  readonly process: string;
  /** Ends in /api/file. */
  readonly api: string;
}

/** Where and how the server is to keep files. Source: Filestack's storeTo. */
export interface Store {
  readonly filename?: string;
  readonly location?: string;
  readonly container?: string;
  readonly path?: string;
  readonly region?: string;
  readonly access?: 'public' | 'private';
  readonly workflows?: readonly (string | { id: string })[];
  readonly disableStorageKey?: boolean;
}

/** What an engine is told once. Limits of 0 or Infinity mean none, as noted. */
export interface Settings {
  readonly apiKey: string;
  /** Read before each request. */
  readonly hosts: () => Hosts;
  /** Read before each request; undefined where security is off. */
  readonly grant: () => Grant | undefined;
  /** Asked once for each refused request that a newer grant may mend; the request is then repeated. */
  readonly refresh?: (why: Problem) => Promise<void>;

  /** Accepted types: ".pdf", "image/jpeg", "image/*"; empty accepts everything. */
  readonly accept: readonly string[];
  readonly maxFiles: number;
  /** Refuses all of a choice that has more files than there is room for. Default false: as many as fit are taken. */
  readonly wholeChoices?: boolean;
  readonly minFiles: number;
  /** Bytes for each file; Infinity without a limit. */
  readonly maxSize: number;
  readonly minSize: number;
  /** Whether folders, and files out of folders, may be added. Default true. */
  readonly folders?: boolean;
  /** Decides about a file before it joins the selection: throws to refuse, may return another name. */
  readonly admit?: (file: Item) => Promise<{ readonly name?: string } | void>;
  /** Makes the bytes that are sent from those that were chosen, such as a smaller image. A File that it makes also has the name. */
  readonly prepare?: (file: Item, signal: AbortSignal) => Promise<Blob>;
  /** SHA-256, in hexadecimal, of blobs that the browser cannot hash in one go; best on another thread. hash.ts has one for this thread. */
  readonly digest: (blob: Blob, signal?: AbortSignal) => Promise<string>;
  /** Tags of a file, made when it is sent. */
  readonly tags?: (file: Item) => Readonly<Record<string, string>>;

  readonly store: Store;
  /** Files sent at the same time, 1 to 20. */
  readonly concurrency: number;
  readonly parts: Parts;
  /** Keeps what is needed to go on after the page was closed. Default true where the browser can. */
  readonly resume: boolean;
  /** ms for which the server keeps an unfinished upload; default 7 days. */
  readonly lifetime?: number;
}

/** How one file is sent. Source: Filestack's uploadConfig. */
export interface Parts {
  /** Bytes; what a broken upload sends again is at most this. */
  readonly size: number;
  /** Requests at the same time for one file. */
  readonly concurrency: number;
  /** Tries after the first. */
  readonly retries: number;
  readonly retryFactor: number;
  /** Longest pause between tries, in ms. */
  readonly retryMaxTime: number;
  /** ms without any progress after which a request is given up. */
  readonly timeout: number;
}

/**
 * checking: admit and restrictions run. ready: selected. waiting: in the queue.
 * preparing: edited or hashed. offline, retrying: waits for the network, or for
 * retryAt. missing: was begun before a reload, and its bytes must be chosen again.
 */
export type Status =
  | 'checking' | 'ready' | 'waiting' | 'preparing' | 'uploading' | 'paused'
  | 'offline' | 'retrying' | 'missing' | 'done' | 'failed' | 'cancelled';

/** One file of a selection. */
export interface Item {
  /** 32 hexadecimal digits; Filestack's uploadId. */
  readonly id: string;
  readonly name: string;
  readonly type: string;
  /** Bytes; of the edited file after an edit, -1 while unknown (a link without a length). */
  readonly size: number;
  readonly source: Source;
  /** In its source: a file's name, a path inside a dropped folder, a URL. */
  readonly path: string;
  /** The bytes to send: chosen or edited. Absent for links and missing files. */
  readonly blob?: Blob;
  /** What the person chose, before any edit. */
  readonly original?: Blob;
  /** Imported by the server. */
  readonly link?: Link;
  /** An empty folder: there is nothing to send but its name. */
  readonly folder?: boolean;

  readonly status: Status;
  /** Bytes that the server has acknowledged, or that are on their way. */
  readonly sent: number;
  /** Bytes a second, smoothed; 0 while unknown. */
  readonly speed: number;
  /** Seconds; Infinity while unknown. */
  readonly left: number;
  /** When a retrying file tries again, as Date.now() tells time. */
  readonly retryAt?: number;
  readonly problem?: Problem;

  readonly edit?: Edit;
  readonly alt?: string;
  /** SHA-256 of what was sent, in hexadecimal, once it is known. */
  readonly digest?: string;
  /** Whether the server's checksum of the whole equals digest; absent while one of them is unknown. */
  readonly verified?: boolean;
  /** The id of an earlier item with the same content. */
  readonly twin?: string;
  readonly stored?: Stored;
}

/** A file that the server fetches. */
export interface Link {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly thumbnail?: string;
}

/** What was done to an image, in pixels of the original after its orientation was applied. */
export interface Edit {
  readonly crop?: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  readonly circle?: boolean;
  /** Degrees clockwise, 0 to 359. */
  readonly rotate?: number;
  /**
   * Degrees clockwise, -45 to 45, by which what a person saw was turned about the middle of the crop, and enlarged to fill it. The crop
   * is where it was without that.
   */
  readonly straighten?: number;
  readonly flip?: boolean;
  readonly flop?: boolean;
  /** Exact size of the result. */
  readonly resize?: { readonly width: number; readonly height: number };
  readonly originalWidth: number;
  readonly originalHeight: number;
}

/** A stored file, as the server answered. */
export interface Stored {
  readonly handle: string;
  readonly url: string;
  readonly filename: string;
  readonly mimetype: string;
  readonly size: number;
  readonly status: string;
  readonly key?: string;
  readonly container?: string;
  readonly sha256?: string;
  readonly workflows?: unknown;
  readonly uploadTags?: Readonly<Record<string, string>>;
}

/**
 * What can go wrong, in terms a person or a developer can act on:
 * choosing: type, size-max, size-min, count-max, busy (the one file there may be is being sent), folder,
 *   refused (admit threw), duplicate, empty, image-min, image-max
 * the page's set-up: key-unknown, security-required, policy-expired, policy-call, policy-limit, signature,
 *   origin, app-disabled, quota
 * sending: network, offline, timeout, server, gone (the upload expired), file-changed, file-unreadable,
 *   checksum, content (the server refused the bytes), cancelled
 * links: link-invalid, link-unreachable
 */
export type Code =
  | 'type' | 'size-max' | 'size-min' | 'count-max' | 'busy' | 'folder' | 'refused' | 'duplicate' | 'empty' | 'image-min' | 'image-max'
  | 'key-unknown' | 'security-required' | 'policy-expired' | 'policy-call' | 'policy-limit' | 'signature'
  | 'origin' | 'app-disabled' | 'quota'
  | 'network' | 'offline' | 'timeout' | 'server' | 'gone' | 'file-changed' | 'file-unreadable'
  | 'checksum' | 'content' | 'cancelled' | 'link-invalid' | 'link-unreachable';

/** Why something did not work. Views turn code and values into words; detail is the server's, for the console. */
export interface Problem {
  readonly code: Code;
  readonly values?: Readonly<Record<string, string | number>>;
  /** A text of page code (admit) or of the server; shown as text. */
  readonly detail?: string;
  /** HTTP status, where a server answered. */
  readonly status?: number;
  /** The request's ID, for the server's log. */
  readonly request?: string;
  /** Whether trying again can help. */
  readonly again: boolean;
}

/** A file that may be added. */
export type Candidate =
  | { readonly blob: Blob; readonly name?: string; readonly path?: string; readonly source?: Source; readonly handle?: FileSystemFileHandle }
  | { readonly link: Link; readonly name: string; readonly type?: string; readonly size?: number; readonly source?: Source }
  | { readonly folder: string };

/** What became of candidates. */
export interface Added {
  readonly items: readonly Item[];
  readonly refused: readonly { readonly name: string; readonly problem: Problem }[];
}

/** All files together. */
export interface Progress {
  readonly files: number;
  readonly done: number;
  readonly failed: number;
  /** Bytes of all files whose size is known. */
  readonly size: number;
  readonly sent: number;
  readonly speed: number;
  /** Seconds, smoothed; Infinity while unknown. */
  readonly left: number;
}

/** idle: nothing is being sent. offline: waits for the network. done: every file ended. */
export type Phase = 'idle' | 'uploading' | 'paused' | 'offline' | 'done';

/** What an engine tells, as it happens. change comes at most once a frame, and names what changed. */
export interface Events {
  readonly change: { readonly ids: ReadonlySet<string>; readonly listChanged: boolean };
  readonly refused: Added['refused'];
  readonly phase: Phase;
  readonly start: Item;
  readonly progress: Item;
  readonly done: Item;
  readonly failed: Item;
  readonly cancelled: Item;
  /** Every file has ended: once for each run. */
  readonly finished: { readonly uploaded: readonly Item[]; readonly failed: readonly Item[] };
}

/** The surface of Engine (engine.ts) that views and compatibility layers use. */
export interface EngineLike {
  readonly settings: Settings;
  readonly items: readonly Item[];
  readonly phase: Phase;
  readonly progress: Progress;
  get(id: string): Item | undefined;
  on<E extends keyof Events>(event: E, listen: (value: Events[E]) => void): () => void;

  /** Asks the server whether this page may upload; resolves with what is wrong, if anything. */
  check(): Promise<Problem | undefined>;
  /** The sources for which the server has credentials, such as googledrive; known after check. */
  readonly offered?: readonly Source[];
  /** When the policy expires, in Unix seconds; known after check, where there is one. */
  readonly expires?: number;
  /** Adds in slices of at most 8 ms; resolves when all were admitted or refused. */
  add(candidates: Iterable<Candidate> | AsyncIterable<Candidate>): Promise<Added>;
  /** Looks a URL up on the server and adds it. Rejects with a Refusal (problem.ts). */
  addLink(url: string, source?: Source, headers?: Readonly<Record<string, string>>): Promise<Item>;
  remove(id: string): void;
  clear(): void;
  /** Replaces the bytes after an edit; undefined takes the edit back. */
  edit(id: string, blob: Blob | undefined, edit?: Edit): void;
  rename(id: string, name: string): void;
  describe(id: string, alt: string): void;

  /** Sends everything that is ready or being checked. More may be added meanwhile; it waits for another start. */
  start(): void;
  /** Without an id, everything. */
  pause(id?: string): void;
  resume(id?: string): void;
  /**
   * Tries again what has failed, and at once what waits for its next try. With an id also what was cancelled, and what is
   * missing but was kept by the browser: then the person, who must just have clicked, is asked.
   */
  retry(id?: string): void;
  /** Ends what is being sent or waits for it; with an id, whatever has not ended. It cannot be restored later. */
  cancel(id?: string): void;

  /**
   * Unfinished uploads of earlier visits: items in state missing, or ready where the browser kept the file. When the file of
   * a missing item is added again, that item goes on by itself, without start.
   */
  restore(): Promise<readonly Item[]>;
  /** Forgets an unfinished upload. */
  forget(id: string): Promise<void>;
  /** Stops everything and ends every timer and listener. What was not cancelled can be restored later. */
  close(): void;
}
