/** The start: an area to drop files on, and buttons for the browser's dialogs. */
import type { JSX } from 'preact';
import { chooseFiles, chooseFolder } from './chooser.tsx';
import { Icon, icons } from './icons.tsx';
import type { Model } from './model.ts';

export function StartPanel({ m }: { m: Model }): JSX.Element {
  const { t } = m.text;
  const { maxFiles } = m.engine.settings;
  return (
    <div class="picker__start fsp-drop-area-container">
      <Unfinished m={m} />
      <div class="picker__area fsp-drop-area" part="drop-area">
        <span class="picker__area-icon"><Icon d={icons.upload} /></span>
        <p class="picker__area-title fsp-drop-area__title fsp-text__title"><slot name="empty">{t('Drag and Drop, Copy and Paste Files')}</slot></p>
        <div class="picker__area-buttons">
          <button
            type="button" class="picker__button picker__button--primary picker__select fsp-drop-area__button fsp-button" part="select"
            onClick={(e) => void chooseFiles(m, e.currentTarget)}
          >
            {t('Select Files to Upload')}
          </button>
          {m.options.folders && maxFiles > 1 && (
            <button type="button" class="picker__button picker__button--quiet" onClick={(e) => void chooseFolder(m, e.currentTarget)}>
              <Icon d={icons.folder} />{t('Select a folder')}
            </button>
          )}
        </div>
        <Limits m={m} />
      </div>
    </div>
  );
}

/** What may be chosen, before anything is refused. */
function Limits({ m }: { m: Model }): JSX.Element | null {
  const { t, bytes } = m.text;
  const { accept, maxSize, minFiles, maxFiles } = m.engine.settings;
  const facts = [
    accept.length > 0 && t('Accepted types: {types}', { types: accept.join(', ') }),
    Number.isFinite(maxSize) && maxSize > 0 && t('Up to {size} each', { size: bytes(maxSize) }),
    minFiles > 1 && t('At least {count} files', { count: minFiles }),
    maxFiles > 1 && maxFiles < 1000 && t('At most {count} files', { count: maxFiles }),
  ].filter((f) => f !== false);
  return facts.length > 0 ? <ul class="picker__facts fsp-drop-area__subtitle">{facts.map((f) => <li key={f}>{f}</li>)}</ul> : null;
}

/** Offers uploads that an earlier visit did not end. */
function Unfinished({ m }: { m: Model }): JSX.Element | null {
  const { t } = m.text;
  const unfinished = m.state.unfinished.filter((i) => m.engine.get(i.id));
  if (unfinished.length === 0) return null;
  return (
    <section class="picker__unfinished" aria-label={t('Unfinished uploads')}>
      <Icon d={icons.retry} />
      <div>
        <strong>{t('{count} uploads are not finished', { count: unfinished.length })}</strong>
        <p class="picker__unfinished-names" dir="auto">{unfinished.slice(0, 3).map((i) => i.name).join(', ')}</p>
      </div>
      <div class="picker__choices">
        <button type="button" class="picker__button picker__button--quiet" onClick={() => m.restore(false)}>{t('Discard')}</button>
        <button type="button" class="picker__button" onClick={() => m.restore(true)}>{t('Continue')}</button>
      </div>
    </section>
  );
}
