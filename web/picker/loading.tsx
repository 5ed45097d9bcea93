/** Stands in for what is being loaded, or could not be. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Model } from './model.ts';

interface Props {
  readonly m: Model;
  /** What could not be done; undefined while it is being loaded. */
  readonly failed?: string;
  readonly action: string;
  readonly onAction: () => void;
}

export function Loading({ m, failed, action, onAction }: Props): JSX.Element {
  const [late, setLate] = useState(false);
  // A short wait shows nothing, which is calmer.
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 300);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="picker__loading">
      {!failed && late && <span class="picker__spinner" role="img" aria-label={m.text.t('Loading')} />}
      {failed && <p role="alert">{failed}</p>}
      {failed && <button type="button" class="picker__button" onClick={onAction}>{action}</button>}
    </div>
  );
}
