/** Shows a picker: the chunk that every face loads when it is first opened. */
import { render } from 'preact';
import { Model, filesPanel } from './model.ts';
import { Picker } from './picker.tsx';
import css from './styles.css';
import { loadText } from './text.ts';
import type { Mount } from './types.ts';

export { loadText };

export const mount: Mount = (root, engine, options) => {
  const home = root.getRootNode() as Document | ShadowRoot;
  const sheets: CSSStyleSheet[] = [];
  let mounted = true;
  const adopt = (text: string) => {
    if (!mounted) return;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    sheets.push(sheet);
    home.adoptedStyleSheets.push(sheet);
  };
  adopt(css);

  const model = new Model(engine, options, adopt);
  const element = root.ownerDocument.createElement('div');
  element.style.display = 'contents';
  root.append(element);
  const shown = loadText(options.lang, options.customText).then((text) => {
    if (!mounted) return;
    model.text = text;
    render(<Picker m={model} />, element);
  });

  return {
    shown,
    crop: (ids) => model.crop(ids),
    summary: () => model.show(filesPanel),
    upload: () => model.upload(),
    update: (change) => model.update(change),
    unmount: () => {
      if (!mounted) return;
      mounted = false;
      render(null, element);
      model.close();
      element.remove();
      home.adoptedStyleSheets = home.adoptedStyleSheets.filter((s) => !sheets.includes(s));
    },
  };
};
