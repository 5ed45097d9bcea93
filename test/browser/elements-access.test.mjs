// Everything the elements show, for everybody: axe finds nothing, the keyboard
// is enough, what happens is said, little room is room enough, and a strict
// policy is not violated.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { soak, test, until } from './harness.js';
import { hold, setUp, signed, Visit } from './elements-page.mjs';
import { stage, walk } from './elements-states.mjs';
import { contrast, findings } from './parts.js';
import { png, text } from './picker-page.mjs';

const { stowgate, app, pages } = await setUp();
const visit = (t, markup, options) => Visit.open(t, pages, stowgate.url, markup, options);
const style = '<link rel="stylesheet" href="/page.css">';
pages.put('/page.css', ':root { color-scheme: light dark; } body { margin: 0; } stowgate-picker { height: 600px; }');

test('a strict policy with Trusted Types: no violation, no request to strangers, and axe finds nothing', async (t) => {
  const self = "default-src 'self'; script-src 'self'; style-src 'self'";
  pages.folder('/stowgate/', fileURLToPath(new URL('../../web/dist/', import.meta.url)));
  pages.csp = `${self}; img-src 'self' blob: ${stowgate.url}; media-src blob:; connect-src ${stowgate.url}; require-trusted-types-for 'script'`;
  t.after(() => { pages.csp = undefined; });
  const v = await Visit.open(t, pages, '', style + stage(stowgate.url, app), { reducedMotion: 'reduce' });
  const found = {};
  const states = await walk(v, async (state) => {
    const all = [...v.seen.violations, ...await findings(v.page)];
    // Nothing else than colours is different in these.
    for (const media of [{ colorScheme: 'dark' }, { colorScheme: 'light', forcedColors: 'active' }]) {
      await v.page.emulateMedia(media);
      all.push(...(await findings(v.page, contrast)).map((f) => `${JSON.stringify(media)} ${f}`));
    }
    await v.page.emulateMedia({ forcedColors: 'none' });
    if (all.length) found[state] = all;
  });
  assert.deepEqual(found, {});
  assert.ok(states.length >= 20, String(states));
  const { violations, errors, dialogs, popups } = v.seen;
  assert.deepEqual([violations, errors, dialogs, popups, v.seen.strangers(stowgate, pages)], [[], [], [], [], []]);
  const complaints = v.seen.complaints();
  assert.ok(complaints.every((text) => /key-unknown|status of 40[03]/.test(text)), String(complaints)); // those that the walk asks for
});

// With time, everything in every way.
const skip = !soak && 'only with STOWGATE_SOAK=1';
for (const [name, lang, options] of [
  ['light, left to right', 'en', { colorScheme: 'light' }], ['dark, left to right', 'en', { colorScheme: 'dark' }],
  ['light, right to left', 'ar', { colorScheme: 'light' }], ['dark, right to left', 'ar', { colorScheme: 'dark' }],
  ['forced colours', 'en', { forcedColors: 'active' }],
]) {
  test(`axe finds nothing: ${name}`, { skip }, async (t) => {
    const v = await visit(t, style + stage(stowgate.url, app), { page: { lang }, reducedMotion: 'reduce', ...options });
    const found = {};
    const states = await walk(v, async (state) => {
      const all = await findings(v.page);
      if (all.length) found[state] = all;
    });
    assert.deepEqual(found, {});
    assert.ok(states.length >= 20, String(states));
  });
}

test('320 pixels, as a wide page at 400 %, right to left: nothing is cut off, all can be hit, and axe finds nothing', async (t) => {
  const v = await visit(t, `<meta name="viewport" content="width=device-width">${style}${stage(stowgate.url, app)}`, {
    page: { lang: 'ar' }, viewport: { width: 320, height: 256 }, colorScheme: 'dark', reducedMotion: 'reduce',
  });
  const wrong = {};
  await walk(v, async (state) => {
    const found = await v.page.evaluate((pressable) => {
      const all = [...document.querySelectorAll('main > *')].flatMap((e) => [...e.shadowRoot.querySelectorAll('*')]).filter((e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }));
      const name = (e) => `${e.localName}.${e.className} ${e.textContent.slice(0, 30)}`;
      const box = (e) => e.getBoundingClientRect();
      const controls = all.filter((e) => e.matches('button, a[href], input:not(.picker__unseen), select, textarea'));
      const moves = document.getAnimations().map((a) => a.animationName).filter((n) => n && n !== 'picker-turn');
      return [
        ...(controls.length || !pressable ? [] : ['there is nothing to press']),
        ...(document.documentElement.scrollWidth > 320 ? ['the page scrolls sideways'] : []),
        // What is not in a box of its own that scrolls must be in sight.
        ...controls.filter((e) => !e.closest('.picker__sources, .editor') && (box(e).left < -1 || box(e).right > 321)).map((e) => `outside: ${name(e)}`),
        ...controls.filter((e) => e.type !== 'checkbox' && e.type !== 'radio' && Math.min(box(e).width, box(e).height) < 24).map((e) => `small: ${name(e)}`),
        ...moves.map((n) => `moves: ${n}`),
      ];
    }, state !== 'problem'); // an unknown key is for the page's author to mend
    found.push(...await findings(v.page));
    if (found.length) wrong[state] = found;
  });
  assert.deepEqual(wrong, {});
  assert.equal(await v.page.evaluate(() => document.querySelector('stowgate-drop').shadowRoot.querySelector('.picker').dir), 'rtl');
});

