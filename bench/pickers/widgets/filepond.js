import * as FilePond from 'filepond';
import preview from 'filepond-plugin-image-preview';
import 'filepond/dist/filepond.min.css';
import 'filepond-plugin-image-preview/dist/filepond-plugin-image-preview.min.css';

export function create(place) {
  FilePond.registerPlugin(preview);
  return FilePond.create(place, { allowMultiple: true, instantUpload: false });
}

export const add = (pond, files) => pond.addFiles(files);
export const count = (pond) => pond.getFiles().length;
