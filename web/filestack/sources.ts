/** The sources that a page asks for, and the custom ones that it brings along. */
import type { EngineLike, Source } from '../engine/types.ts';
import type { Plugin, SourceEntry } from '../picker/types.ts';
import { grant, hosts } from './client.ts';
import { pickedFile, type Describe } from './files.ts';
import type { Client, CustomSource, Options, SourceActions } from './types.ts';

/** Sources that need nothing but the browser and this server. */
const own = ['local_file_system', 'url', 'webcam', 'video', 'audio', 'screen'];

const labels: Readonly<Record<string, string>> = {
  local_file_system: 'My Device', url: 'Link (URL)', webcam: 'Take Photo', video: 'Record Video', audio: 'Record Audio',
  screen: 'Record Screen', imagesearch: 'Web Search', facebook: 'Facebook', instagram: 'Instagram', googledrive: 'Google Drive',
  googlephotos: 'Google Photos', picasa: 'Google Photos', gmail: 'Gmail', dropbox: 'Dropbox', box: 'Box', github: 'GitHub',
  onedrive: 'OneDrive', onedriveforbusiness: 'OneDrive for Business', clouddrive: 'Amazon Drive', unsplash: 'Unsplash',
  customsource: 'Custom Source', tint: 'Tint',
};

// Source: filestack-js, PickerOptions.fromSources.
const byDefault = ['local_file_system', 'url', 'imagesearch', 'facebook', 'instagram', 'googledrive', 'dropbox'];

/**
 * sources lists what a person may choose from. Those that the server has no
 * credentials for are left out; if no other is left, files of the device remain.
 */
export function sources(options: Options, offered: readonly Source[], plugin: (source: CustomSource) => Plugin): SourceEntry[] {
  const entries = (options.fromSources ?? byDefault).flatMap((source): SourceEntry[] => {
    if (typeof source !== 'string') {
      return [{ name: source.name, label: source.label ?? source.name, plugin: plugin(source) }];
    }
    if (!own.includes(source) && !offered.includes(source)) return [];
    const label = source === 'customsource' && options.customSourceName || labels[source];
    return label ? [{ name: source, label }] : [];
  });
  return entries.length ? entries : [{ name: 'local_file_system', label: 'My Device' }];
}

/** plugin lets a page's custom source act on engine. */
export function plugin(source: CustomSource, options: Options, client: Client, engine: EngineLike, describe: () => Describe): Plugin {
  const list = () => engine.items.map((item) => pickedFile(item, describe()));
  return {
    name: source.name,
    label: source.label ?? source.name,
    icon: source.icon,
    unmounted: (element) => source.unmounted?.(element),
    mounted: (element, view) => {
      const actions: SourceActions = {
        addRawFile: (blob) => engine.add([{ blob, source: source.name }]),
        fetchAndAddUrl: (url, headers) => engine.addLink(url, source.name, headers),
        addCustomUrl: ({ url, headers, thumbnail, filename, display_name, type, size }) =>
          engine.add([{ link: { url, headers, thumbnail }, name: filename ?? display_name ?? url, type, size, source: source.name }]),
        metadata: (url, headers) => metadata(client, url, headers),
        showSummaryView: () => view.summary(),
        startUploading: () => view.upload(),
        getFilesList: list,
        get filesList() { return list(); },
        get count() { return engine.items.length; },
      };
      source.mounted(element, actions, { ...options });
    },
  };
}

/** metadata asks the server what is behind a URL. */
async function metadata(client: Client, url: string, headers?: Record<string, string>): Promise<unknown> {
  const answer = await fetch(`${hosts(client).cloud}/metadata`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ apikey: client.session.apikey, url, headers, ...grant(client) }),
  });
  if (!answer.ok) throw new Error(`Cannot look up ${url}: the server answered ${answer.status}`);
  return answer.json();
}
