/**
 * What pages written for Filestack hand to the picker, and what it hands back.
 * Options are the union of those that the releases of filestack-js let through.
 * Source: filestack-js 1.14.6 to 4.3.8, src/lib/picker.ts and src/schema.
 */

/** What the picker uses of filestack-js's client, in any of its releases. */
export interface Client {
  readonly session: {
    readonly apikey: string;
    readonly urls: Partial<Record<'processUrl' | 'fileApiUrl' | 'uploadApiUrl' | 'cloudApiUrl' | 'cdnUrl' | 'pickerUrl', string>>;
    readonly policy?: string;
    readonly signature?: string;
  };
  readonly cloud?: { cloudApiUrl?: string };
  emit?(event: string, ...values: unknown[]): unknown;
}

/** A file, as callbacks get it. Each is a copy: what a page does to it changes nothing. */
export interface PickedFile {
  filename: string;
  /** The same; onFileSelected may return another. */
  name?: string;
  mimetype: string;
  size: number;
  source: string;
  originalPath: string;
  uploadId: string;
  originalFile?: File | { name: string; type: string; size: number };
  handle?: string;
  url?: string;
  status?: string;
  key?: string;
  container?: string;
  cropped?: { cropArea: { position: [number, number]; size: [number, number] }; originalImageSize: [number, number] };
  rotated?: { value: number; direction: 'CW' | 'CCW' };
  alt?: string;
  uploadTags?: Record<string, string>;
  workflows?: unknown;
  /** Hexadecimal SHA-256 of what was sent. Not Filestack's. */
  sha256?: string;
  /** Why it failed. Not Filestack's. */
  error?: string;
}

export interface Response {
  filesUploaded: PickedFile[];
  filesFailed: PickedFile[];
}

/** How far one upload is. */
export interface ProgressEvent {
  totalPercent: number;
  totalBytes: number;
}

/** Steers the upload of one local file. */
export interface Token {
  pause(): void;
  resume(): void;
  cancel(): void;
}

/** Given to acceptFn next to the file. */
export interface AcceptOptions {
  readonly accept: readonly string[];
  readonly acceptMime: readonly string[];
  mimeFromMagicBytes(file: Blob): Promise<string>;
  mimeFromExtension(name: string): string;
}

/** What a custom source may do. Source: Filestack documentation, "Custom Source". */
export interface SourceActions {
  addRawFile(file: Blob): Promise<unknown>;
  fetchAndAddUrl(url: string, headers?: Record<string, string>): Promise<unknown>;
  addCustomUrl(link: {
    url: string; display_name?: string; filename?: string; type?: string; size?: number;
    thumbnail?: string; headers?: Record<string, string>;
  }): Promise<unknown>;
  metadata(url: string, headers?: Record<string, string>): Promise<unknown>;
  showSummaryView(): void;
  startUploading(): void;
  getFilesList(): PickedFile[];
  readonly filesList: PickedFile[];
  readonly count: number;
}

/** An object in fromSources. */
export interface CustomSource {
  label?: string;
  name: string;
  icon?: string;
  mounted(element: HTMLElement, actions: SourceActions, options: Options): void;
  unmounted?(element: HTMLElement): void;
}

/** A width and a height; one of them may be left out. */
export type Pair = readonly (number | null | undefined)[];

type Tag = string | ((file: PickedFile) => unknown);

export interface Options {
  accept?: string | readonly string[];
  acceptFn?(file: PickedFile, options: AcceptOptions): unknown;
  allowManualRetry?: boolean;
  cleanupImageExif?: boolean | { keepOrientation?: boolean; keepICCandAPP?: boolean };
  concurrency?: number;
  container?: string | Node | null;
  cropFiles?: ArrayLike<Blob | string>;
  customSourceName?: string;
  customText?: Record<string, string>;
  disableAltText?: boolean;
  disableDirectoryUpload?: boolean;
  disableStorageKey?: boolean;
  disableThumbnails?: boolean;
  disableTransformer?: boolean;
  displayMode?: 'inline' | 'overlay' | 'dropPane';
  dropPane?: DropPane;
  errorsTimeout?: number;
  exposeOriginalFile?: boolean;
  failOverMaxFiles?: boolean;
  fromSources?: readonly (string | CustomSource)[];
  globalDropZone?: boolean;
  hideModalWhenUploading?: boolean;
  imageDim?: Pair;
  imageMax?: Pair;
  imageMin?: Pair;
  imageMinMaxBlock?: boolean;
  lang?: string;
  maxFiles?: number;
  maxSize?: number;
  minFiles?: number;
  miniUploader?: boolean;
  modalSize?: Pair;
  multipleFileUpload?: boolean;
  pasteMode?: { pasteToFirstInViewPort?: boolean; pasteToFirstInstance?: boolean };
  rootId?: string;
  startUploadingWhenMaxFilesReached?: boolean;
  storeTo?: {
    filename?: string; location?: string; container?: string; path?: string; region?: string;
    access?: 'public' | 'private'; workflows?: readonly (string | { id: string })[];
  };
  supportEmail?: string;
  transformations?: {
    crop?: boolean | { aspectRatio?: number; force?: boolean };
    circle?: boolean; rotate?: boolean; force?: boolean;
  };
  uploadConfig?: UploadConfig;
  uploadInBackground?: boolean;
  videoResolution?: string;

  onOpen?(picker: unknown): unknown;
  onClose?(): unknown;
  onCancel?(response: Response): unknown;
  onFileSelected?(file: PickedFile): unknown;
  onFileCropped?(file: PickedFile): unknown;
  onUploadStarted?(files: PickedFile[]): unknown;
  onFileUploadStarted?(file: PickedFile, token?: Token): unknown;
  onFileUploadProgress?(file: PickedFile, progress: ProgressEvent): unknown;
  onFileUploadFinished?(file: PickedFile): unknown;
  onFileUploadFailed?(file: PickedFile, error: Error): unknown;
  onFileUploadCancel?(file: PickedFile): unknown;
  onUploadDone?(response: Response): unknown;
}

export interface UploadConfig {
  partSize?: number;
  concurrency?: number;
  progressInterval?: number;
  retry?: number;
  retryFactor?: number;
  retryMaxTime?: number;
  timeout?: number;
  onProgress?(progress: ProgressEvent): unknown;
  onRetry?(about: { filename: string; attempt: number }): unknown;
  tags?: Record<string, Tag>;
}

export interface DropPane {
  cropFiles?: boolean | readonly unknown[];
  customText?: string;
  disableClick?: boolean;
  overlay?: boolean;
  showIcon?: boolean;
  showProgress?: boolean;
  onDragEnter?(event: DragEvent): unknown;
  onDragOver?(event: DragEvent): unknown;
  onDragLeave?(): unknown;
  onDrop?(event: DragEvent): unknown;
  onClick?(event: MouseEvent): unknown;
  onProgress?(percent: number): unknown;
  onSuccess?(files: PickedFile[]): unknown;
  onError?(files: PickedFile[]): unknown;
}