/** What has the focus, through all shadow roots: its name, or its text. */
const focused = (v) => v.page.evaluate(() => {
  let at = document.activeElement;
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
  return (at.getAttribute('aria-label') || at.textContent).trim();
});

/** Presses Tab until this has the focus. */
const tab = (v, name) => until(async () => await focused(v) === name || v.page.keyboard.press('Tab'), `Tab reaches ${name}`);

test('all by keyboard alone: choose, edit, remove, upload, retry, close', async (t) => {
  const v = await visit(t, `<button>Before</button><stowgate-button ${signed(app)} max-files="5" sources="local_file_system,url"></stowgate-button>`);
  const { keyboard } = v.page;
  const act = async (name, key = 'Enter') => { await tab(v, name); await keyboard.press(key); };
  let broken = true;
  await v.context.route('**/multipart/start', (route) => (broken
    ? route.fulfill({ status: 403, body: '{"error":"the quota is used up"}', headers: { 'access-control-allow-origin': '*' } }) : route.continue()));
  await act('Select Files to Upload');
  await v.hear('open');
  assert.equal(await focused(v), 'Select Files to Upload');
  assert.ok(await v.page.evaluate(() => document.querySelector('stowgate-button').shadowRoot.activeElement.closest('dialog')), 'the focus is in the dialog');
  await v.choose(png(60, 40, 'a.png'), text('b.txt'), text('c.txt')); // the browser's own dialog
  await until(async () => (await focused(v)).startsWith('a.png'), 'the first file has the focus');

  // The list is one stop; its files are reached by arrows, their buttons by Tab.
  await keyboard.press('ArrowDown');
  await until(async () => (await focused(v)).startsWith('b.txt'), 'the next file has it');
  await act('Remove b.txt');
  await until(async () => (await focused(v)).startsWith('c.txt'), 'the file after the removed one has it');
  await keyboard.press('ArrowUp');
  await act('Edit a.png');
  await until(async () => await focused(v) === 'Edit Image', 'the editor has it');
  await act('Rotate right');
  await act('Save');
  await v.page.locator('.editor').waitFor({ state: 'detached' });
  await until(async () => (await focused(v)).startsWith('a.png'), 'the edited file has it');
  await act('Name and description of a.png');
  await until(async () => v.page.locator('.picker__modal').isVisible(), 'the small dialog is open');
  await keyboard.press('Escape');
  await until(async () => await focused(v) === 'Name and description of a.png', 'the focus returns to the button');

  await act('Upload', 'Enter');
  await v.hear('failed', 2);
  broken = false;
  await act('Try again');
  const { stored } = await v.hear('done');
  assert.deepEqual(stored.map((f) => f.name), ['a.png', 'c.txt']);
  await v.hear('close');
  assert.equal(await focused(v), 'Select Files to Upload');
  assert.equal(await v.page.locator('dialog').count(), 0);
  await keyboard.press('Shift+Tab');
  assert.equal(await focused(v), 'Before');
});

test('Esc asks before it cancels, and closes', async (t) => {
  const v = await visit(t, `<stowgate-button ${signed(app)}></stowgate-button>`);
  const release = await hold(v);
  await v.page.locator('stowgate-button').click();
  await v.hear('open');
  await v.choose(text('a.txt'));
  await v.hear('select');
  await tab(v, 'Upload');
  await v.page.keyboard.press('Enter');
  await v.page.locator('.picker__file--uploading').waitFor();
  await v.page.keyboard.press('Escape');
  await v.page.getByRole('alertdialog', { name: 'Cancel the upload?' }).waitFor();
  await v.page.keyboard.press('Escape'); // no
  await v.page.locator('.picker__modal').waitFor({ state: 'detached' });
  assert.equal(await v.count('close'), 0);
  await v.page.keyboard.press('Escape');
  await tab(v, 'Cancel the upload');
  await v.page.keyboard.press('Enter');
  await v.hear('close');
  release();
  assert.deepEqual([await v.count('done'), await focused(v)], [0, 'Select Files to Upload']);
});

test('what happens is said', async (t) => {
  const v = await visit(t, `<stowgate-picker ${signed(app)} max-files="3" accept=".txt" sources="local_file_system"></stowgate-picker>
    <stowgate-button ${signed(app)} sources="local_file_system"></stowgate-button>`);
  let broken = true;
  await v.context.route('**/multipart/start', (route) => (broken
    ? route.fulfill({ status: 403, body: '{"error":"the quota is used up"}', headers: { 'access-control-allow-origin': '*' } }) : route.continue()));
  await v.hear('open');
  const said = (...texts) => until(async () => {
    const all = await v.regions();
    return texts.every((wanted) => all.includes(wanted));
  }, `said is ${texts.join(', ')}`);
  await v.choose(text('a.txt'), text('b.txt'));
  await said('2 files added');
  await v.choose({ name: 'no.pdf', type: 'application/pdf', bytes: '%PDF-' });
  await said('File no.pdf is not an accepted file type. The accepted file types are .txt');
  await v.upload();
  await said('2 files could not be uploaded');
  broken = false;
  await v.page.getByRole('button', { name: 'Try again' }).first().click();
  await said('2 files uploaded');
  await v.page.locator('stowgate-button').click();
  await v.page.locator('stowgate-button .picker__file-input').setInputFiles({ name: 'd.txt', mimeType: 'text/plain', buffer: Buffer.from('d') });
  await v.page.locator('stowgate-button [data-e2e="upload"]').click();
  await v.hear('close');
  await said('1 file added', '1 file uploaded');
});
