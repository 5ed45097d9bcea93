/** The bottom of the picker: how many files and how far they are, and the way on. */
import type { JSX } from 'preact';
import { running } from './item.ts';
import { filesPanel, type Model } from './model.ts';

export function Footer({ m }: { m: Model }): JSX.Element | null {
  const { engine, state } = m;
  const { items } = engine;
  // What is only offered is not yet chosen.
  if (items.length <= state.unfinished.length) return null;
  const { t, bytes } = m.text;
  const files = state.panel === filesPanel;
  const busy = items.some(running);
  // What was sent in the background is not the end: the person may still add to it.
  const ended = !busy && engine.phase === 'done' && (state.submitted || !m.options.uploadInBackground);
  const more = !ended && items.length < engine.settings.maxFiles;
  return (
    <footer class="picker__footer fsp-footer fsp-footer--appeared" part="footer">
      {files && (busy || ended) && <Total m={m} />}
      <div class="picker__footer-row fsp-footer__nav">
        <span class="picker__footer-start fsp-footer__nav--left">
          {files && !busy && !ended && (
            <button type="button" class="picker__button picker__button--quiet fsp-button fsp-button--cancel" title={t('Deselect All')} onClick={() => m.clear()}>{t('Deselect All')}</button>
          )}
          {files && more && (
            <button type="button" class="picker__button picker__button--quiet fsp-summary__go-back" onClick={() => m.back()}>{t('Upload more')}</button>
          )}
          {!files && (
            <button type="button" class="picker__button picker__button--quiet fsp-button" onClick={() => m.show(filesPanel)}>
              {t('View/Edit Selected')}<span class="picker__badge fsp-badge">{m.text.number(items.length)}</span>
            </button>
          )}
        </span>
        {!busy && !ended && (
          <span class="picker__count fsp-footer__nav--center">
            <span class="picker__fact">{t('{count} files selected', { count: items.length })}</span>
            <span class="picker__fact">{bytes(engine.progress.size)}</span>
          </span>
        )}
        <span class="picker__footer-end fsp-footer__nav--right">
          {busy && files && <Running m={m} />}
          {ended ? <Ended m={m} /> : (!busy || m.ready) && (
            <button
              type="button" part="upload"
              class={`picker__button picker__button--primary fsp-button fsp-button--primary fsp-button--upload fsp-button-upload ${m.ready ? '' : 'fsp-button--disabled'}`}
              data-e2e="upload" title={t('Upload')} disabled={!m.ready} onClick={() => m.upload()}
            >
              {t('Upload')}
            </button>
          )}
        </span>
      </div>
    </footer>
  );
}

/** All files together. */
function Total({ m }: { m: Model }): JSX.Element {
  const { t, bytes, speed, duration, percent } = m.text;
  const { progress, phase } = m.engine;
  const share = progress.size > 0 ? Math.min(1, progress.sent / progress.size) : progress.done / Math.max(1, progress.files);
  const facts = phase === 'done'
    ? [
      t('{count} files uploaded', { count: progress.done }),
      progress.failed > 0 && t('{count} files could not be uploaded', { count: progress.failed }),
      bytes(progress.sent),
      progress.failed === 0 && verified(m) && t('Checksums verified'),
    ]
    : [
      phase === 'offline' ? t('Connection Lost') : phase === 'paused' ? t('Paused') : t('{done} of {count} files', { done: progress.done, count: progress.files }),
      t('{sent} of {size}', { sent: bytes(progress.sent), size: bytes(progress.size) }),
      progress.speed > 0 && speed(progress.speed),
      Number.isFinite(progress.left) && t('{time} left', { time: duration(progress.left) }),
    ];
  return (
    <div class={`picker__total picker__total--${progress.failed > 0 ? 'failed' : phase}`} part="total">
      <div class="picker__total-text">
        <strong>{phase === 'done' ? progress.failed > 0 ? t('Failed While Uploading') : t('Completed') : percent(share)}</strong>
        <span class="picker__total-facts"><span>{facts.filter((f) => f).map((f, i) => <span key={i} class="picker__fact">{f}</span>)}</span></span>
      </div>
      <progress class="picker__progress" aria-label={t('Progress of all files')} max={1} value={share} />
    </div>
  );
}

const verified = (m: Model) => m.engine.items.every((i) => i.status !== 'done' || i.verified);

function Running({ m }: { m: Model }): JSX.Element {
  const { t } = m.text;
  const { engine } = m;
  const paused = engine.phase === 'paused';
  return (
    <>
      <button type="button" class="picker__button picker__button--quiet" onClick={() => engine.cancel()}>{t('Cancel')}</button>
      {engine.phase === 'offline'
        ? <button type="button" class="picker__button" onClick={() => engine.retry()}>{t('Try now')}</button>
        : <button type="button" class="picker__button" onClick={() => (paused ? engine.resume() : engine.pause())}>{paused ? t('Resume') : t('Pause')}</button>}
    </>
  );
}

/** Everything has ended: whoever wants may try failed files once more. */
function Ended({ m }: { m: Model }): JSX.Element {
  const { t } = m.text;
  const { supportEmail, allowRetry } = m.options;
  const failed = m.engine.progress.failed > 0;
  return (
    <>
      {failed && supportEmail && <a class="picker__support" href={`mailto:${supportEmail}`}>{supportEmail}</a>}
      {failed && <button type="button" class="picker__button" onClick={() => m.retry()}>{t('Try again')}</button>}
      {failed && allowRetry
        ? <button type="button" class="picker__button picker__button--primary" onClick={() => m.finish()}>{t('Done')}</button>
        : !failed && <button type="button" class="picker__button" onClick={() => m.clear()}>{t('Upload more')}</button>}
    </>
  );
}
