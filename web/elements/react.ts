/** The elements as React components: React 18 and later. */
import { createElement, forwardRef, useEffect, useImperativeHandle, useLayoutEffect, useRef, type HTMLAttributes } from 'react';
import { elements } from './description.ts';
import type { StowgateButton, StowgateDrop, StowgatePicker } from './index.ts';
import { load, split, types, type Props } from './wrap.ts';

/** Before the element looks at its properties; on a server there are no effects. */
const useNow = typeof document === 'undefined' ? useEffect : useLayoutEffect;

function wrap<E extends HTMLElement>(tag: string) {
  return forwardRef<E, Props & Omit<HTMLAttributes<E>, keyof Props>>((props, ref) => {
    const element = useRef<E>(null);
    const { attributes, properties, listeners, rest } = split(props);
    const heard = useRef(listeners);
    useImperativeHandle(ref, () => element.current as E);
    useNow(() => {
      heard.current = listeners;
      Object.assign(element.current as E, properties);
    });
    useNow(() => {
      const gone = new AbortController();
      for (const type of types) {
        element.current?.addEventListener(type, (event) => (heard.current[type] as ((e: Event) => void) | undefined)?.(event), gone);
      }
      load(props);
      return () => gone.abort();
    }, []);
    return createElement(tag, { ...rest, ...attributes, ref: element });
  });
}

export const Picker = wrap<StowgatePicker>(elements.picker);
export const Button = wrap<StowgateButton>(elements.button);
export const Drop = wrap<StowgateDrop>(elements.drop);
