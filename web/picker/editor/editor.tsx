/** Crops, turns, mirrors and scales one image, by mouse, touch or keyboard. */
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Edit } from '../../engine/types.ts';
import { picture, render } from '../../image/index.ts';
import type { Picture } from '../../image/index.ts';
import { useSheet } from '../sheet.ts';
import type { Translate } from '../text.ts';
import type { Editing } from '../types.ts';
import { Controls } from './controls.tsx';
import css from './editor.css';
import { begin, isIdle, ratioOf, toEdit, withCrop } from './geometry.ts';
import type { State } from './geometry.ts';
import { Stage } from './stage.tsx';

interface Props {
  /** As the person chose it. */
  readonly blob: Blob;
  readonly name: string;
  readonly editing: Editing;
  /** What was done before, to go on from. */
  readonly edit?: Edit;
  readonly t: Translate;
  /** The edited image, or blob itself where an edit was asked for and nothing was changed. */
  onDone(blob: Blob, edit: Edit): void;
  onCancel(): void;
}

/** Longer sides are shown smaller; more than this no screen shows, even enlarged. */
const shownSize = 2048;

/** refused: the browser cannot decode it, or has no memory for what was asked. */
type Phase = 'loading' | 'ready' | 'saving' | 'refused';

/** The editor of one image; it fills what it is put into. */
export function Editor({ blob, name, editing, edit: before, t, onDone, onCancel }: Props): JSX.Element {
  const root = useRef<HTMLElement>(null);
  const image = useRef<Picture>(undefined);
  const [phase, setPhase] = useState<Phase>('loading');
  const [state, setState] = useState<State>();
  const [said, say] = useState('');
  useSheet(root, css);
  // What opened the editor is gone.
  useLayoutEffect(() => root.current?.focus({ preventScroll: true }), []);

  useEffect(() => {
    const left = new AbortController();
    void picture(blob, shownSize, left.signal).catch(() => undefined).then((found) => {
      if (left.signal.aborted) return found?.bitmap.close();
      image.current = found;
      if (found) setState(begin(found, editing, before));
      setPhase(found ? 'ready' : 'refused');
    });
    return () => {
      left.abort();
      image.current?.bitmap.close();
    };
  }, [blob]);

  const save = async () => {
    if (!state || !image.current) return;
    const edit = toEdit(state, image.current);
    if (isIdle(edit)) {
      if (before || editing.force) onDone(blob, edit);
      else onCancel();
      return;
    }
    setPhase('saving');
    const made = await render(blob, edit).catch(() => undefined);
    if (!root.current) return; // cancelled meanwhile
    setPhase(made ? 'ready' : 'refused');
    if (made) onDone(made, edit);
  };

  /** Says what a button did, for those who do not see it. */
  const act = (next: State) => {
    setState(next);
    const { width, height } = next.result ?? next.crop;
    say(t('Rotated by {degrees}°. The result is {width} × {height} pixels.', { degrees: next.rotate + next.straighten, width, height }));
  };

  const shown = image.current;
  const saving = phase === 'saving';
  return (
    <section ref={root} class="editor" tabIndex={-1} aria-label={t('Edit Image')} aria-busy={phase === 'loading' || saving}>
      {shown && state && phase !== 'refused' && (
        <fieldset class="editor__work" disabled={saving}>
          <Stage
            picture={shown} name={name} state={state} canCrop={editing.crop || state.shape === 'circle'} t={t}
            ratio={ratioOf(state, shown, editing)} onCrop={(crop) => setState(withCrop(state, crop, editing))}
          />
          <Controls state={state} original={shown} editing={editing} t={t} onChange={act} />
        </fieldset>
      )}
      {phase === 'loading' && <p class="editor__notice">{t('Loading image…')}</p>}
      {phase === 'refused' && <p class="editor__notice editor__notice--error" role="alert">{t('This image cannot be edited')}</p>}
      <p class="editor__said" role="status">{saving ? t('Saving…') : said}</p>
      <div class="editor__footer">
        {shown && phase !== 'refused' && (
          <button
            type="button" class="picker__button editor__start fsp-button fsp-button--outline" disabled={saving}
            onClick={() => act(begin(shown, editing))}
          >{t('Reset')}</button>
        )}
        {shown && before && phase !== 'refused' && (
          <button
            type="button" class="picker__button editor__start fsp-button fsp-button--outline" disabled={saving}
            onClick={() => act(begin(shown, editing, before))}
          >{t('Revert')}</button>
        )}
        <button type="button" class="picker__button fsp-button fsp-button--cancel" onClick={onCancel}>{t('Cancel')}</button>
        {shown && phase !== 'refused' && (
          <button
            type="button" class="picker__button picker__button--primary fsp-button fsp-button--primary" disabled={saving}
            onClick={() => void save()}
          >
            {saving ? t('Saving…') : t('Save')}
          </button>
        )}
      </div>
    </section>
  );
}
