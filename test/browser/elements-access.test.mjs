// Everything the elements show, for everybody: axe finds nothing, the keyboard
// is enough, what happens is said, and little room is room enough.
import assert from 'node:assert/strict';
import { test, until } from './harness.js';
import { hold, setUp, signed, Visit } from './elements-page.mjs';
import { stage, walk } from './elements-states.mjs';
import { findings } from './parts.js';

const { stowgate, app, pages } = await setUp();
const visit = (t, markup, options) => Visit.open(t, pages, stowgate.url, markup, options);
const style = '<link rel="stylesheet" href="/page.css">';
pages.put('/page.css', ':root { color-scheme: light dark; } body { margin: 0; } stowgate-picker { height: 600px; }');

for (const [name, lang, options] of [
  ['light, left to right', 'en', { colorScheme: 'light' }], ['dark, left to right', 'en', { colorScheme: 'dark' }],
  ['light, right to left', 'ar', { colorScheme: 'light' }], ['dark, right to left', 'ar', { colorScheme: 'dark' }],
  ['forced colours', 'en', { forcedColors: 'active' }],
]) {
  test(`axe finds nothing: ${name}`, { timeout: 180_000 }, async (t) => {
    const v = await visit(t, style + stage(stowgate.url, app), { page: { lang }, reducedMotion: 'reduce', ...options });
    const found = {};
    const states = await walk(v, async (state) => {
      const all = await findings(v.page);
      if (all.length) found[state] = all;
    });
    assert.deepEqual(found, {});
    assert.ok(states.length >= 20, String(states));
    assert.equal(await v.page.evaluate(() => document.querySelector('stowgate-drop').shadowRoot.querySelector('.picker').dir), lang === 'ar' ? 'rtl' : 'ltr');
  });
}

test('320 pixels, as a wide page at 400 %: nothing is cut off, and all can be hit', { timeout: 120_000 }, async (t) => {
  const v = await visit(t, `<meta name="viewport" content="width=device-width">${style}${stage(stowgate.url, app)}`, {
    viewport: { width: 320, height: 256 }, reducedMotion: 'reduce',
  });
  const wrong = {};
  await walk(v, async (state) => {
    const found = await v.page.evaluate(() => {
      const all = [...document.querySelectorAll('main > *')].flatMap((e) => [...e.shadowRoot.querySelectorAll('*')]).filter((e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }));
      const name = (e) => `${e.localName}.${e.className} ${e.textContent.slice(0, 30)}`;
      const box = (e) => e.getBoundingClientRect();
      const controls = all.filter((e) => e.matches('button, a[href], input:not(.picker__unseen), select, textarea'));
      const moves = document.getAnimations().map((a) => a.animationName).filter((n) => n && n !== 'picker-turn');
      return [
        ...(document.documentElement.scrollWidth > 320 ? ['the page scrolls sideways'] : []),
        // What is not in a box of its own that scrolls must be in sight.
        ...controls.filter((e) => !e.closest('.picker__sources, .editor') && (box(e).left < -1 || box(e).right > 321)).map((e) => `outside: ${name(e)}`),
        ...controls.filter((e) => e.type !== 'checkbox' && e.type !== 'radio' && Math.min(box(e).width, box(e).height) < 24).map((e) => `small: ${name(e)}`),
        ...moves.map((n) => `moves: ${n}`),
      ];
    });
    if (found.length) wrong[state] = found;
  });
  assert.deepEqual(wrong, {});
});
