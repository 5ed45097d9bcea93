/**
 * filepicker.js: the global of Filepicker's first libraries, for pages that
 * load it from here instead. What a page has put into window.filepicker before
 * stays, and what its asynchronous snippet has queued is run.
 */
import { api } from './api.ts';
import { Page, type Preset } from './page.ts';
import { constructWidgets } from './widgets.ts';

/** Whether the server that sends this file has a host for each service: there is a build for either. */
declare const STOWGATE_HOSTS: boolean;

const script = document.currentScript as HTMLScriptElement | null; // null after this evaluation
const place = window as { filepicker?: Preset };
const preset: Preset = (place.filepicker ??= {});
const page = new Page(preset, script?.src || location.href, STOWGATE_HOSTS);
const functions = api(page);
Object.assign(preset, functions);

const queue = preset._queue ?? [];
preset._queue = [];
for (const [method, values] of queue) {
  const call = (functions as unknown as Record<string, ((...values: unknown[]) => unknown) | undefined>)[method];
  try {
    call?.(...Array.from(values));
  } catch (error) {
    reportError(error);
  }
}

const begin = () => {
  constructWidgets(page);
  functions.responsive();
};
if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', begin);
else begin();
