/** What several views share. */
import { useEffect, useReducer, useState } from 'preact/hooks';
import type { Model } from './model.ts';

/** Draws the component again after each change of the model, once a frame at most. */
export function useModel(m: Model): void {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => m.on(() => redraw(undefined)), [m]);
}

/** Draws the component again every second while it is wanted. */
export function useSeconds(wanted: boolean): void {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  useEffect(() => {
    if (!wanted) return;
    const timer = setInterval(() => redraw(undefined), 1000);
    return () => clearInterval(timer);
  }, [wanted]);
}

/** Asks before the page is left while files are sent. */
export function useLeaving({ engine }: Model): void {
  useEffect(() => {
    const ask = (e: BeforeUnloadEvent) => { if (engine.phase === 'uploading' || engine.phase === 'offline') e.preventDefault(); };
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [engine]);
}

/** A chunk that is loaded when it is first shown: undefined until then, an Error where it cannot be loaded. */
export function useChunk<T>(load: () => Promise<T>): T | Error | undefined {
  const [chunk, set] = useState<{ value: T | Error }>();
  useEffect(() => {
    let here = true;
    load().then((value) => here && set({ value }), (e: unknown) => here && set({ value: e instanceof Error ? e : new Error(String(e)) }));
    return () => { here = false; };
  }, []);
  return chunk?.value;
}
