/** The buttons and fields below the image. */
import type { JSX } from 'preact';
import type { Translate } from '../text.ts';
import type { Editing } from '../types.ts';
import { isMirrored, longest, mirrored, turned, withResult, withShape } from './geometry.ts';
import type { Shape, Size, State } from './geometry.ts';

interface Props {
  readonly state: State;
  readonly original: Size;
  readonly editing: Editing;
  readonly t: Translate;
  onChange(state: State): void;
}

/** Turns and mirrors, the shape of the crop, the size of the result: as far as the page allows them. */
export function Controls(props: Props): JSX.Element {
  return (
    <div class="editor__controls">
      {props.editing.rotate && <Turns {...props} />}
      {props.editing.rotate && <Straighten {...props} />}
      <Shapes {...props} />
      <Result {...props} />
    </div>
  );
}

function Turns({ state, original, editing, t, onChange }: Props): JSX.Element {
  const turn = (degrees: 90 | 270) => () => onChange(turned(state, degrees, original, editing));
  const mirror = (way: 'flip' | 'flop') => ({ pressed: isMirrored(state, way), act: () => onChange(mirrored(state, way, original)) });
  return (
    <div class="editor__group" role="group" aria-label={t('Rotate')} dir="ltr">
      <Tool label={t('Rotate left')} path="M5 4v5h5M5.6 8.6A8 8 0 1 1 4 14" act={turn(270)} />
      <Tool label={t('Rotate right')} path="M19 4v5h-5M18.4 8.6A8 8 0 1 0 20 14" act={turn(90)} />
      <Tool label={t('Mirror left to right')} path="M12 3v18M9 7v10H3zM15 7v10h6z" {...mirror('flop')} />
      <Tool label={t('Mirror top to bottom')} path="M3 12h18M7 9h10V3zM7 15h10v6z" {...mirror('flip')} />
    </div>
  );
}

/** A horizon is rarely off by more than some degrees: the arrow keys go by half of one. */
function Straighten({ state, t, onChange }: Props): JSX.Element {
  return (
    <label class="editor__field">
      <span class="editor__label">{t('Straighten')}</span>
      <input
        type="range" class="editor__range" dir="ltr" min="-45" max="45" step="0.5" value={state.straighten} aria-valuetext={`${state.straighten}°`}
        onInput={(e) => onChange({ ...state, straighten: e.currentTarget.valueAsNumber })}
      />
    </label>
  );
}

function Tool({ label, path, pressed, act }: { label: string; path: string; pressed?: boolean; act: () => void }): JSX.Element {
  return (
    <button type="button" class="editor__tool" title={label} aria-label={label} aria-pressed={pressed} onClick={act}>
      <svg class="editor__glyph" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d={path} /></svg>
    </button>
  );
}

/** What a person may choose from. A fixed ratio or size leaves no choice but the circle, and that only of a square. */
function choices({ crop, circle, aspectRatio, exact }: Editing): Shape[] {
  const fixed = aspectRatio ?? (exact && exact.width / exact.height);
  const shapes: Shape[] = crop && !fixed ? ['free', 'original', '1:1', '4:3', '3:2', '16:9', 'exact'] : ['free'];
  if (circle && (!fixed || fixed === 1)) shapes.push('circle');
  return shapes;
}

function Shapes({ state, original, editing, t, onChange }: Props): JSX.Element | null {
  const shapes = choices(editing);
  if (shapes.length < 2) return null;
  const label = (shape: Shape) => {
    switch (shape) {
      case 'free': return shapes.length > 2 ? t('Free') : editing.crop ? t('Rectangle') : t('Whole image');
      case 'original': return t('Like the image');
      case '1:1': return t('Square');
      case 'circle': return t('Circle');
      case 'exact': return t('Exact size');
      default: return shape;
    }
  };
  return (
    <label class="editor__field">
      <span class="editor__label">{t('Crop')}</span>
      <select
        class="editor__input" value={state.shape}
        onChange={(e) => onChange(withShape(state, e.currentTarget.value as Shape, original, editing))}
      >
        {shapes.map((shape) => <option key={shape} value={shape}>{label(shape)}</option>)}
      </select>
    </label>
  );
}

function Result({ state, original, editing, t, onChange }: Props): JSX.Element {
  const { width, height } = state.result ?? state.crop;
  if (editing.exact) return <p class="editor__result">{t('The result is {width} × {height} pixels', { width, height })}</p>;
  const field = (side: 'width' | 'height', label: string, value: number) => (
    <label class="editor__field">
      <span class="editor__label">{label}</span>
      <input
        class="editor__input editor__input--number" type="number" inputMode="numeric" min="1" max={longest} value={value}
        onChange={(e) => {
          if (e.currentTarget.value) onChange(withResult(state, side, e.currentTarget.valueAsNumber, original, editing));
          else e.currentTarget.value = String(value);
        }}
        // Enter takes the number; it must not send a form of the page.
        onKeyDown={(e) => {
          if (e.key !== 'Enter') return;
          e.preventDefault();
          e.currentTarget.blur();
          e.currentTarget.focus();
        }}
      />
    </label>
  );
  return (
    <div class="editor__group" role="group" aria-label={t('Size of the result in pixels')}>
      {field('width', t('Width'), width)}
      <span class="editor__times" aria-hidden="true">×</span>
      {field('height', t('Height'), height)}
    </div>
  );
}
