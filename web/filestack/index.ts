/**
 * picker.js: a classic script in which every release of filestack-js finds its
 * picker. It may run more than once on a page, and before filestack-js.
 */
import { Picker } from './picker.ts';
import type { Client, Options } from './types.ts';

interface Entry {
  instance?: unknown;
  metadata?: { version: string };
  promise?: unknown;
  resolvePromise?: (picker: unknown) => void;
}

interface Registries {
  /** Of @filestack/loader, since filestack-js 3.13. */
  modules?: Record<string, Entry>;
  /** Of filestack-loader, before. Keyed by the script's URL, as it was asked for. */
  loader?: { modules: Record<string, Entry> };
}

const script = document.currentScript as HTMLScriptElement | null; // null after this evaluation
const base = script?.src ? new URL('.', script.src).href : undefined;

/** The picker, with its chunks next to this script. */
class ScriptPicker extends Picker {
  constructor(client: Client, options?: Options) {
    super(client, options, base);
  }
}

const page = window as { filestackInternals?: Registries };
const registries: Registries = (page.filestackInternals ??= {});
const modules = (registries.modules ??= {});
const loader = (registries.loader ??= { modules: {} });

const key = 'fs-loader-picker';
const instance = modules[key]?.instance ?? ScriptPicker;
modules[key] = { instance, metadata: { version: 'stowgate' } };

for (const url of new Set([script?.getAttribute('src'), script?.src])) {
  if (!url) continue;
  const entry = (loader.modules[url] ??= {});
  const { resolvePromise } = entry;
  entry.instance = instance;
  delete entry.promise;
  delete entry.resolvePromise;
  resolvePromise?.(instance);
}
