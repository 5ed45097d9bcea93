// Every page of the portal, for everybody: axe finds nothing, little room and
// large letters are enough, so is the keyboard, and so is a browser without scripts.
import assert from 'node:assert/strict';
import { open, soak, test } from './harness.js';
import { contrast, findings, standards } from './parts.js';
import { makeApp, portal } from './portal-page.mjs';
import { furnish, visit } from './portal-stage.mjs';

/** Walks all pages, and calls look with each. */
async function walk(t, look) {
  const opened = await portal(t, { server: { args: ['--webhook-retry=1ms'] }, page: { reducedMotion: 'reduce' } });
  const { pages } = await furnish(opened);
  const stranger = await open(t, undefined, { reducedMotion: 'reduce' });
  const wrong = {};
  for (const [name, one] of Object.entries(pages)) {
    const { page, seen } = one.out ? stranger : opened;
    const status = await visit(page, opened.stowgate, one);
    const found = await look(page, name);
    const wanted = name === 'nothing' ? 404 : name.endsWith('-refused') ? 422 : 200;
    if (status !== wanted) found.push(`status ${status}, want ${wanted}`);
    seen.console = seen.console.filter(({ text }) => !text.includes(`status of ${wanted}`));
    if (found.length) wrong[name] = found;
  }
  assert.deepEqual(wrong, {});
  opened.seen.clean(opened.stowgate);
  stranger.seen.clean(opened.stowgate);
}

/** What does not fit into the width of the window: it runs in the page. */
function cramped() {
  const all = [...document.querySelectorAll('body *')].filter((e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && !e.closest('.unseen, .portal__skip') && getComputedStyle(e.closest('thead') ?? e).clipPath === 'none');
  const name = (e) => `${e.localName}.${e.className} ${e.textContent.trim().slice(0, 40)}`;
  const box = (e) => e.getBoundingClientRect();
  const controls = all.filter((e) => e.matches('button, .button, input:not([type=hidden]), select, textarea, summary'));
  return [
    ...(document.documentElement.scrollWidth > innerWidth ? ['the page scrolls sideways'] : []),
    ...all.filter((e) => !e.closest('pre') && (box(e).left < -1 || box(e).right > innerWidth + 1)).map((e) => `outside: ${name(e)}`),
    ...all.filter((e) => !e.matches('input, textarea, pre') && getComputedStyle(e).overflowX !== 'visible' && e.scrollWidth > e.clientWidth + 1).map((e) => `cut off: ${name(e)}`),
    ...controls.filter((e) => !e.matches('[type=checkbox], [type=radio]') && Math.min(box(e).width, box(e).height) < 24).map((e) => `small: ${name(e)}`),
  ];
}

const lookAt = {
  'a wide page, in light and dark': async (page) => {
    const found = [...await page.evaluate(cramped), ...await findings(page, standards, 'html')];
    await page.emulateMedia({ colorScheme: 'dark' });
    found.push(...(await findings(page, contrast, 'html')).map((f) => `dark ${f}`));
    await page.emulateMedia({ colorScheme: 'light' });
    return found;
  },
  '320 pixels, as a wide page at 400 %': async (page) => {
    await page.setViewportSize({ width: 320, height: 256 });
    const found = [...await page.evaluate(cramped), ...await findings(page, ['target-size'], 'html')];
    if (soak) found.push(...await findings(page, standards, 'html'));
    return found;
  },
  'letters of twice the size': async (page) => {
    await page.setViewportSize({ width: 640, height: 512 });
    await page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
    return page.evaluate(cramped);
  },
};

/** Goes through a page by Tab: what is wrong with that. */
async function byKeyboard(page) {
  const wrong = [];
  const { keyboard } = page;
  const at = () => page.evaluate(() => {
    const e = document.activeElement;
    if (!e || e === document.body) return { name: '' };
    window.walked ??= new Map();
    const again = window.walked.has(e);
    window.walked.set(e, true);
    const style = getComputedStyle(e);
    const box = e.getBoundingClientRect();
    const within = Boolean(e.shadowRoot) || e.matches('iframe, [type=date]'); // which show themselves where in them one is
    const seen = within || (e.matches(':focus-visible') && style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0 && box.bottom > 0 && box.top < innerHeight);
    return { name: `${e.localName}#${e.id}.${e.className} ${e.textContent.trim().slice(0, 30)}`, again: again && !within, seen: Boolean(seen), skip: e.matches('.portal__skip') };
  });
  await page.evaluate(() => { document.activeElement?.blur(); });
  await page.locator('body').press('Tab');
  let stop = await at();
  const autofocus = await page.locator('[autofocus]').count();
  if (!stop.skip && !autofocus) wrong.push(`Tab goes to ${stop.name} first`);
  const want = await page.evaluate(() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]')]
    .filter((e) => e.tabIndex >= 0 && !e.disabled && e.checkVisibility({ visibilityProperty: true }) && !(e.type === 'radio' && !e.checked)).length);
  let stops = 0;
  for (; stop.name && !stop.again; stops++) {
    if (!stop.seen) wrong.push(`no sign of the focus: ${stop.name}`);
    if (stops > want + 100) return [...wrong, `no end: ${stop.name}`];
    await keyboard.press('Tab');
    stop = await at();
  }
  if (stops < want && !autofocus) wrong.push(`${stops} stops of ${want}; the last before ${stop.name}`);
  await page.locator('.portal__skip').focus();
  await keyboard.press('Enter');
  await keyboard.press('Tab');
  if (!await page.evaluate(() => Boolean(document.activeElement.closest('main')))) wrong.push('the link does not skip what stands before the content');
  return wrong;
}

