/** Pictograms of files and of what can be done with them; see icons.tsx. */
import { icons, sourceIcon } from './icons.tsx';

export const strokes = {
  ...icons,
  remove: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10 11v5M14 11v5',
  edit: 'M6 2v14a2 2 0 0 0 2 2h14M2 6h14a2 2 0 0 1 2 2v14',
  rename: 'M4 20l1-4L16 5l3 3L8 19zM13 8l3 3',
  pause: 'M9 5v14M15 5v14',
  play: 'M8 5l11 7-11 7z',
  done: 'M5 12.5l4.5 4.5L19 7.5',
  verified: 'M12 3l7 3v5c0 4.5-3 8-7 10-4-2-7-5.5-7-10V6zM8.5 12l2.5 2.5 4.5-4.5',
  warning: 'M12 4 2.5 20h19zM12 10v4.5M12 17.3v.2',
  offline: 'M3 3l18 18M8.5 16.5a5 5 0 0 1 7 0M5 12.5a10 10 0 0 1 4-2.5M19 12.5a10 10 0 0 0-6-2.9M12 20v.1',
  add: 'M12 5v14M5 12h14',
  file: 'M6 3h8l5 5v13H6zM14 3v5h5',
  image: 'M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15 9h.1',
  document: 'M6 3h8l5 5v13H6zM14 3v5h5M9 12h6M9 15h6M9 18h3',
  archive: 'M4 4h16v4H4zM5 8v12h14V8M10 12h4',
} as const;

/** A pictogram's name. */
export type IconName = keyof typeof strokes;

/** The pictogram of a media type. */
export function typeIcon(type: string, folder = false): string {
  if (folder) return strokes.folder;
  const [kind = '', detail = ''] = type.split('/');
  if (kind === 'image') return strokes.image;
  if (kind === 'video' || kind === 'audio') return sourceIcon(kind);
  if (/zip|tar|compressed|7z|rar/.test(detail)) return strokes.archive;
  if (kind === 'text' || /pdf|document|word|sheet|presentation/.test(detail)) return strokes.document;
  return strokes.file;
}
