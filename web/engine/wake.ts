interface Sentinel { release(): Promise<void> }
interface WakeLock { request(type: 'screen'): Promise<Sentinel> }

/** Keeps the screen on, and with it the network of a phone, until the function it returns is called. */
export type StayAwake = () => () => void;

/** Keeps the screen on where the browser can. It lets go whenever the page is hidden, and is asked again when it is back. */
export const stayAwake: StayAwake = () => {
  const { navigator, document } = globalThis as { navigator?: { wakeLock?: WakeLock }; document?: Document };
  const lock = navigator?.wakeLock;
  if (!lock) return () => {};
  const ended = new AbortController();
  let held: Sentinel | undefined;
  const ask = async (): Promise<void> => {
    if (document?.visibilityState === 'hidden') return;
    try {
      const got = await lock.request('screen');
      if (ended.signal.aborted) await got.release();
      else held = got;
    } catch {
      // low battery, or not allowed in this frame: the upload goes on all the same
    }
  };
  document?.addEventListener('visibilitychange', () => void ask(), { signal: ended.signal });
  void ask();
  return () => {
    ended.abort();
    held?.release().catch(() => {});
  };
};
