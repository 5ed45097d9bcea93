/** What several views share. */
import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useReducer, useRef, useState } from 'preact/hooks';
import type { Model } from './model.ts';

/** Draws the component again after each change of the model, once a frame at most. */
export function useModel(m: Model): void {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  // Not after the next paint: what changes until then would not be seen.
  useLayoutEffect(() => m.on(() => redraw(undefined)), [m]);
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

/**
 * Keeps the focus in the element: where what had it is gone (a button that did
 * its work, a file that was removed), the next useful thing gets it.
 */
export function useKeptFocus(ref: RefObject<HTMLElement | null>): void {
  const inside = useRef(false);
  const last = useRef<EventTarget | null>(null);
  // Both with the change itself: what happens between that and the next paint must be neither missed nor undone.
  useLayoutEffect(() => {
    const element = ref.current;
    element?.addEventListener('focusin', () => { inside.current = true; });
    element?.addEventListener('focusout', (e) => {
      inside.current = false;
      last.current = e.relatedTarget ? null : e.target;
    });
  }, []);
  useLayoutEffect(() => {
    const element = ref.current;
    if (last.current instanceof Element && !last.current.isConnected) inside.current = true;
    if (!element || !inside.current || element.contains((element.getRootNode() as Document | ShadowRoot).activeElement)) return;
    for (const next of ['.picker__content [tabindex="0"]', '.picker__select', '.picker__content :is(input, button)', '.picker__button--primary', 'button']) {
      const found = element.querySelector<HTMLElement>(next);
      if (found) return found.focus();
    }
  });
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
