/** What was taken, to be used or thrown away. */
import type { JSX, RefObject } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { picture, playable } from '../../image/index.ts';
import type { Translate } from '../text.ts';
import type { Taken } from './recording.ts';

interface Props {
  readonly taken: Taken;
  readonly t: Translate;
  onUse(): void;
  onAgain(): void;
}

export function Review({ taken, t, onUse, onAgain }: Props): JSX.Element {
  const use = useRef<HTMLButtonElement>(null);
  const still = taken.blob.type.startsWith('image/');
  // The button that was pressed is gone; the next step takes its place.
  useEffect(() => use.current?.focus(), []);
  return (
    <>
      <div class="capture__stage">{still ? <Still taken={taken} t={t} /> : <Player taken={taken} t={t} />}</div>
      <p class="capture__said" role="status">{still ? t('The photo is taken.') : t('The recording is done.')}</p>
      <div class="capture__controls">
        <div class="capture__actions">
          <button type="button" class="picker__button fsp-button fsp-button--cancel" onClick={onAgain}>{t('Retake')}</button>
          <button ref={use} type="button" class="picker__button picker__button--primary fsp-button fsp-button--primary" onClick={onUse}>
            {still ? t('Use Photo') : t('Use Recording')}
          </button>
        </div>
      </div>
    </>
  );
}

const shownSize = 1280;

function Still({ taken, t }: Pick<Props, 'taken' | 't'>): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    void picture(taken.blob, shownSize).then((found) => {
      if (!found || !canvas.current) return;
      const { bitmap } = found;
      Object.assign(canvas.current, { width: bitmap.width, height: bitmap.height });
      canvas.current.getContext('bitmaprenderer')?.transferFromImageBitmap(bitmap);
    });
  }, [taken]);
  return <canvas ref={canvas} class="capture__video" role="img" aria-label={t('Your photo')} />;
}

function Player({ taken, t }: Pick<Props, 'taken' | 't'>): JSX.Element {
  const [mute, setMute] = useState(false);
  const player = useRef<HTMLMediaElement>(null);
  useEffect(() => {
    let url = '';
    void playable(taken.blob, taken.format).catch(() => undefined).then((handle) => {
      if (!player.current) return;
      if (handle) player.current.srcObject = handle as unknown as MediaProvider;
      else player.current.src = url = URL.createObjectURL(taken.blob);
    });
    return () => URL.revokeObjectURL(url);
  }, [taken]);
  if (mute) return <p class="capture__hint">{t('This page does not allow the recording to be played, but you can use it.')}</p>;
  const props = { controls: true, onError: () => setMute(true), 'aria-label': t('Your recording') };
  return taken.blob.type.startsWith('audio/')
    ? <audio ref={player as RefObject<HTMLAudioElement>} class="capture__audio" {...props} />
    : <video ref={player as RefObject<HTMLVideoElement>} class="capture__video" playsInline {...props} />;
}
