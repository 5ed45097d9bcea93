// What every page does: it makes a widget and files, adds the files, and looks
// at what that does to the page.
import * as widget from 'widget';

const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

/** How long the number of nodes must stay the same before a page counts as settled, in ms. */
const quiet = 1500;

/** How often the page is looked at, in ms. */
const step = 100;

/** Every node of the page, those in shadow roots too. */
function nodes(root = document) {
  let sum = 0;
  const walker = document.createTreeWalker(root);
  for (let node = walker.currentNode; node; node = walker.nextNode()) {
    sum++;
    if (node.shadowRoot) sum += nodes(node.shadowRoot);
  }
  return sum;
}

/** 20 pictures that differ, and texts. */
async function make(count) {
  const canvas = new OffscreenCanvas(320, 240);
  const context = canvas.getContext('2d');
  const files = [];
  for (let i = 0; i < count; i++) {
    if (i < 20) {
      context.fillStyle = `hsl(${i * 18} 70% 50%)`;
      context.fillRect(0, 0, 320, 240);
      context.fillText(String(i), 20 + i, 40);
      files.push(new File([await canvas.convertToBlob()], `${i}.png`, { type: 'image/png' }));
    } else files.push(new File([`the text of file ${i}\n`.repeat(1 + i % 50)], `${i}.txt`, { type: 'text/plain' }));
  }
  return files;
}

const tasks = [];
new PerformanceObserver((list) => tasks.push(...list.getEntries())).observe({ type: 'longtask' });

const made = widget.create(document.getElementById('place'));

/** Waits until the empty widget stands. */
window.ready = async (count) => {
  await widget.ready?.(made);
  window.files = await make(count);
  await sleep(quiet);
  window.empty = nodes();
};

/** Adds the files. Resolves when the page has settled: with when that was, the longest task, and the nodes. Times are in ms. */
window.run = async () => {
  await sleep(0); // what the driver runs itself is no task that counts
  tasks.length = 0;
  const began = performance.now();
  let added = false;
  Promise.resolve(widget.add(made, files)).then(() => { added = true; }, (error) => console.error(error));
  for (let seen = 0, changed = began; ;) {
    await sleep(step);
    const now = nodes();
    if (now !== seen) changed = performance.now();
    seen = now;
    if (!added || performance.now() - changed < quiet) continue;
    if (widget.count(made) !== files.length) throw new Error(`${widget.count(made)} files were added`);
    return { settled: changed - began, longest: Math.max(0, ...tasks.map((t) => t.duration)), nodes: now };
  }
};
