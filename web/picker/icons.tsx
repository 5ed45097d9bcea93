/** The picker's pictograms, drawn on a grid of 24 with the colour of the text. */
import type { JSX } from 'preact';

/** Those of the sources, by name. */
const sources: Readonly<Record<string, string>> = {
  local_file_system: 'M4 6a2 2 0 0 1 2-2h12a2 2 0 0 1 2 2v8H4zM2 18h20M9 18v2h6v-2',
  url: 'M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1.5 1.5M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1.5-1.5',
  webcam: 'M4 8a2 2 0 0 1 2-2h2l2-2h4l2 2h2a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2H6a2 2 0 0 1-2-2zM12 16a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z',
  video: 'M3 8a2 2 0 0 1 2-2h8a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2zM15 11l6-4v10l-6-4z',
  audio: 'M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM5 11a7 7 0 0 0 14 0M12 18v3M8 21h8',
  screen: 'M4 4h16a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1zM8 20h8M12 16v4M12 13V7M9 10l3-3 3 3',
};
const cloud = 'M7 18a4.5 4.5 0 0 1-.6-9A6 6 0 0 1 18 10.5a3.8 3.8 0 0 1-.5 7.5z';
const plugin = 'M5 5h6v6H5zM13 13h6v6h-6zM16 4v6M13 7h6M5 13h6v6H5z';

/** Those that are needed at the start; strokes.ts has the others. */
export const icons = {
  upload: 'M7 17.5a4.5 4.5 0 0 1-.6-9A6 6 0 0 1 18 10a3.8 3.8 0 0 1 .5 7.4M12 20v-8M8.5 15 12 11.5l3.5 3.5',
  folder: 'M3 7a2 2 0 0 1 2-2h4l2 2h8a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z',
  close: 'M6 6l12 12M18 6 6 18',
  list: 'M9 6h11M9 12h11M9 18h11M4.5 6h.1M4.5 12h.1M4.5 18h.1',
  grid: 'M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h6v6h-6z',
  retry: 'M20 11a8 8 0 1 0-2.3 6.3M20 5v6h-6',
} as const;

/** Shows a pictogram of the strokes d; it has no name of its own, so give one to what holds it. */
export function Icon({ d, class: extra = '' }: { d: string; class?: string }): JSX.Element {
  return (
    <svg class={`picker__icon ${extra}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={d} />
    </svg>
  );
}

/** The pictogram of a source; cloud drives share one. */
export function sourceIcon(name: string, custom = false): string {
  return custom ? plugin : sources[name] ?? cloud;
}
