/** What was taken, to be used or thrown away. */
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { picture } from '../../image/index.ts';
import type { Translate } from '../text.ts';
import { clock } from './recording.ts';
import type { Taken } from './recording.ts';

interface Props {
  readonly taken: Taken;
  readonly t: Translate;
  onUse(): void;
  onAgain(): void;
}

/** Asks whether to use what was taken. */
export function Review({ taken, t, onUse, onAgain }: Props): JSX.Element {
  const use = useRef<HTMLButtonElement>(null);
  const still = taken.blob.type.startsWith('image/');
  // The button that was pressed is gone; the next step takes its place.
  useLayoutEffect(() => use.current?.focus(), []);
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

/**
 * Plays when it is asked to. Only then is the recording given an address, which a page's policy must allow (media-src
 * blob:); who only uses it needs none.
 */
function Player({ taken, t }: Pick<Props, 'taken' | 't'>): JSX.Element {
  const [url, setUrl] = useState('');
  const [refused, refuse] = useState(false);
  useEffect(() => () => URL.revokeObjectURL(url), [url]);
  if (refused && taken.blob.type.startsWith('audio/')) return <Sound taken={taken} t={t} />;
  if (refused) return <p class="capture__hint">{t('This page does not allow the recording to be played, but you can use it.')}</p>;
  if (!url) {
    return (
      <button type="button" class="capture__play" onClick={() => setUrl(URL.createObjectURL(taken.blob))}>
        <Label taken={taken} t={t} />
      </button>
    );
  }
  const props = { src: url, controls: true, 'aria-label': t('Your recording'), onError: () => refuse(true), onLoadedMetadata: start };
  return taken.blob.type.startsWith('audio/') ? <audio class="capture__audio" {...props} /> : <video class="capture__video" playsInline {...props} />;
}

const Label = ({ taken, t }: Pick<Props, 'taken' | 't'>): JSX.Element => (
  <>
    <svg class="capture__glyph" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d="M8 5l11 7-11 7z" /></svg>
    {t('Play the recording')} <span class="capture__length">{clock(taken.seconds ?? 0)}</span>
  </>
);

/**
 * Plays sound that has no address, where the policy of the page allows none. There is no such way for video: a browser
 * takes a MediaSource for an address as well.
 */
function Sound({ taken, t }: Pick<Props, 'taken' | 't'>): JSX.Element {
  const button = useRef<HTMLButtonElement>(null);
  const [playing, play] = useState(true);
  const [failed, fail] = useState(false);
  useEffect(() => button.current?.focus(), []); // the player had it
  useEffect(() => {
    if (!playing) return;
    const context = new AudioContext();
    const source = context.createBufferSource();
    let wanted = true;
    source.connect(context.destination);
    source.onended = () => play(false);
    taken.blob.arrayBuffer().then((bytes) => context.decodeAudioData(bytes)).then((sound) => {
      if (!wanted) return;
      source.buffer = sound;
      source.start();
    }).catch(() => fail(wanted));
    return () => {
      wanted = false;
      void context.close();
    };
  }, [playing, taken]);
  if (failed) return <p class="capture__hint">{t('This page does not allow the recording to be played, but you can use it.')}</p>;
  return (
    <button ref={button} type="button" class="capture__play" onClick={() => play(!playing)}>
      {playing ? t('Stop') : <Label taken={taken} t={t} />}
    </button>
  );
}

/** Plays. Recorders do not write down how long a recording is; players learn it at its end. */
function start({ currentTarget: player }: { currentTarget: HTMLMediaElement }): void {
  player.focus();
  if (player.duration !== Infinity) {
    void player.play();
    return;
  }
  player.ondurationchange = () => {
    if (player.duration === Infinity) return;
    player.ondurationchange = null;
    player.currentTime = 0;
    void player.play();
  };
  player.currentTime = 1e9;
}
