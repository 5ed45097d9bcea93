// The page of the tests of images and their editor: what it gives to them is on window.
export const editorPage = `
  import { render } from 'preact';
  import { Editor } from './picker/editor/editor.tsx';
  import * as image from './image/index.ts';
  const everything = { crop: true, circle: true, rotate: true, force: false };
  window.image = image;

  /** A picture of four colours, red, green, blue and white by quarters, so that every turn and mirror shows. */
  window.quarters = async (width, height, type = 'image/png') => {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext('2d');
    for (const [i, colour] of ['#f00', '#0f0', '#00f', '#fff'].entries()) {
      context.fillStyle = colour;
      context.fillRect((i % 2) * width / 2, (i >> 1) * height / 2, width / 2, height / 2);
    }
    return canvas.convertToBlob({ type, quality: 1 });
  };

  /** Size, type and the colours at shares of width and height: r, g, b, w, or - for what shows through. */
  window.look = async (blob, points = [[.25, .25], [.75, .25], [.25, .75], [.75, .75]]) => {
    const bitmap = await createImageBitmap(blob);
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
    context.drawImage(bitmap, 0, 0);
    const near = (n) => n > 200 ? 1 : n < 55 ? 0 : '?';
    const colour = ([x, y]) => {
      const [r, g, b, a] = context.getImageData(Math.floor(x * bitmap.width), Math.floor(y * bitmap.height), 1, 1).data;
      return a < 55 ? '-' : ({ 100: 'r', '010': 'g', '001': 'b', 111: 'w' })[[r, g, b].map(near).join('')] ?? String([r, g, b, a]);
    };
    return { width: bitmap.width, height: bitmap.height, type: blob.type, colours: points.map(colour).join('') };
  };

  window.edit = (blob, editing = {}, before) => {
    window.done = undefined;
    window.cancelled = false;
    render(<Editor blob={blob} name="picture.png" editing={{ ...everything, ...editing }} edit={before} t={t}
      onDone={(made, edit) => { window.done = { made, edit, same: made === blob }; }} onCancel={() => { window.cancelled = true; }} />, main);
  };
  window.stop = () => render(null, main);
  window.ready = true;
`;
