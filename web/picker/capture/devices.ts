/** Cameras, microphones and screens of the person's device. */

/** A photo; video with sound; sound; a screen, as a photo or with its sound. */
export type Kind = 'webcam' | 'video' | 'audio' | 'screen';

/** Why a device cannot be used. */
export type Trouble = 'denied' | 'unsupported' | 'insecure' | 'missing' | 'busy' | 'failed';

/** What the person wants to use; undefined leaves it to the browser. */
export interface Choice {
  readonly camera?: string;
  readonly microphone?: string;
  /** Front or back, where a device has both. */
  readonly facing?: 'user' | 'environment';
  /** Records the microphone with the screen. */
  readonly voice?: boolean;
}

/** What is being captured, and what must be ended with it. */
export interface Feed {
  readonly stream: MediaStream;
  close(): void;
}

/** A photo is worth more pixels than a film. */
const photoSize = [1920, 1080] as const;

/** What stands in the way before anybody is asked. */
export function obstacle(kind: Kind): Trouble | undefined {
  if (!globalThis.isSecureContext) return 'insecure';
  const media = navigator.mediaDevices as Partial<MediaDevices> | undefined;
  const can = kind === 'screen' ? media?.getDisplayMedia : media?.getUserMedia;
  return can && (kind === 'webcam' || typeof MediaRecorder !== 'undefined') ? undefined : 'unsupported';
}

/** What an error of getUserMedia or getDisplayMedia means. Source: Media Capture and Streams, getUserMedia. */
export function troubleOf(error: unknown): Trouble {
  switch (error instanceof DOMException ? error.name : '') {
    case 'NotAllowedError': case 'SecurityError': return 'denied';
    case 'NotFoundError': case 'OverconstrainedError': return 'missing';
    case 'NotReadableError': case 'AbortError': return 'busy';
    default: return 'failed';
  }
}

/** Asks the person for a device and starts it. */
export async function openFeed(kind: Kind, size: readonly [number, number], choice: Choice): Promise<Feed> {
  if (kind === 'screen') return openScreen(choice);
  const audio = kind !== 'webcam' && (choice.microphone ? { deviceId: { exact: choice.microphone } } : true);
  if (kind === 'audio') return feed(await navigator.mediaDevices.getUserMedia({ audio }));
  const [width, height] = kind === 'webcam' ? photoSize : size;
  const device = choice.camera ? { deviceId: { exact: choice.camera } } : { facingMode: choice.facing ?? 'user' };
  const video = { ...device, width: { ideal: width }, height: { ideal: height } };
  try {
    return feed(await navigator.mediaDevices.getUserMedia({ video, audio }));
  } catch (error) {
    // A film without sound is better than none where there is no microphone.
    if (!audio || troubleOf(error) !== 'missing') throw error;
    return feed(await navigator.mediaDevices.getUserMedia({ video }));
  }
}

const feed = (stream: MediaStream, ...others: { close(): unknown }[]): Feed => ({
  stream,
  close() {
    for (const track of stream.getTracks()) track.stop();
    for (const other of others) other.close();
  },
});

/** A screen with its sound, and with what the person says if that is wanted. */
async function openScreen({ voice }: Choice): Promise<Feed> {
  const screen = await navigator.mediaDevices.getDisplayMedia({ video: true, audio: true });
  if (!voice) return feed(screen);
  let microphone: MediaStream;
  try {
    microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
  } catch (error) {
    feed(screen).close();
    throw error;
  }
  // A recorder takes one track of sound.
  const mixer = new AudioContext();
  const mixed = mixer.createMediaStreamDestination();
  for (const source of [screen, microphone]) {
    if (source.getAudioTracks().length) mixer.createMediaStreamSource(source).connect(mixed);
  }
  const stream = new MediaStream([...screen.getVideoTracks(), ...mixed.stream.getAudioTracks()]);
  return feed(stream, feed(screen), feed(microphone), mixer);
}

/** Devices to choose from, without the one of Windows for calls. Their names are known once one of them was allowed. */
export async function listDevices(): Promise<{ cameras: MediaDeviceInfo[]; microphones: MediaDeviceInfo[] }> {
  const all = await navigator.mediaDevices.enumerateDevices();
  const named = (kind: MediaDeviceKind) => all.filter((d) => d.kind === kind && d.deviceId && d.deviceId !== 'communications');
  return { cameras: named('videoinput'), microphones: named('audioinput') };
}
