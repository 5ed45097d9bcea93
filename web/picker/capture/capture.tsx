/** Takes photos, and records video, sound and screens. */
import type { JSX } from 'preact';
import { useEffect, useReducer, useRef, useState } from 'preact/hooks';
import { useSheet } from '../sheet.ts';
import type { Translate } from '../text.ts';
import css from './capture.css';
import type { Kind } from './devices.ts';
import { Live } from './live.tsx';
import { Review } from './review.tsx';
import { Session } from './session.ts';
import { explain } from './words.ts';

interface Props {
  readonly kind: Kind;
  /** Pixels of a recorded video. */
  readonly size: readonly [number, number];
  readonly t: Translate;
  onTaken(blob: Blob, name: string): void;
}

/** What a phone's own camera or recorder can give where the page may not use the device itself. */
const nativeTypes: Readonly<Partial<Record<Kind, string>>> = { webcam: 'image/*', video: 'video/*', audio: 'audio/*' };

/** One device, from the request for it to what was taken; it fills what it is put into. Gone, it releases the device. */
export function Capture({ kind, size, t, onTaken }: Props): JSX.Element {
  const root = useRef<HTMLElement>(null);
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const [session, setSession] = useState<Session>();
  useSheet(root, css);

  useEffect(() => {
    const made = new Session(kind, size, () => redraw(undefined));
    setSession(made);
    if (kind !== 'screen' && made.now.phase === 'idle') void made.open();
    return () => made.close();
  }, [kind]);

  const names = { webcam: t('Take Photo'), video: t('Record Video'), audio: t('Record Audio'), screen: t('Record Screen') };
  return (
    <section ref={root} class={`capture capture--${kind}`} aria-label={names[kind]}>
      {session && <Content session={session} t={t} onTaken={onTaken} />}
    </section>
  );
}

function Content({ session, t, onTaken }: { session: Session } & Pick<Props, 't' | 'onTaken'>): JSX.Element {
  const { phase, trouble, taken } = session.now;
  switch (phase) {
    case 'idle': return <Idle session={session} t={t} />;
    case 'asking': return <p class="capture__notice" role="status">{t('Please answer your browser\'s permission request.')}</p>;
    case 'trouble': {
      const [title, ...advice] = explain(trouble ?? 'failed', session.kind, t);
      const types = nativeTypes[session.kind];
      return (
        <div class="capture__notice" role="alert">
          <h3 class="capture__title">{title}</h3>
          {advice.map((text) => <p key={text}>{text}</p>)}
          {trouble !== 'insecure' && trouble !== 'unsupported' && (
            <button type="button" class="picker__button picker__button--primary fsp-button fsp-button--primary" onClick={() => void session.again()}>
              {t('Try again')}
            </button>
          )}
          {types && matchMedia('(pointer: coarse)').matches && (
            <label class="capture__native">
              <span>{t('Use the app of your device')}</span>
              <input
                type="file" accept={types} capture="user"
                onChange={({ currentTarget: { files } }) => { if (files?.[0]) onTaken(files[0], files[0].name); }}
              />
            </label>
          )}
        </div>
      );
    }
    case 'taken': return taken ? <Review taken={taken} t={t} onUse={() => onTaken(taken.blob, taken.name)} onAgain={() => void session.again()} /> : <></>;
    default: return <Live session={session} t={t} />;
  }
}

/** Browsers show a person's screens only after a click. */
function Idle({ session, t }: { session: Session; t: Translate }): JSX.Element {
  const { choice } = session.now;
  const [voice, setVoice] = useState(!!choice.voice);
  if (session.kind !== 'screen') return <></>;
  return (
    <div class="capture__notice">
      <h3 class="capture__title">{t('Record Screen')}</h3>
      <p>{t('Choose a screen, a window or a tab in the next step. Nothing is recorded before you begin.')}</p>
      <label class="capture__check">
        <input type="checkbox" checked={voice} onChange={(e) => setVoice(e.currentTarget.checked)} />
        {t('Record my microphone too')}
      </label>
      <button
        type="button" class="picker__button picker__button--primary fsp-button fsp-button--primary"
        onClick={() => void session.open({ ...choice, voice })}
      >{t('Choose What to Share')}</button>
    </div>
  );
}
