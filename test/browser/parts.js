// Single parts of ../../web, alone on a page, bundled as the real build does it.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { open, site } from './harness.js';

const web = fileURLToPath(new URL('../../web/', import.meta.url));

/** What the picker promises to work under. */
export const strict = "default-src 'self'; script-src 'self'; style-src 'self'; require-trusted-types-for 'script'";

const css = `:root { color-scheme: light dark; }
body { margin: 0; }
main { box-sizing: border-box; block-size: 100vh; padding: 12px; background: Canvas; }`;

/** What every source may use: t, a translator that fills values in, and main, styled as the picker's inside. */
const prelude = `
  import styles from './picker/styles.css';
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(styles);
  document.adoptedStyleSheets.push(sheet);
  const main = document.querySelector('main');
  const t = (key, values = {}) => key.replace(/\\{(\\w+)\\}/g, (_, name) => String(values[name]));
`;

const bundles = new Map(); // of what was built already, by source

/** The files of a page that runs source, and of the worker. */
function bundled(source) {
  if (!bundles.has(source)) {
    const { build } = createRequire(`${web}package.json`)('esbuild');
    const common = { bundle: true, write: false, format: 'esm', target: 'es2022', outdir: '/parts', loader: { '.css': 'text' } };
    const page = build({
      ...common, stdin: { contents: prelude + source, resolveDir: web, loader: 'tsx', sourcefile: 'page.tsx' },
      splitting: true, entryNames: 'page', jsx: 'automatic', jsxImportSource: 'preact',
    });
    const worker = build({ ...common, entryPoints: [`${web}image/worker.ts`] });
    bundles.set(source, Promise.all([page, worker]).then((made) => made.flatMap(({ outputFiles }) => outputFiles)));
  }
  return bundles.get(source);
}

/**
 * part opens a page of an origin of its own that runs source, TypeScript with JSX that may import from ../../web and
 * sets window.ready when it is done. worker.js is in /parts/. The page's policy is strict unless options.csp says otherwise.
 * @param {import('node:test').TestContext} t
 * @param {string} source
 * @param {import('playwright-core').BrowserContextOptions & {csp?: string, headers?: Record<string, string>}} [options]
 */
export async function part(t, source, { csp = strict, headers, ...options } = {}) {
  const pages = await site(t, { csp, headers });
  for (const { path, contents } of await bundled(source)) pages.put(path, Buffer.from(contents));
  pages.put('/', `<!doctype html><html lang="en"><title>t</title><meta name="viewport" content="width=device-width">
<link rel="stylesheet" href="/page.css"><main class="picker"></main><script type="module" src="/parts/page.js"></script>`);
  pages.put('/page.css', css).put('/favicon.ico', '', { headers: { 'content-type': 'image/x-icon' } });
  const opened = await open(t, pages.url, options);
  await opened.page.waitForFunction(() => window.ready);
  return { pages, ...opened };
}

const axe = await readFile(new URL('node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

/** All that the elements and pages promise. */
export const standards = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** findings are what axe complains about on page, each as "rule: element": in all that runOnly names, below the element that where selects. */
export async function findings(page, runOnly = standards, where = 'main') {
  // Not a script of the page, whose policy is for its own.
  if (!await page.evaluate(() => 'axe' in window)) await page.evaluate(axe);
  return page.evaluate(async ({ runOnly, where }) => {
    const { violations } = await window.axe.run(where, { runOnly });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
  }, { runOnly, where });
}

/** What a colour scheme can change of a page that axe has looked at. */
export const contrast = ['color-contrast'];
