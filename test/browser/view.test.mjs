// The picker's views by themselves: what people see, hear and reach by keyboard.
import assert from 'node:assert/strict';
import { soak, test, until } from './harness.js';
import { findings, part } from './parts.js';

/** Shows a picker of a fake engine; window.show takes its options, window.fake is its engine. */
const source = `
  import { mount } from './picker/view.tsx';
  import { Fake, file } from './picker/testing/fake.ts';
  import { Engine } from './engine/index.ts';
  const sources = [['local_file_system', 'My Device'], ['url', 'Link (URL)'], ['webcam', 'Take Photo']].map(([name, label]) => ({ name, label }));
  const limits = { accept: [], maxFiles: 100_000, minFiles: 1, maxSize: 10 * 1024 ** 2, minSize: 0 };
  const apart = { apiKey: 'k', hosts: () => ({ cdn: location.origin, upload: location.origin }), grant: () => undefined, store: {}, concurrency: 2, resume: false };
  window.heard = [];
  window.said = [];
  window.show = ({ engine = new Fake(), ...options } = {}) => {
    Object.assign(engine.settings, limits, apart);
    window.fake = engine;
    const place = document.createElement('div');
    place.style.blockSize = '560px';
    main.append(place);
    const tell = (name) => () => heard.push(name);
    window.view = mount(place, engine, {
      mode: 'overlay', sources, lang: 'en', editing: { crop: true, circle: true, rotate: true, force: false }, allowRetry: true, thumbnails: true,
      altText: true, folders: true, hideWhenUploading: false, dropEverywhere: true, noticeTime: 60_000, videoSize: [640, 480], base: '/parts/', pane: { click: true, overlay: true, icon: true, progress: true },
      events: { cancel: () => { heard.push('cancel'); view.unmount(); }, uploading: tell('uploading'), edited: tell('edited'), finished: tell('finished') },
      ...options,
    });
    new MutationObserver(() => {
      for (const e of place.querySelectorAll('.picker__unseen[role]')) {
        const text = e.getAttribute('role') + ': ' + e.textContent.trim();
        if (e.textContent && !said.includes(text)) said.push(text);
      }
    }).observe(place, { subtree: true, childList: true, characterData: true });
    return view.shown;
  };
  window.Engine = Engine;
  window.file = file;
  // What a selector finds, as soon as it is there.
  window.found = async (selector, which = 0) => {
    for (;;) {
      const element = document.querySelectorAll(selector)[which];
      if (element) return element;
      await new Promise(requestAnimationFrame);
    }
  };
  window.some = (...statuses) => {
    fake.items = statuses.map((status, i) => ({
      ...file('holiday ' + i + '.' + (i % 2 ? 'pdf' : 'png'), i % 2 ? 'application/pdf' : 'image/png', status), size: 3e6, sent: status === 'done' ? 3e6 : status === 'ready' ? 0 : 1e6,
      speed: status === 'uploading' ? 1e6 : 0, left: status === 'uploading' ? 2 : Infinity, retryAt: Date.now() + 9000,
      problem: status === 'failed' ? { code: 'checksum', again: true } : undefined, verified: status === 'done',
    }));
    view.summary();
  };
  window.ready = true;
`;

const show = async (t, options, opened) => {
  const at = await part(t, source, opened);
  await at.page.evaluate((o) => show(o), options ?? {});
  return at;
};
const focused = (page) => page.evaluate(() => {
  const { activeElement: e } = document;
  return e.getAttribute('aria-label') ?? (e.closest('[role=row]') === e ? `row ${e.querySelector('.picker__file-title').textContent}` : e.textContent);
});

