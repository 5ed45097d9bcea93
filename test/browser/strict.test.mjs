// The elements on pages with a strict policy: no violation, and no request to
// anybody that the page has not named, whatever is shown.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { test } from './harness.js';
import { setUp, Visit } from './elements-page.mjs';
import { stage, walk } from './elements-states.mjs';

const { stowgate, app, pages } = await setUp();
const self = "default-src 'self'; script-src 'self'; style-src 'self'";
pages.folder('/stowgate/', fileURLToPath(new URL('../../web/dist/', import.meta.url)));

test('no violation through all states, with Trusted Types', { timeout: 120_000 }, async (t) => {
  pages.csp = `${self}; img-src 'self' blob: ${stowgate.url}; media-src blob:; connect-src ${stowgate.url}; require-trusted-types-for 'script'`;
  const v = await Visit.open(t, pages, '', stage(stowgate.url, app));
  const states = await walk(v, (name) => assert.deepEqual(v.seen.violations, [], name));
  assert.ok(states.length >= 20, String(states));
  const { complaints, ...seen } = { ...v.seen, complaints: v.seen.console.filter((m) => m.type === 'error').map((m) => m.text) };
  assert.deepEqual([seen.violations, seen.errors, seen.dialogs, seen.popups, v.seen.strangers(stowgate, pages)], [[], [], [], [], []]);
  assert.ok(complaints.every((text) => /key-unknown|status of 40[03]/.test(text)), String(complaints)); // those that the walk asks for
});

test('with the scripts of the server itself, and no images of others', async (t) => {
  pages.csp = `default-src 'none'; script-src 'self' ${stowgate.url}; style-src 'self'; connect-src ${stowgate.url}; img-src blob:; require-trusted-types-for 'script'`;
  const v = await Visit.open(t, pages, stowgate.url, stage(stowgate.url, app));
  await v.hear('open');
  await v.choose({ name: 'a.txt', type: 'text/plain', bytes: 'a' });
  await v.upload();
  await v.hear('done');
  v.seen.errors.length = 0;
  assert.deepEqual([v.seen.violations, v.seen.strangers(stowgate, pages)], [[], []]);
});
