/** The elements as Vue components. A template ref on one is the element, with its methods. */
import { h, type FunctionalComponent } from 'vue';
import { elements, type Details } from './description.ts';
import { load, split, type Props } from './wrap.ts';

type Component = FunctionalComponent<Props, { [E in keyof Details]: (event: CustomEvent<Details[E]>) => void }>;

const wrap = (tag: string): Component => (_, { attrs, slots }) => {
  const { attributes, properties, listeners, rest } = split(attrs);
  const named = (prefix: string, values: object) => Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
  return h(tag, {
    // A circumflex asks for an attribute, a dot for a property.
    ...rest, ...named('^', attributes), ...named('.', properties), ...named('on:', listeners), onVnodeMounted: () => load(attrs as Props),
  }, slots.default?.());
};

export const Picker = wrap(elements.picker);
export const Button = wrap(elements.button);
export const Drop = wrap(elements.drop);
