/** What the wrappers for frameworks share. They work without a page, too, as on a server. */
import { attributeOf, attributes, elements, events, objects, type Listeners, type Properties } from './description.ts';

/** Everything that a wrapper takes for its element. */
export interface Props extends Properties, Listeners {}

/** Attributes, properties and listeners (by the names of their events) of an element. */
export type Parts = Record<'attributes' | 'properties' | 'listeners' | 'rest', Record<string, unknown>>;

const kinds: Readonly<Record<string, string>> = attributes;

/** The types of all events. */
export const types = events.map((event) => `stowgate-${event}`);

/** Tells what of props is for the element from the rest, which is for the framework. */
export function split(props: object): Parts {
  const parts: Parts = { attributes: {}, properties: {}, listeners: {}, rest: {} };
  for (const [given, value] of Object.entries(props)) {
    const name = given.replace(/-./g, ([, c = '']) => c.toUpperCase());
    const event = events.find((e) => name.toLowerCase() === `on${e}`);
    if (event) parts.listeners[`stowgate-${event}`] = value;
    else if ((objects as readonly string[]).includes(name)) parts.properties[name] = value;
    else if (name in kinds) parts.attributes[attributeOf(name)] = kinds[name] === 'flag' ? (value ? '' : undefined) : value?.toString();
    else parts.rest[given] = value;
  }
  return parts;
}

/** Loads stowgate.js from the server that the props name, unless the page has done so. */
export function load({ server, domain }: Properties): void {
  const from = domain ? `https://static.${domain}` : server;
  if (from && !customElements.get(elements.picker)) void import(`${from}/stowgate/stowgate.js`);
}
