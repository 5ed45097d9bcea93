/** What a person reads when a device cannot be used: what happened, then what to do. */
import type { Translate } from '../text.ts';
import type { Kind, Trouble } from './devices.ts';

/** A title, and sentences of advice. */
export function explain(trouble: Trouble, kind: Kind, t: Translate): readonly [title: string, ...advice: string[]] {
  const camera = kind === 'webcam' || kind === 'video';
  switch (trouble) {
    case 'denied': return denied(kind, t);
    case 'insecure': return [t('Secure Page Needed'), t('Browsers allow the use of cameras, microphones and screens only on pages whose address begins with https://.')];
    case 'unsupported': return camera
      ? [t('Webcam Not Supported'), t('Your current browser does not support webcam functionality.'), t('We suggest using Chrome or Firefox.')]
      : [t('Recording Not Supported'), t('Your current browser cannot record this.'), t('We suggest using Chrome or Firefox.')];
    case 'missing': return camera
      ? [t('No Webcam Found'), t('Connect a webcam and try again.')]
      : [t('No Microphone Found'), t('Connect a microphone and try again.')];
    case 'busy': return [t('Device in Use'), t('Another program may be using it. Close that program and try again.')];
    case 'failed': return [t('Nothing Was Recorded'), t('An error occurred. Please try again.')];
  }
}

function denied(kind: Kind, t: Translate): readonly [string, ...string[]] {
  const settings = t('If you are not asked, allow it in the settings that your browser shows beside the address of this page.');
  switch (kind) {
    case 'webcam': return [t('Webcam Disabled'), t('Please enable your webcam to take a photo.'), settings];
    case 'video': return [t('Webcam Disabled'), t('Please allow this page to use your webcam and microphone.'), settings];
    case 'audio': return [t('Microphone Disabled'), t('Please allow this page to use your microphone.'), settings];
    case 'screen': return [t('Nothing Is Shared'), t('Please choose what you want to share when your browser asks.')];
  }
}
