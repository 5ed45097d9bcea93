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
  let held: Promise<Sentinel | undefined> = Promise.resolve(undefined);
  const release = (): void => void held.then((sentinel) => sentinel?.release());
  const ask = (): void => {
    if (document?.visibilityState === 'hidden') return;
    release();
    // Low battery, or not allowed in this frame: the upload goes on all the same.
    held = lock.request('screen').catch(() => undefined);
  };
  document?.addEventListener('visibilitychange', ask, { signal: ended.signal });
  ask();
  return () => {
    ended.abort();
    release();
  };
};
