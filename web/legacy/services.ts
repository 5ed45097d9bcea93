/** The services of filepicker.js, and the sources that they are today. */
import { list } from './page.ts';

/** Numbers that pages write instead of names. */
export const services = {
  COMPUTER: 1, DROPBOX: 2, FACEBOOK: 3, GITHUB: 4, GMAIL: 5, IMAGE_SEARCH: 6, URL: 7, WEBCAM: 8, GOOGLE_DRIVE: 9, SEND_EMAIL: 10,
  INSTAGRAM: 11, FLICKR: 12, VIDEO: 13, EVERNOTE: 14, PICASA: 15, WEBDAV: 16, FTP: 17, ALFRESCO: 18, BOX: 19, SKYDRIVE: 20, GDRIVE: 21,
  CUSTOMSOURCE: 22, CLOUDDRIVE: 23, GENERIC: 24, CONVERT: 25, AUDIO: 26,
} as const;

const sources: Readonly<Record<string, string>> = {
  COMPUTER: 'local_file_system', DROPBOX: 'dropbox', FACEBOOK: 'facebook', GITHUB: 'github', GMAIL: 'gmail', IMAGE_SEARCH: 'imagesearch',
  URL: 'url', WEBCAM: 'webcam', GOOGLE_DRIVE: 'googledrive', GDRIVE: 'googledrive', INSTAGRAM: 'instagram', VIDEO: 'video',
  PICASA: 'googlephotos', BOX: 'box', SKYDRIVE: 'onedrive', CUSTOMSOURCE: 'customsource', CLOUDDRIVE: 'clouddrive', AUDIO: 'audio',
};

/** fromSources reads names and numbers of services; the one to open with comes first. Undefined is the default. */
export function fromSources(named: unknown[], openTo: unknown): string[] | undefined {
  const read = (...values: unknown[]) => list(...values).map((one) => {
    const name = /^\d+$/.test(one) ? Object.entries(services).find(([, number]) => String(number) === one)?.[0] : one;
    return sources[(name ?? '').toUpperCase()];
  }).filter((source) => source !== undefined);
  const first = read(openTo);
  const rest = read(...named);
  if (!rest.length && !first.length) return undefined;
  return [...new Set([...first, ...(rest.length ? rest : ['local_file_system', 'url'])])];
}
