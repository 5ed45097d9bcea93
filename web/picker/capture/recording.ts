/** Photos and recordings of a stream. */
import type { Kind } from './devices.ts';

/** Something that was captured. */
export interface Taken {
  readonly blob: Blob;
  readonly name: string;
  /** Of a recording. */
  readonly seconds?: number;
}

/** Best first: what most players know. A shared window may change its size, which MP4 cannot. */
const formats: Readonly<Record<'video' | 'audio' | 'screen', readonly string[]>> = {
  video: ['video/mp4;codecs=avc1.640028,mp4a.40.2', 'video/webm;codecs=vp9,opus', 'video/webm;codecs=vp8,opus', 'video/webm', 'video/mp4'],
  screen: ['video/webm;codecs=vp9,opus', 'video/webm;codecs=vp8,opus', 'video/webm', 'video/mp4'],
  audio: ['audio/mp4;codecs=mp4a.40.2', 'audio/webm;codecs=opus', 'audio/ogg;codecs=opus', 'audio/webm', 'audio/mp4'],
};

const endings: Readonly<Record<string, string>> = {
  'image/jpeg': 'jpg', 'video/mp4': 'mp4', 'video/webm': 'webm', 'audio/mp4': 'm4a', 'audio/webm': 'webm', 'audio/ogg': 'ogg',
};

/** "photo-2026-11-22-06-57-10.jpg", by the person's clock. */
export function nameOf(what: string, type: string, now: Date): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const parts = [now.getMonth() + 1, now.getDate(), now.getHours(), now.getMinutes(), now.getSeconds()];
  return `${[what, now.getFullYear(), ...parts.map(two)].join('-')}.${endings[type] ?? 'bin'}`;
}

/** The picture that video shows now, at the resolution of its source. */
export async function takePhoto(video: HTMLVideoElement, what: string): Promise<Taken> {
  if (video.readyState < video.HAVE_CURRENT_DATA) await new Promise((done) => video.addEventListener('loadeddata', done, { once: true }));
  const bitmap = await createImageBitmap(video);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext('2d')?.drawImage(bitmap, 0, 0);
  bitmap.close();
  const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.92 });
  return { blob, name: nameOf(what, blob.type, new Date()) };
}

/** "1:05" */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** A recording that runs. */
export interface Recording {
  /** Resolves after stop, or when the stream ends or fails; with what there is until then, undefined for nothing. */
  readonly ended: Promise<Taken | undefined>;
  stop(): void;
}

/** Begins to record; throws where the browser cannot. */
export function record(stream: MediaStream, kind: Exclude<Kind, 'webcam'>): Recording {
  const mimeType = formats[kind].find((type) => MediaRecorder.isTypeSupported(type));
  const recorder = new MediaRecorder(stream, { mimeType });
  const parts: Blob[] = [];
  const began = Date.now();
  const ended = new Promise<Taken | undefined>((done) => {
    recorder.ondataavailable = ({ data }) => { if (data.size) parts.push(data); };
    recorder.onstop = () => {
      const type = (recorder.mimeType || parts[0]?.type || '').split(';')[0] ?? '';
      const seconds = (Date.now() - began) / 1000;
      done(parts.length ? { blob: new Blob(parts, { type }), name: nameOf(kind, type, new Date()), seconds } : undefined);
    };
  });
  recorder.start(1000); // in pieces, which the browser may keep on disk
  return { ended, stop: () => { if (recorder.state !== 'inactive') recorder.stop(); } };
}
