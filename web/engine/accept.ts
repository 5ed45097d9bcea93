import { problem } from './problem.ts';
import type { Item, Problem, Settings } from './types.ts';

/** Types by extension, where some browser does not know the type of a file itself. */
const types: ReadonlyMap<string, string> = new Map(`
image/jpeg jpg jpeg;image/png png;image/gif gif;image/webp webp;image/avif avif;image/heic heic;image/heif heif;image/tiff tif tiff
image/svg+xml svg;image/bmp bmp;image/vnd.adobe.photoshop psd;image/jxl jxl
video/mp4 mp4 m4v;video/quicktime mov;video/webm webm;video/x-matroska mkv;video/x-msvideo avi;video/mpeg mpg mpeg;video/3gpp 3gp
audio/mpeg mp3;audio/mp4 m4a;audio/wav wav;audio/ogg ogg oga opus;audio/flac flac;audio/aac aac
text/plain txt log;text/csv csv;text/markdown md;application/pdf pdf;application/json json;application/xml xml
application/zip zip;application/gzip gz;application/x-7z-compressed 7z;application/vnd.rar rar;application/x-subrip srt
application/rtf rtf;application/msword doc;application/vnd.ms-excel xls;application/vnd.ms-powerpoint ppt
application/vnd.openxmlformats-officedocument.wordprocessingml.document docx
application/vnd.openxmlformats-officedocument.spreadsheetml.sheet xlsx
application/vnd.openxmlformats-officedocument.presentationml.presentation pptx`.trim().split(/[;\n]/).flatMap((line) => {
  const [type, ...extensions] = line.split(' ');
  return extensions.map((extension) => [extension, type!] as const);
}));

/** The extension of a name in lower case, without its dot. */
export const extension = (name: string): string => /[^.]\.([^./\\]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';

/** The type of a file, by its name where the browser does not say; "" if nobody knows. */
export const typeOf = (name: string, type = ''): string => type.split(';')[0]!.trim().toLowerCase() || types.get(extension(name)) || '';

/**
 * Reports whether accept takes a file. An entry with a slash is a type, in which
 * the second half may be *; any other is an extension, with or without its dot,
 * which a file must really have.
 * Source: Filestack documentation, "accept".
 */
export function accepts(accept: readonly string[], name: string, type: string): boolean {
  const have = typeOf(name, type);
  return accept.length === 0 || accept.some((entry) => {
    const one = entry.trim().toLowerCase();
    if (/^\*(\/\*)?$/.test(one)) return true;
    if (!one.includes('/')) return extension(name) === one.replace(/^\*?\./, '');
    return one.endsWith('/*') ? have.startsWith(one.slice(0, -1)) : have === typeOf('', one);
  });
}

/** Says why a file may not join a selection, by what is known of it alone. */
export function unfit(settings: Settings, file: Pick<Item, 'name' | 'path' | 'type' | 'size' | 'folder'>): Problem | undefined {
  const { name, size } = file;
  if (settings.folders === false && (file.folder || file.path.includes('/') && !/^[a-z]+:\/\//i.test(file.path))) return problem('folder', { values: { name } });
  if (file.folder) return undefined;
  if (!accepts(settings.accept, name, file.type)) return problem('type', { values: { name, types: settings.accept.join(', ') } });
  if (size < 0) return undefined;
  if (settings.maxSize && size > settings.maxSize) return problem('size-max', { values: { name, size, limit: settings.maxSize } });
  if (size < settings.minSize) return problem(size ? 'size-min' : 'empty', { values: { name, size, limit: settings.minSize } });
  return undefined;
}
