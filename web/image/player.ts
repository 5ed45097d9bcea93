/** Plays recordings on pages whose policy allows no blob: addresses. Works in workers only: pages get no handle. */

/** Browsers keep about this much of what they play; longer recordings need an address. */
const maxBytes = { audio: 8 << 20, video: 64 << 20 };

/**
 * What the srcObject of a media element takes; undefined where the browser has no such thing, or cannot play the type.
 * @param type  with its codecs
 */
export function playable(blob: Blob, type: string): MediaSourceHandle | undefined {
  if (typeof MediaSource === 'undefined' || !MediaSource.isTypeSupported(type)) return undefined;
  if (blob.size > maxBytes[type.startsWith('audio/') ? 'audio' : 'video']) return undefined;
  const source = new MediaSource();
  source.addEventListener('sourceopen', async () => {
    const buffer = source.addSourceBuffer(type);
    buffer.addEventListener('updateend', () => source.endOfStream(), { once: true });
    buffer.appendBuffer(await blob.arrayBuffer());
  }, { once: true });
  return (source as { handle?: MediaSourceHandle }).handle;
}
