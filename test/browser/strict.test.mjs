// The elements on pages with a strict policy, and on hostile ones: no violation,
// no request to anybody that the page has not named, and names are text. All
// states under a strict policy are in elements-access.test.mjs.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { corpora, open, site, test, until } from './harness.js';
import { html, setUp, Visit } from './elements-page.mjs';
import { stage } from './elements-states.mjs';

const { stowgate, app, pages } = await setUp();

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

test('hostile names and markup are text', async (t) => {
  const [own, strings] = [corpora(t, 'names-own'), corpora(t, 'xss-strings')];
  if (!own || !strings) return;
  const names = [
    ...readFileSync(`${own}/filenames.jsonl`, 'utf8').trim().split('\n').map((line) => JSON.parse(line).name).filter(Boolean),
    ...readFileSync(`${strings}/xss-payload-list.txt`, 'utf8').split('\n').filter((line) => /</.test(line)).slice(0, 1500),
  ];
  assert.ok(names.length > 500);
  pages.csp = undefined; // what a policy would stop must not even be tried
  const v = await Visit.open(t, pages, stowgate.url, stage(stowgate.url, app).replaceAll('max-files="20"', 'max-files="5000"').replaceAll('accept="image/*,.txt"', 'accept="text/plain"'));
  await v.hear('open');
  await v.page.evaluate(async (all) => {
    const picker = document.querySelector('stowgate-picker');
    const { shadowRoot } = picker;
    window.foreign = new Set();
    const known = new Set(['SCRIPT', 'IFRAME', 'OBJECT', 'EMBED', 'STYLE', 'LINK', 'META', 'BASE', 'FORM', 'MARQUEE', 'AUDIO', 'VIDEO', 'DETAILS', 'MATH', 'IMG']);
    new MutationObserver((records) => {
      for (const node of records.flatMap((r) => [...r.addedNodes])) {
        for (const e of node.querySelectorAll ? [node, ...node.querySelectorAll('*')] : []) if (known.has(e.nodeName.toUpperCase())) foreign.add(e.outerHTML);
      }
    }).observe(shadowRoot, { subtree: true, childList: true });
    await picker.add(all.map((name) => new File(['x'], name, { type: 'text/plain' })));
    await picker.add(all.map((name) => new File(['%PDF-'], name, { type: 'application/pdf' }))); // refused, in words
  }, names);
  const list = v.page.locator('.picker__list');
  for (let y = 0; y < await list.evaluate((e) => e.scrollHeight); y += 4000) {
    await list.evaluate((e, top) => new Promise((done) => { e.scrollTop = top; requestAnimationFrame(() => requestAnimationFrame(done)); }), y);
  }
  assert.deepEqual(await v.page.evaluate(() => [...foreign]), []);
  assert.ok(await v.page.evaluate(() => document.querySelector('stowgate-picker').files.length) > 500, 'the files were added');
  await list.evaluate((e) => { e.scrollTop = 1100; }); // past the first
  await until(async () => (await list.textContent()).includes('a<b>.html'), 'a name with markup is shown');
  const { dialogs, popups, errors, downloads } = v.seen;
  assert.deepEqual([dialogs, popups, errors, downloads, v.seen.strangers(stowgate, pages)], [[], [], [], [], []]);
});

test('hostile windows around the page get nothing and change nothing', async (t) => {
  pages.csp = undefined;
  const hostile = await site(t, { host: 'localhost' });
  pages.put('/victim', html(stowgate.url, stage(stowgate.url, app).replace('<main>', '<main><iframe src="' + hostile.url + '/child"></iframe>')));
  const attack = `const all = ['filepickerUrl', 'closeModal', 'ThirdPartyCookies', 'stowgate-done', 'upload'];
    window.got = []; addEventListener('message', (e) => got.push(e.data));
    const send = (to) => all.forEach((type) => { to.postMessage(JSON.stringify({ id: '1', type, payload: { url: 'https://x/' } }), '*'); to.postMessage({ type, detail: {} }, '*'); });`;
  hostile.put('/attack.js', `${attack} setInterval(() => { for (const to of [parent, opener, window.victim, ...Array.from(frames)]) if (to && to !== window) send(to); }, 50);`);
  for (const path of ['/child', '/parent']) {
    hostile.put(path, `<!doctype html><title>h</title><body>${path === '/parent' ? `<iframe src="${pages.url}/victim"></iframe>` : ''}<script src="/attack.js"></script>`);
  }
  const { page, context, seen } = await open(t, `${hostile.url}/parent`);
  await page.evaluate((url) => { window.victim = window.open(url); }, `${pages.url}/victim`);
  const popup = await until(() => context.pages().find((p) => p !== page), 'the window is open');
  const v = new Visit({ page: popup, context, seen });
  await v.hear('open');
  await v.choose({ name: 'a.txt', type: 'text/plain', bytes: 'a' });
  await v.upload();
  assert.deepEqual((await v.hear('done')).stored.map((f) => f.name), ['a.txt']);
  const framed = page.frames().find((f) => f.url() === `${pages.url}/victim`);
  await framed.locator('stowgate-picker .picker__select').first().waitFor();
  assert.deepEqual(await framed.evaluate(() => heard.map(([name]) => name).filter((name) => name !== 'open')), []);
  for (const frame of [page.mainFrame(), ...popup.frames().filter((f) => f.url().startsWith(hostile.url))]) {
    // What they hear is of each other, and never of the elements.
    assert.ok((await frame.evaluate(() => got)).every((m) => /filepickerUrl|closeModal|ThirdParty|stowgate-done|upload/.test(JSON.stringify(m)) && !JSON.stringify(m).includes('handle')));
  }
  assert.deepEqual([seen.errors, seen.dialogs, seen.downloads], [[], [], []]);
});