/** What is looked at by axe, and by people in screenshots. */
const states = {
  'start': () => {},
  'start, with an unfinished upload': async () => {
    view.unmount();
    const engine = new fake.constructor();
    engine.unfinished = [file('old.mp4', 'video/mp4', 'missing')];
    engine.items = [...engine.unfinished];
    await show({ engine });
    await found('.picker__unfinished');
  },
  'link, refused': async () => {
    fake.addLink = async () => { throw Object.assign(new Error(), { problem: { code: 'link-unreachable', again: true } }); };
    (await found('.picker__source', 1)).click();
    (await found('.picker__link input')).value = 'https://x.test/';
    (await found('.picker__link')).requestSubmit();
    await found('.picker__error:not(:empty)');
  },
  'selection': () => some('ready', 'ready', 'checking', 'missing'),
  'tiles': async () => {
    some('ready', 'ready', 'done', 'failed');
    (await found('[aria-pressed]')).click();
    await found('.picker__files--tiles');
  },
  'uploading': () => { some('done', 'uploading', 'waiting', 'paused', 'retrying', 'offline', 'preparing', 'cancelled', 'failed'); fake.phase = 'uploading'; fake.tell('phase', 'uploading'); },
  'done': () => { some('done', 'done'); fake.phase = 'done'; fake.tell('phase', 'done'); },
  'failed': () => { some('done', 'failed'); fake.phase = 'done'; fake.tell('phase', 'done'); },
  'refused': () => { some('ready'); fake.tell('refused', ['a.exe', 'b.exe'].map((name) => ({ name, problem: { code: 'type', again: false } }))); },
  'a question': async () => { some('uploading'); (await found('.picker__close')).click(); await found('.picker__modal'); },
  'details': async () => {
    some('ready');
    (await found('.picker__file button', 1)).click();
    await found('.picker__modal');
  },
  'a problem of the page': () => view.update({ problem: { code: 'policy-expired', again: true, request: '7c1e' } }),
  'inline': async () => { view.unmount(); await show({ mode: 'inline' }); some('ready', 'done'); },
  'compact': async () => { view.unmount(); await show({ mode: 'inline', compact: true }); },
  'pane': async () => { view.unmount(); await show({ mode: 'pane' }); },
};

test('no finding of axe in any state, light and dark, wide and narrow, left to right and right to left', async (t) => {
  const { page, seen } = await show(t, {}, { reducedMotion: 'reduce' });
  const found = [];
  for (const [state, arrange] of Object.entries(states)) {
    await page.evaluate(() => { view.unmount(); return show(); });
    await page.evaluate(arrange);
    await page.evaluate(() => found('.picker__area, .picker__link, .picker__file, .picker__problem'));
    // What changes sizes and what changes colours, both ways; with time, in all combinations.
    for (const [colorScheme, width, dir] of [['light', 1100, 'ltr'], ['dark', 320, 'rtl'], ...soak ? [['dark', 1100, 'rtl'], ['light', 320, 'ltr']] : []]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 700 });
      await page.evaluate((d) => { document.querySelector('main .picker').dir = d; }, dir);
      found.push(...(await findings(page)).map((f) => `${state}, ${colorScheme}, ${width}, ${dir}: ${f}`));
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(beyond <= 0, `${state}, ${width}, ${dir}: ${beyond} pixels are beyond the edge`);
    }
  }
  assert.deepEqual(found, []);
  assert.deepEqual(seen.violations, []);
});

test('everything by keyboard, and told to who cannot see it', async (t) => {
  const { page } = await show(t);
  const press = async (...keys) => { for (const key of keys) await page.keyboard.press(key); };
  const is = (what) => until(async () => (await focused(page)) === what, `the focus is on ${what}`);
  await is('Select Files to Upload');
  await page.locator('#fsp-fileUpload').setInputFiles(['a.txt', 'b.txt', 'c.txt'].map((name) => ({ name, mimeType: 'text/plain', buffer: Buffer.from('x') })));
  await is('row a.txt');
  await press('ArrowDown');
  await is('row b.txt');
  await press('Tab', 'Tab');
  await is('Remove b.txt');
  await press('ArrowDown');
  await is('row c.txt');
  await press('Home', 'F2');
  await until(() => page.evaluate(() => document.activeElement.name === 'name'), 'the name can be changed');
  await press('Escape');
  await is('row a.txt');
  await page.getByRole('button', { name: 'Upload', exact: true }).focus();
  await press('Enter');
  await is('row a.txt');
  await press('Escape');
  await is('Continue uploading');
  await press('Enter');
  await is('row a.txt');
  for (const [sent, told] of [[30, '25%'], [60, '50%'], [80, '75%']]) {
    await page.evaluate((n) => { for (const { id } of fake.items) fake.patch(id, { sent: n }); }, sent);
    await until(() => page.evaluate((share) => said.some((text) => text.includes(share)), told), `${told} is told`);
  }
  await page.evaluate(() => fake.end('done'));
  await until(() => page.evaluate(() => heard.includes('finished')), 'the pick has ended');
  assert.deepEqual(await page.evaluate(() => said), [
    'status: 3 files added', 'status: 25% uploaded', 'status: 50% uploaded', 'status: 75% uploaded', 'status: 3 files uploaded',
  ]);
});

