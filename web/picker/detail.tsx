/** Changes what a file is called, and what an image shows. */
import type { JSX } from 'preact';
import { useId } from 'preact/hooks';
import { Modal } from './modal.tsx';
import type { Model } from './model.ts';

/** Source: filestack-js, the limit of storeOptions.altText. */
const altLength = 125;

export function Detail({ m, id }: { m: Model; id: string }): JSX.Element | null {
  const { t } = m.text;
  const form = useId();
  const item = m.engine.get(id);
  if (!item) return null;
  const close = () => m.set({ detail: undefined });
  const save = (e: Event) => {
    e.preventDefault();
    const data = new FormData(e.currentTarget as HTMLFormElement);
    const name = String(data.get('name')).trim();
    if (name && name !== item.name) m.engine.rename(id, name);
    if (data.has('alt') && data.get('alt') !== (item.alt ?? '')) m.engine.describe(id, String(data.get('alt')));
    close();
  };
  return (
    <Modal title={t('Name and description')} onClose={close}>
      <form class="picker__form" onSubmit={save}>
        <label class="picker__label" for={`${form}-name`}>{t('File name')}</label>
        <input class="picker__input" id={`${form}-name`} name="name" required maxLength={255} dir="auto" defaultValue={item.name} autocomplete="off" />
        {m.options.altText && item.type.startsWith('image/') && (
          <>
            <label class="picker__label" for={`${form}-alt`}>{t('Alternative text')}</label>
            <textarea class="picker__input" id={`${form}-alt`} name="alt" rows={3} maxLength={altLength} dir="auto" aria-describedby={`${form}-hint`} defaultValue={item.alt} />
            <p class="picker__hint" id={`${form}-hint`}>{t('Describes the image to people who cannot see it.')}</p>
          </>
        )}
        <div class="picker__choices">
          <button type="button" class="picker__button" onClick={close}>{t('Cancel')}</button>
          <button type="submit" class="picker__button picker__button--primary">{t('Save')}</button>
        </div>
      </form>
    </Modal>
  );
}
