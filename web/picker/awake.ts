/** While files are sent: the screen stays on, and leaving the page asks first. */
import type { Model } from './model.ts';

/** Starts to watch; returns what ends it. */
export function keepAwake(m: Model): () => void {
  const ending = new AbortController();
  let lock: WakeLockSentinel | undefined;
  let asked = false;
  const busy = () => m.engine.phase === 'uploading' || m.engine.phase === 'offline';
  const release = () => {
    void lock?.release();
    lock = undefined;
  };
  const update = async () => {
    if (!busy()) return release();
    // A hidden page loses its lock, and may ask again when it is seen.
    if (asked || lock?.released === false || document.visibilityState !== 'visible') return;
    asked = true;
    lock = await navigator.wakeLock?.request('screen').catch(() => undefined);
    asked = false;
    if (ending.signal.aborted || !busy()) release();
  };
  const off = m.engine.on('phase', () => void update());
  document.addEventListener('visibilitychange', () => void update(), { signal: ending.signal });
  window.addEventListener('beforeunload', (e) => { if (busy()) e.preventDefault(); }, { signal: ending.signal });
  return () => {
    off();
    ending.abort();
    release();
  };
}
