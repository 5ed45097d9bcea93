/** An area of the page that sends what is dropped on it at once. */
import type { JSX } from 'preact';
import { Chooser, chooseFiles } from './chooser.tsx';
import { explain } from './errors.ts';
import { Icon } from './icons.tsx';
import { running } from './item.ts';
import { EditorPanel } from './later.tsx';
import { Modal } from './modal.tsx';
import type { Model } from './model.ts';
import { strokes } from './strokes.ts';

export function Pane({ m }: { m: Model }): JSX.Element {
  const { t } = m.text;
  const { pane } = m.options;
  const { state, engine } = m;
  const [editing] = state.editing;
  const busy = engine.items.some(running);
  const done = engine.phase === 'done' && engine.progress.done > 0;
  const wrong = state.problem ? { name: '', problem: state.problem } : state.refused.at(-1) ?? engine.items.find((i) => i.status === 'failed');
  const explained = wrong?.problem && explain(m.text, wrong.problem, engine.settings, wrong.name);
  const label = pane?.text ?? t('Drag and Drop, Copy and Paste Files');
  const content = (
    <>
      {pane?.icon !== false && <span class="picker__area-icon"><Icon d={done ? strokes.done : strokes.upload} /></span>}
      <span class="picker__area-title fsp-drop-area__title">{done ? t('{count} files uploaded', { count: engine.progress.done }) : <slot name="empty">{label}</slot>}</span>
    </>
  );
  return (
    <div class="picker__pane fsp-drop-pane__container" part="pane" onClick={pane?.onClick}>
      {pane?.click === false
        ? <div class="picker__area fsp-drop-area">{content}</div>
        : <button type="button" class="picker__area fsp-drop-area" onClick={(e) => void chooseFiles(m, e.currentTarget)}>{content}</button>}
      {busy && pane?.progress !== false && (
        <progress class="picker__progress" aria-label={t('Progress of all files')} max={1} value={engine.progress.size > 0 ? engine.progress.sent / engine.progress.size : undefined} />
      )}
      {explained && <p class="picker__error">{explained.what} {explained.advice}</p>}
      {pane?.overlay && <p class="picker__drop picker__drop--page" aria-hidden="true"><Icon d={strokes.upload} />{t('Drop your files anywhere')}</p>}
      <Chooser m={m} />
      {editing && (
        <Modal title={t('Edit Image')} wide onClose={() => m.edited()}><EditorPanel key={editing} m={m} id={editing} /></Modal>
      )}
      <p class="picker__unseen" role="status">{state.polite}</p>
      <p class="picker__unseen" role="alert">{state.urgent}</p>
    </div>
  );
}
