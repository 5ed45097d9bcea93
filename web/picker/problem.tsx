/** The page's set-up lets nobody upload: says why, and who can mend it. */
import type { JSX } from 'preact';
import type { Problem } from '../engine/types.ts';
import { explain } from './errors.ts';
import { Icon } from './icons.tsx';
import type { Model } from './model.ts';
import { strokes } from './strokes.ts';

export function ProblemPanel({ m, problem }: { m: Model; problem: Problem }): JSX.Element {
  const { t } = m.text;
  const { what, advice } = explain(m.text, problem, m.engine.settings);
  const email = m.options.supportEmail;
  return (
    <div class="picker__problem" part="problem" role="alert">
      <Icon d={strokes.warning} class="picker__problem-icon" />
      <h3 class="picker__problem-title">{what}</h3>
      <p>{advice}</p>
      {email && <p><a href={`mailto:${email}`}>{email}</a></p>}
      <p class="picker__code">{problem.code}{problem.request && ` · ${problem.request}`}</p>
      {problem.again && <button type="button" class="picker__button" onClick={() => void m.check()}>{t('Try again')}</button>}
    </div>
  );
}
