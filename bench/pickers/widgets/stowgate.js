import '/dist/stowgate.js';

export function create(place) {
  const picker = Object.assign(document.createElement('stowgate-picker'), { apiKey: 'AStowgateBenchKey0000z', maxFiles: 1_000_000 });
  place.append(picker);
  return picker;
}

export const ready = (picker) => picker.open();
export const add = (picker, files) => picker.add(files);
export const count = (picker) => picker.files.length;
