/** What the devices see and hear now, and the buttons to keep it. */
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Translate } from '../text.ts';
import { clock } from './recording.ts';
import type { Session } from './session.ts';

interface Props {
  readonly session: Session;
  readonly t: Translate;
}

/** Time to smile. */
const delay = 3;

/** The preview, and what can be done with it. */
export function Live({ session, t }: Props): JSX.Element {
  const { kind, now: { phase, stream, count, since } } = session;
  const video = useRef<HTMLVideoElement>(null);
  const [slow, setSlow] = useState(true);
  useLayoutEffect(() => {
    if (video.current) video.current.srcObject = stream ?? null;
  }, [stream]);

  const facing = stream?.getVideoTracks()[0]?.getSettings().facingMode;
  // People know themselves from mirrors; the photo shows what others see.
  const mirrored = kind !== 'screen' && facing !== 'environment';
  const photo = () => { if (video.current) session.photo(video.current, slow && kind === 'webcam' ? delay : 0); };
  return (
    <>
      <div class="capture__stage">
        {kind !== 'audio' && (
          <video
            ref={video} class={`capture__video ${mirrored ? 'capture__video--mirrored' : ''}`} autoPlay muted playsInline
            aria-label={t('Preview')}
          />
        )}
        {phase === 'counting' && <p class="capture__count" aria-hidden="true">{count}</p>}
        {phase === 'recording' && since !== undefined && <Clock since={since} t={t} />}
        {kind === 'audio' && phase === 'live' && <p class="capture__hint">{t('Speak to see whether your microphone hears you.')}</p>}
        {stream && stream.getAudioTracks().length > 0 && <Level stream={stream} t={t} />}
      </div>
      <p class="capture__said" role="status">
        {phase === 'counting' ? t('Photo in {seconds}', { seconds: count ?? 0 }) : phase === 'recording' ? t('Recording') : t('Ready')}
      </p>
      <div class="capture__controls">
        {phase === 'live' && <Devices session={session} t={t} />}
        {phase === 'live' && kind === 'webcam' && (
          <label class="capture__check">
            <input type="checkbox" checked={slow} onChange={(e) => setSlow(e.currentTarget.checked)} />
            {t('Count down')}
          </label>
        )}
        <div class="capture__actions"><Actions session={session} t={t} photo={photo} /></div>
      </div>
    </>
  );
}

function Actions({ session, t, photo }: Props & { photo: () => void }): JSX.Element {
  const { kind, now: { phase } } = session;
  const primary = 'picker__button picker__button--primary fsp-button fsp-button--primary';
  // One button that changes: who pressed it with a key stays on it.
  const [text, act] = phase === 'counting' ? [t('Cancel'), () => session.wait()]
    : phase === 'recording' ? [t('Stop'), () => session.stop()]
    : kind === 'webcam' ? [t('Take Photo'), photo]
    : [kind === 'video' ? t('Record Video') : kind === 'audio' ? t('Record Audio') : t('Record Screen'), () => void session.record()];
  return (
    <>
      {kind === 'screen' && phase === 'live' && (
        <button type="button" class="picker__button fsp-button fsp-button--outline" onClick={photo}>{t('Take Screenshot')}</button>
      )}
      <button type="button" class={`${primary} ${phase === 'recording' ? 'capture__stop' : ''}`} onClick={act}>{text}</button>
    </>
  );
}

/** The choice among several cameras and microphones. */
function Devices({ session, t }: Props): JSX.Element {
  const { kind, now: { stream, choice, cameras, microphones } } = session;
  const used = (track?: MediaStreamTrack) => track?.getSettings().deviceId ?? '';
  const [camera, microphone] = [stream?.getVideoTracks()[0], stream?.getAudioTracks()[0]];
  const select = (label: string, devices: readonly MediaDeviceInfo[], value: string, choose: (id: string) => void) => devices.length > 1 && (
    <label class="capture__field">
      <span class="capture__label">{label}</span>
      <select class="capture__input" value={value} onChange={(e) => choose(e.currentTarget.value)}>
        {devices.map((d, i) => <option key={d.deviceId} value={d.deviceId}>{d.label || `${label} ${i + 1}`}</option>)}
      </select>
    </label>
  );
  const facing = camera?.getSettings().facingMode;
  return (
    <>
      {kind !== 'audio' && kind !== 'screen' && select(t('Camera'), cameras, used(camera), (id) => void session.open({ ...choice, camera: id }))}
      {(kind === 'video' || kind === 'audio') && select(t('Microphone'), microphones, used(microphone), (id) => void session.open({ ...choice, microphone: id }))}
      {facing && cameras.length > 1 && kind !== 'screen' && (
        <button
          type="button" class="picker__button fsp-button fsp-button--outline"
          onClick={() => void session.open({ ...choice, camera: undefined, facing: facing === 'environment' ? 'user' : 'environment' })}
        >{facing === 'environment' ? t('Front Camera') : t('Back Camera')}</button>
      )}
    </>
  );
}

/** How long it has been recorded, as 1:05. */
function Clock({ since, t }: { since: number; t: Translate }): JSX.Element {
  const [now, set] = useState(since);
  useEffect(() => {
    const timer = setInterval(() => set(Date.now()), 250);
    return () => clearInterval(timer);
  }, [since]);
  return <p class="capture__clock" role="timer" aria-label={t('Recording time')}>{clock((now - since) / 1000)}</p>;
}

/** How loud it is. Written past the views, ten times a second. */
function Level({ stream, t }: { stream: MediaStream; t: Translate }): JSX.Element {
  const meter = useRef<HTMLMeterElement>(null);
  useEffect(() => {
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    context.createMediaStreamSource(stream).connect(analyser);
    void context.resume();
    const samples = new Float32Array(analyser.fftSize);
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, s) => sum + s * s, 0) / samples.length;
      // From -60 dB, which is silence, to full.
      if (meter.current) meter.current.value = Math.max(0, Math.min(1, 1 + Math.log10(power || 1e-9) / 6));
    }, 100);
    return () => {
      clearInterval(timer);
      void context.close();
    };
  }, [stream]);
  return <meter ref={meter} class="capture__level" min={0} max={1} aria-label={t('Microphone level')} />;
}
