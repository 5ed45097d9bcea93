/** What the views are told, by whichever face opens them (Filestack's, the elements, the legacy one). */
import type { EngineLike, Item, Problem, Source } from '../engine/types.ts';

/** overlay: a modal dialog. inline: fills its root. pane: a drop area that sends at once. */
export type Mode = 'overlay' | 'inline' | 'pane';

/** A source in the list at the side. */
export interface SourceEntry {
  readonly name: Source;
  /** An English key of the catalogue, or a page's own label. */
  readonly label: string;
  /** Page code that fills the source's panel; the built-in ones have none. */
  readonly plugin?: Plugin;
}

/** A custom source. Source: Filestack documentation, "Custom Source". */
export interface Plugin {
  readonly name: string;
  readonly label: string;
  /** SVG markup or an image's URL. */
  readonly icon?: string;
  mounted(element: HTMLElement, view: Pick<View, 'summary' | 'upload'>): void;
  unmounted(element: HTMLElement): void;
}

/** What a person may do to images. */
export interface Editing {
  /** False for none. */
  readonly crop: boolean;
  /** Width divided by height; undefined leaves it free. */
  readonly aspectRatio?: number;
  /** Exact pixels of the result. */
  readonly exact?: { readonly width: number; readonly height: number };
  readonly circle: boolean;
  readonly rotate: boolean;
  /** Uploading is refused until every image was edited. */
  readonly force: boolean;
}

/** How the picker looks and goes. */
export interface ViewOptions {
  readonly mode: Mode;
  readonly sources: readonly SourceEntry[];
  readonly lang: string;
  /** Replacements by English key. */
  readonly customText?: Readonly<Record<string, string>>;
  readonly editing?: Editing;
  /** Sends as soon as files are chosen, without the button. */
  readonly uploadAtOnce: boolean;
  /** Sends in the background while the person still chooses; the button then only finishes. */
  readonly uploadInBackground: boolean;
  readonly startAtMaxFiles: boolean;
  readonly hideWhenUploading: boolean;
  readonly allowRetry: boolean;
  readonly thumbnails: boolean;
  readonly altText: boolean;
  readonly folders: boolean;
  readonly dropEverywhere: boolean;
  readonly compact: boolean;
  /** Pixels, of the overlay on a wide screen. */
  readonly modalSize?: readonly [number, number];
  /** ms that a notice stays. */
  readonly noticeTime: number;
  readonly supportEmail?: string;
  readonly videoSize: readonly [number, number];
  readonly pane?: PaneOptions;
  /** Where chunks, languages and workers are loaded from; ends in a slash. */
  readonly base: string;
  /** Shown instead of the start view: the page's set-up lets nobody upload. */
  readonly problem?: Problem;
  /** Which of several pickers takes a paste that is over none of them; neither by default. Source: Filestack's pasteMode. */
  readonly paste?: { readonly firstInViewPort: boolean; readonly firstInstance: boolean };
  readonly events: ViewEvents;
}

/** The drop pane. Source: Filestack documentation, "dropPane". */
export interface PaneOptions {
  readonly text?: string;
  readonly click: boolean;
  readonly overlay: boolean;
  readonly icon: boolean;
  readonly progress: boolean;
  readonly crop: boolean;
  readonly onDragEnter?: (e: DragEvent) => void;
  readonly onDragOver?: (e: DragEvent) => void;
  readonly onDragLeave?: () => void;
  readonly onDrop?: (e: DragEvent) => void;
  readonly onClick?: (e: MouseEvent) => void;
}

/** What a person did, told to the face. */
export interface ViewEvents {
  /** The person asked to close; the face decides, and calls unmount. */
  readonly cancel: () => void;
  /** The person pressed Upload, or it began by itself. */
  readonly uploading: (items: readonly Item[]) => void;
  readonly edited: (item: Item) => void;
  /** Every file has ended and the person need not decide anything more. */
  readonly finished: (result: { uploaded: readonly Item[]; failed: readonly Item[] }) => void;
}

/** A picker on a page. */
export interface View {
  /** Resolves when it is on the page: its language may have to be loaded. */
  readonly shown: Promise<void>;
  /** Opens the editor for these items only (Filestack's picker.crop). */
  crop(ids: readonly string[]): void;
  /** Goes to the selection, as a custom source asks. */
  summary(): void;
  /** Does what the Upload button does. */
  upload(): void;
  /** Shows what only became known after it opened. */
  update(change: Pick<Partial<ViewOptions>, 'sources' | 'problem'>): void;
  unmount(): void;
}

/**
 * Shows engine in root, a light element or a shadow root. Exported by picker/view.tsx,
 * which is loaded when it is first needed.
 */
export type Mount = (root: HTMLElement | ShadowRoot, engine: EngineLike, options: ViewOptions) => View;
