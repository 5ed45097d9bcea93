/** The inputs through which every browser, and every test, can choose files. */
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { browseFiles, browseFolder } from './browse.ts';
import { fromList } from './gather.ts';
import type { Model } from './model.ts';

/** Keeps the inputs in the page. One input has Filestack's id, which tests set files on. */
export function Chooser({ m }: { m: Model }): JSX.Element {
  const folder = useRef<HTMLInputElement>(null);
  const { accept, maxFiles } = m.engine.settings;
  const { t } = m.text;
  const choose = (e: Event) => {
    const input = e.currentTarget as HTMLInputElement;
    const files = [...input.files ?? []];
    // The same file may be chosen twice.
    input.value = '';
    if (files.length > 0) void m.add(fromList(files));
  };
  return (
    <div class="picker__inputs">
      <input
        id="fsp-fileUpload" class="picker__unseen picker__file-input" type="file" tabIndex={-1} aria-hidden="true" aria-label={t('Select Files to Upload')}
        accept={accept.join(',')} multiple={maxFiles > 1} onChange={choose}
      />
      {m.options.folders && (
        <input
          ref={(element) => {
            folder.current = element;
            element?.toggleAttribute('webkitdirectory', true);
          }}
          class="picker__unseen picker__folder-input" type="file" tabIndex={-1} aria-hidden="true" aria-label={t('Select a folder')} onChange={choose}
        />
      )}
    </div>
  );
}

/** Lets the person choose files in the browser's dialog. Call it while a press is being handled. */
export async function chooseFiles(m: Model, from: Element): Promise<void> {
  const { accept, maxFiles } = m.engine.settings;
  const found = await browseFiles(accept, maxFiles > 1);
  if (found) await m.add(found);
  else input(from, '.picker__file-input')?.click();
}

/** Lets the person choose a folder. */
export async function chooseFolder(m: Model, from: Element): Promise<void> {
  const found = await browseFolder();
  if (found) await m.add(found);
  else input(from, '.picker__folder-input')?.click();
}

const input = (from: Element, selector: string) => from.closest('.picker')?.querySelector<HTMLInputElement>(selector);
