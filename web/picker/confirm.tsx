/** Asks before running uploads are lost. */
import type { JSX } from 'preact';
import { Modal } from './modal.tsx';
import type { Model } from './model.ts';

export function Confirm({ m }: { m: Model }): JSX.Element {
  const { t } = m.text;
  const stay = () => m.set({ asking: false });
  return (
    <Modal title={t('Cancel the upload?')} alert onClose={stay}>
      <p>{t('Files that are not yet uploaded will be lost.')}</p>
      <div class="picker__choices">
        <button type="button" class="picker__button" onClick={stay}>{t('Continue uploading')}</button>
        <button type="button" class="picker__button picker__button--danger" onClick={() => { stay(); m.options.events.cancel(); }}>
          {t('Cancel the upload')}
        </button>
      </div>
    </Modal>
  );
}
