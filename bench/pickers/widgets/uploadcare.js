import * as UC from '@uploadcare/file-uploader';
import '@uploadcare/file-uploader/index.css';

export function create(place) {
  UC.defineComponents(UC);
  const make = (name, attributes) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries({ 'ctx-name': 'bench', ...attributes })) element.setAttribute(key, value);
    return element;
  };
  const provider = make('uc-upload-ctx-provider');
  place.append(
    make('uc-config', { pubkey: 'bench', multiple: 'true', 'confirm-upload': 'true', 'quality-insights': 'false' }),
    make('uc-file-uploader-inline'), provider,
  );
  return provider;
}

export function add(provider, files) {
  const api = provider.getAPI();
  for (const file of files) api.addFileFromObject(file);
}
export const count = (provider) => provider.getAPI().getOutputCollectionState().totalCount;
