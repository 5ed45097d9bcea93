// Adds thousands of files to Stowgate's picker and to others, in one run in
// which they take turns, and prints medians, ratios, and what each weighs.
//
//   npm ci && node run.mjs [--rounds 3] [--limit 60] [--files 1000,5000,10000]
//
// It needs Chromium (or CHROMIUM names one) and web/dist, as scripts/web makes it.
import { readFile, readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

process.chdir(import.meta.dirname);
const { values: flags } = parseArgs({ options: {
  rounds: { type: 'string', default: '3' }, limit: { type: 'string', default: '60' }, files: { type: 'string', default: '1000,5000,10000' },
} });
const rounds = Number(flags.rounds);
const limit = Number(flags.limit) * 1000;
const counts = flags.files.split(',').map(Number);
const dist = '../../web/dist';
const packages = JSON.parse(await readFile('package.json', 'utf8')).devDependencies;

const targets = [
  { name: 'Stowgate', widget: 'stowgate' },
  { name: `Uppy ${packages['@uppy/dashboard']}`, widget: 'uppy' },
  { name: `Uploadcare ${packages['@uploadcare/file-uploader']}`, widget: 'uploadcare' },
  { name: `FilePond ${packages.filepond}`, widget: 'filepond' },
];

// ---- Bundles, all by one esbuild with the settings of web/build.mjs

const common = {
  bundle: true, minify: true, format: 'esm', target: 'es2022', legalComments: 'none', charset: 'utf8', write: false, outdir: 'out', logLevel: 'error',
  define: { 'process.env.NODE_ENV': '"production"' }, external: ['/dist/*'], loader: { '.svg': 'dataurl' },
};

/** Bundles one source; the result has the texts of its script and its style sheet. */
async function bundle(entry, alias = {}) {
  const { outputFiles } = await build({ absWorkingDir: import.meta.dirname, ...common, entryPoints: [entry], alias });
  const text = (ending) => outputFiles.find((f) => f.path.endsWith(ending))?.text ?? '';
  return { js: text('.js'), css: text('.css') };
}

const gzip = (text) => gzipSync(text, { level: 9 }).length / 1024;

async function printSizes() {
  const own = JSON.parse(await readFile(`${dist}/sizes.json`, 'utf8'));
  const kib = (name) => own[name] / 1024;
  const rows = [
    ['Stowgate: picker.js, all that is loaded at first', kib('picker.js, first load with styles'), 'in it'],
    ['  and everything that is loaded later, but languages', kib('everything but languages'), 'in it'],
  ];
  for (const [name, entry] of [
    ['Uppy: core, dashboard', 'uppy'], ['  and xhr-upload, which sends', 'uppy-sending'], ['Uploadcare: all elements', 'uploadcare'], ['FilePond with image preview', 'filepond'],
  ]) {
    const { js, css } = await bundle(`widgets/${entry}.js`);
    rows.push([name, gzip(js), gzip(css)]);
  }
  const show = (size) => (typeof size === 'number' ? size.toFixed(1) : size);
  print('Sizes in KiB after gzip -9', ['', 'scripts', 'styles'], rows.map((row) => row.map(show)));
}

// ---- Pages

/** Serves the page of a widget, and answers what Stowgate's picker asks its server before it shows anything. */
async function serve() {
  const answers = new Map([['/prefetch', ['application/json', '{"sources":[]}']], ['/favicon.ico', ['image/png', '']]]);
  for (const { widget } of targets) {
    const { js, css } = await bundle('page.js', { widget: `./widgets/${widget}.js` });
    answers.set(`/${widget}.js`, ['text/javascript', js]).set(`/${widget}.css`, ['text/css', css]);
    answers.set(`/${widget}`, ['text/html', `<!doctype html><html lang="en"><meta charset="utf-8"><title>${widget}</title>
      <link rel="stylesheet" href="/${widget}.css"><body><main id="place"></main><script type="module" src="/${widget}.js"></script>`]);
  }
  for (const file of await readdir(dist)) {
    if (file.endsWith('.js')) answers.set(`/dist/${file}`, ['text/javascript', await readFile(`${dist}/${file}`)]);
  }
  const server = createServer((request, response) => {
    const [type, body] = answers.get(request.url) ?? [];
    if (body === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': `${type}; charset=utf-8` }).end(body);
  });
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  return server;
}

/** The browser, as in test/browser/harness.js. */
function browserPath() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  return execFileSync('sh', ['-c', 'command -v chromium || command -v chromium-browser || command -v google-chrome'], { encoding: 'utf8' }).trim();
}

/** Watches a page's main thread. The result tells the most CPU time that one task took, in ms, which other programs make no longer. */
async function trace(session) {
  const tasks = [];
  const threads = new Map();
  session.on('Tracing.dataCollected', ({ value }) => {
    for (const { name, pid, tid, tdur, args } of value) {
      if (name === 'thread_name') threads.set(`${pid} ${tid}`, args.name);
      else if (name.endsWith('RunTask') && tdur > 5000) tasks.push([`${pid} ${tid}`, tdur / 1000]);
    }
  });
  await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: ['toplevel'], excludedCategories: ['*'] } });
  return async () => {
    const complete = new Promise((done) => { session.once('Tracing.tracingComplete', done); });
    await session.send('Tracing.end');
    await complete;
    return Math.max(0, ...tasks.filter(([thread]) => threads.get(thread) === 'CrRendererMain').map(([, time]) => time));
  };
}