// What is most unlike the others, in a short run.
const walked = new Set(['sign-in', 'upload', 'policies', 'account', 'settings-refused']);

test('every page, for everybody', async (t) => {
  await walk(t, async (page, name) => {
    await page.setViewportSize({ width: 1200, height: 800 });
    const found = soak || walked.has(name) ? await byKeyboard(page) : [];
    for (const [name, look] of Object.entries(lookAt)) found.push(...(await look(page)).map((f) => `${name}: ${f}`));
    return found;
  });
});

test('without scripts: an app, its settings, a policy, a webhook, a file', async (t) => {
  const { page, seen, stowgate } = await portal(t, { page: { javaScriptEnabled: false } });
  const { key } = await makeApp(page, 'Plain');
  const go = (name) => page.locator('.menu').getByRole('link', { name }).click();
  await page.goto(`${stowgate.url}/portal/apps/${key}`);
  await go('Settings');
  await page.getByLabel('Largest file').fill('5 MB');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  assert.equal(await page.getByLabel('Largest file').inputValue(), '5 MB');
  await go('Policies');
  await page.getByLabel('Largest file').fill('1 MB');
  await page.getByRole('button', { name: 'Sign it' }).click();
  await page.getByText('It may upload files of up to 1').or(page.getByText('1 MB')).first().waitFor();
  await page.getByRole('heading', { name: 'Signed' }).waitFor();
  await go('Webhooks');
  await page.getByLabel('Address').fill('https://www.example.com/hooks');
  await page.getByRole('button', { name: 'Add it' }).click();
  await page.getByText('It is not shown again').waitFor();
  await page.getByRole('button', { name: 'Remove the webhook' }).click();
  await page.getByText('There is none yet').waitFor();
  await go('Files');
  await page.getByRole('link', { name: 'Upload', exact: true }).click();
  await page.locator('input[type=file]').setInputFiles({ name: 'plain.txt', mimeType: 'text/plain', buffer: Buffer.from('plain') });
  await page.getByRole('button', { name: 'Upload it' }).click();
  await page.getByRole('heading', { name: 'plain.txt' }).waitFor();
  await go('Files');
  await page.getByRole('checkbox', { name: 'plain.txt' }).check();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await page.getByText('There is no file yet').waitFor();
  await page.getByRole('button', { name: 'Take that back' }).click();
  await page.getByRole('link', { name: 'plain.txt' }).waitFor();
  await go('Insight');
  await page.getByRole('heading', { name: 'Insight' }).waitFor();
  seen.clean(stowgate);
});
