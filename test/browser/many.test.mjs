// Ten thousand files: few nodes, and no long work at a time. Times are printed
// and not asserted; what they follow from is.
import assert from 'node:assert/strict';
import { test, until } from './harness.js';
import { setUp, signed, Visit } from './elements-page.mjs';

const { stowgate, app, pages } = await setUp();
const count = 10_000;

test(`${count} files`, async (t) => {
  const v = await Visit.open(t, pages, stowgate.url, `<stowgate-picker ${signed(app)} max-files="${count}"></stowgate-picker>`);
  await v.hear('open');
  const { longest, all, slices, time } = await v.page.evaluate(async (count) => {
    const picker = document.querySelector('stowgate-picker');
    const files = Array.from({ length: count }, (_, i) => new File([`${i}`], `file-${i}.txt`, { type: 'text/plain' }));
    const tasks = [];
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map((e) => e.duration))).observe({ type: 'longtask' });
    let slices = 0; // turns that the page gets while files are added
    const { port1, port2 } = new MessageChannel();
    let adding = true;
    port1.onmessage = () => { slices++; if (adding) port2.postMessage(0); };
    port2.postMessage(0);
    const began = performance.now();
    await picker.add(files);
    const time = performance.now() - began;
    adding = false;
    await new Promise((done) => { setTimeout(done, 500); });
    return { longest: Math.max(0, ...tasks), all: tasks.length, slices, time };
  }, count);
  await v.page.locator('.picker__file').first().waitFor();
  const nodes = () => v.page.evaluate(() => {
    const of = (root) => [...root.querySelectorAll('*')].reduce((sum, e) => sum + 1 + (e.shadowRoot ? of(e.shadowRoot) : 0), 0);
    return of(document);
  });
  t.diagnostic(`${count} files in ${Math.round(time)} ms; longest task ${Math.round(longest)} ms of ${all} over 50 ms; ${slices} turns for the page`);
  assert.equal(await v.page.evaluate(() => document.querySelector('stowgate-picker').files.length), count);
  assert.ok(slices >= 5, `the page gets ${slices} turns while the files are added`);

  const list = v.page.locator('.picker__list');
  for (const share of [0, 0.5, 1]) {
    await list.evaluate((e, at) => { e.scrollTop = at * e.scrollHeight; }, share);
    const wanted = `file-${Math.round(share * (count - 1))}.txt`;
    if (share !== 0.5) await until(async () => (await list.textContent()).includes(wanted), `${wanted} is shown`);
    const now = await nodes();
    assert.ok(now <= 2000, `${now} nodes at ${share}`);
    t.diagnostic(`${now} nodes at ${share * 100} % of the list`);
  }
});