/** Adds so many files to a widget in a browser of its own; undefined if the limit was reached. */
async function measure(url, widget, count) {
  const browser = await chromium.launch({
    executablePath: browserPath(), chromiumSandbox: process.getuid() !== 0,
    args: ['--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-dev-shm-usage', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
  });
  try {
    const page = await browser.newPage();
    page.on('pageerror', (error) => console.error(`${widget}: ${error.message}`));
    const session = await page.context().newCDPSession(page);
    await page.goto(`${url}/${widget}`);
    await page.evaluate((n) => ready(n), count);
    const heap = async () => {
      await session.send('HeapProfiler.collectGarbage');
      return (await session.send('Runtime.getHeapUsage')).usedSize / (1 << 20);
    };
    const before = await heap();
    const longest = await trace(session);
    let late;
    const result = await Promise.race([page.evaluate(() => run()), new Promise((done) => { late = setTimeout(done, limit); })]);
    clearTimeout(late);
    return result && { ...result, busiest: await longest(), heap: await heap() - before };
  } finally {
    await browser.close();
  }
}

// ---- Tables

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

function print(title, head, rows) {
  console.log(`\n${title}`);
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i].length)));
  for (const row of [head, ...rows]) console.log(row.map((cell, i) => cell.padEnd(widths[i])).join('  ').trimEnd());
}

function printRuns(count, samples) {
  const first = samples.get('Stowgate');
  const rows = targets.map(({ name }) => {
    const own = samples.get(name) ?? [];
    if (own.includes(undefined) || !own.length) return [name, `not in ${limit / 1000} s`, '', '', '', '', ''];
    const of = (key) => median(own.map((s) => s[key]));
    const longest = of('longest');
    return [
      name, (of('settled') / 1000).toFixed(2), (of('settled') / median(first.map((s) => s.settled))).toFixed(1),
      longest ? longest.toFixed(0) : 'under 50', of('busiest').toFixed(0), of('nodes').toFixed(0), of('heap').toFixed(1),
    ];
  });
  print(`${count.toLocaleString('en')} files (medians of ${rounds} rounds, interleaved)`, ['', 'settled, s', 'it / Stowgate', 'longest task, ms', 'most CPU of a task, ms', 'nodes', 'heap, MiB'], rows);
}

const server = await serve();
const url = `http://127.0.0.1:${server.address().port}`;
const all = new Map(counts.map((count) => [count, new Map()]));
const beaten = new Set(); // who reached the limit is spared more files
for (let round = 0; round < rounds; round++) {
  for (const count of counts) {
    for (const { name, widget } of targets) {
      const samples = all.get(count);
      if (beaten.has(`${name} ${count}`)) continue;
      const sample = await measure(url, widget, count);
      samples.set(name, [...samples.get(name) ?? [], sample]);
      if (!sample) counts.filter((c) => c >= count).forEach((c) => beaten.add(`${name} ${c}`));
      if (process.env.VERBOSE) console.error(name, count, sample);
    }
  }
}
server.close();
for (const [count, samples] of all) printRuns(count, samples);
await printSizes();
