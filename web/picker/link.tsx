/** Adds a file by its address, which the server looks up. */
import type { JSX } from 'preact';
import { useId, useState } from 'preact/hooks';
import { explain } from './errors.ts';
import { Icon, sourceIcon } from './icons.tsx';
import { problemOf, type Model } from './model.ts';

export function LinkPanel({ m }: { m: Model }): JSX.Element {
  const { t } = m.text;
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState('');
  const id = useId();
  const submit = async (e: Event) => {
    e.preventDefault();
    const url = String(new FormData(e.currentTarget as HTMLFormElement).get('url')).trim();
    setBusy(true);
    setError('');
    try {
      await m.addLink(/^[a-z]+:/i.test(url) ? url : `https://${url}`);
    } catch (failure) {
      const { what, advice } = explain(m.text, problemOf(failure), m.engine.settings, url);
      setError(`${what} ${advice}`);
    }
    setBusy(false);
  };
  return (
    <form class="picker__link fsp-url-source__form" onSubmit={(e) => void submit(e)}>
      <span class="picker__area-icon"><Icon d={sourceIcon('url')} /></span>
      <label class="picker__label" for={id}>{t('Enter a URL')}</label>
      <div class="picker__link-row">
        <input
          class="picker__input fsp-url-source__input" id={id} name="url" type="text" inputMode="url" required autocomplete="url" spellcheck={false} dir="ltr"
          placeholder="https://" aria-invalid={error ? 'true' : undefined} aria-describedby={`${id}-error`}
        />
        <button type="submit" class="picker__button picker__button--primary fsp-url-source__submit-button" disabled={busy}>
          {busy && <span class="picker__spinner" />}{t('Add')}
        </button>
      </div>
      <p class="picker__error" id={`${id}-error`} role="alert">{error}</p>
    </form>
  );
}
