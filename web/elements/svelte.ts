/** The elements in Svelte: <stowgate-picker use:stowgate={{ apiKey, getPolicy, onDone }}>. */
import type { Action } from 'svelte/action';
import type {} from 'svelte/elements';
import type { StowgateButton, StowgateDrop, StowgatePicker } from './index.ts';
import { load, split, types, type Props } from './wrap.ts';

/** Gives an element its attributes, properties and listeners, and keeps them up to date. */
export const stowgate: Action<HTMLElement, Props> = (element, props) => {
  let parts = split({});
  const update = (given: Props): void => {
    const before = parts;
    parts = split(given);
    for (const [name, value] of Object.entries({ ...blank(before.attributes), ...parts.attributes })) {
      if (value === undefined) element.removeAttribute(name);
      else element.setAttribute(name, String(value));
    }
    Object.assign(element, blank(before.properties), parts.properties);
  };
  const gone = new AbortController();
  for (const type of types) {
    element.addEventListener(type, (event) => (parts.listeners[type] as ((e: Event) => void) | undefined)?.(event), gone);
  }
  update(props);
  load(props);
  return { update, destroy: () => gone.abort() };
};

const blank = (values: object) => Object.fromEntries(Object.keys(values).map((name) => [name, undefined]));

declare module 'svelte/elements' {
  interface SvelteHTMLElements {
    'stowgate-picker': import('svelte/elements').HTMLAttributes<StowgatePicker>;
    'stowgate-button': import('svelte/elements').HTMLAttributes<StowgateButton>;
    'stowgate-drop': import('svelte/elements').HTMLAttributes<StowgateDrop>;
  }
}
