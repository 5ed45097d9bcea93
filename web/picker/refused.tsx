/** Says which files were not added and why; folds itself up, and stays readable. */
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { explain } from './errors.ts';
import { Icon } from './icons.tsx';
import type { Model } from './model.ts';
import { strokes } from './strokes.ts';

/** More lines than this help nobody, and would be thousands of elements. */
const shown = 50;

export function Refused({ m }: { m: Model }): JSX.Element | null {
  const { t } = m.text;
  const { refused, refusedOpen } = m.state;
  const section = useRef<HTMLElement>(null);
  useEffect(() => {
    if (!refusedOpen) return;
    const timer = setInterval(() => {
      // Nobody is to lose what they are reading.
      if (!section.current?.matches(':hover, :focus-within')) m.showRefused(false);
    }, m.options.noticeTime);
    return () => clearInterval(timer);
  }, [refused, refusedOpen]);
  if (refused.length === 0) return null;
  return (
    <section ref={section} class={`picker__refused ${refusedOpen ? 'picker__refused--open' : ''}`} part="refused" aria-label={t('Files that were not added')}>
      <div class="picker__refused-head">
        <button type="button" class="picker__refused-toggle" aria-expanded={refusedOpen} onClick={() => m.showRefused(!refusedOpen)}>
          <Icon d={strokes.warning} />{t('{count} files were not added', { count: refused.length })}
        </button>
        <button type="button" class="picker__tool" aria-label={t('Dismiss')} title={t('Dismiss')} onClick={() => m.showRefused(false, true)}>
          <Icon d={strokes.close} />
        </button>
      </div>
      {refusedOpen && (
        // The list scrolls, also by keyboard.
        <ul class="picker__refused-list" tabIndex={0} aria-label={t('Files that were not added')}>
          {refused.slice(-shown).reverse().map(({ name, problem }, i) => {
            const { what, advice } = explain(m.text, problem, m.engine.settings, name);
            return <li key={i} dir="auto">{what}{advice && <span class="picker__advice">{advice}</span>}</li>;
          })}
        </ul>
      )}
    </section>
  );
}