test('a dialog holds the page still and gives the focus back', async (t) => {
  const { page } = await part(t, source);
  await page.evaluate(() => {
    const button = document.createElement('button');
    const tall = document.createElement('div');
    button.id = 'opener';
    tall.style.blockSize = '3000px';
    document.querySelector('main').append(button, tall);
    button.focus();
    return show();
  });
  assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).overflow), 'hidden');
  await page.keyboard.press('Escape');
  await until(() => page.evaluate(() => heard.includes('cancel')), 'it was left');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'opener');
  assert.notEqual(await page.evaluate(() => getComputedStyle(document.documentElement).overflow), 'hidden');
  await page.evaluate(async () => { await show(); some('ready'); });
  await page.mouse.click(5, 5);
  assert.equal(await page.evaluate(() => heard.length), 1, 'a press beside the dialog threw the selection away');
});

test('ten thousand files hold nothing up', { skip: !soak && 'only with STOWGATE_SOAK=1; many.test.mjs counts what there is of them' }, async (t) => {
  const { page } = await part(t, source);
  await page.evaluate(async () => {
    const engine = new Engine({ accept: [], maxFiles: 100_000, parts: {}, apiKey: 'k', resume: false, concurrency: 2, maxSize: Infinity, minSize: 0, hosts: () => ({}) });
    await show({ engine });
    const canvas = new OffscreenCanvas(320, 240);
    canvas.getContext('2d').fillRect(0, 0, 99, 99);
    const pixels = await canvas.convertToBlob();
    window.files = Array.from({ length: 10_000 }, (_, i) => (i < 50
      ? { blob: new Blob([pixels, String(i)], { type: 'image/png' }), name: `${i}.png` } : { blob: new Blob([String(i)]), name: `${i}.txt` }));
    await new Promise((r) => setTimeout(r, 1000));
  });
  const { tasks, result } = await traced(page, async () => {
    const begun = performance.now();
    await fake.add(files);
    const took = performance.now() - begun;
    view.summary();
    await new Promise((r) => setTimeout(r, 1000));
    const list = document.querySelector('.picker__list');
    for (let i = 0; i <= 60; i++) {
      list.scrollTop = list.scrollHeight * i / 60;
      await new Promise(requestAnimationFrame);
    }
    await new Promise((r) => setTimeout(r, 500));
    return { took, nodes: document.querySelectorAll('*').length, last: document.querySelector('[aria-rowindex="10000"]') !== null };
  });
  t.diagnostic(`${JSON.stringify(result)}, ${tasks.length} tasks, the longest ${Math.max(...tasks)} ms`);
  assert.ok(tasks.length > 100, 'tasks were seen');
  assert.deepEqual(tasks.filter((ms) => ms > 50), [], 'long tasks');
  assert.ok(result.nodes <= 2000, `${result.nodes} elements`);
  assert.ok(result.last, 'the last file is in the page');
});

/** Runs act in the page. Its tasks are ms of the processor, which other programs of the machine do not prolong. */
async function traced(page, act) {
  const browser = page.context().browser();
  await browser.startTracing(page, { categories: ['toplevel'] });
  const result = await page.evaluate(act);
  const { traceEvents } = JSON.parse(await browser.stopTracing());
  const main = new Set(traceEvents.filter((e) => e.name === 'thread_name' && e.args.name === 'CrRendererMain').map((e) => `${e.pid} ${e.tid}`));
  const tasks = traceEvents.filter((e) => e.ph === 'X' && e.name.endsWith('RunTask') && e.tdur && main.has(`${e.pid} ${e.tid}`)).map((e) => e.tdur / 1000);
  return { tasks, result };
}
