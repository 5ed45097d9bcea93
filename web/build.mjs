// Bundles what browsers load into dist/, and says how large it is.
//   node build.mjs            build
//   node build.mjs --check    build, and fail if a size is over its budget
//   node build.mjs --debug    not minified, with source maps
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { declare } from './declarations.mjs';
import { pack, versions } from './pack.mjs';

process.chdir(import.meta.dirname);
const debug = process.argv.includes('--debug');

/** Style sheets come as minified text, for constructable style sheets. */
const styles = {
  name: 'styles',
  setup(b) {
    b.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const made = await build({ entryPoints: [path], bundle: true, minify: !debug, write: false });
      return { contents: made.outputFiles[0].text, loader: 'text' };
    });
  },
};

const common = {
  bundle: true,
  minify: !debug,
  sourcemap: debug,
  target: 'es2022',
  legalComments: 'none',
  charset: 'utf8',
  metafile: true,
  outdir: 'dist',
  plugins: [styles],
  jsx: 'automatic',
  jsxImportSource: 'preact',
};

await mkdir('dist', { recursive: true });
for (const old of await readdir('dist')) {
  if (old !== '.gitignore' && !versions.some(({ folder }) => folder === old)) await rm(`dist/${old}`, { recursive: true });
}

const present = (entries) => Object.fromEntries(Object.entries(entries).filter(([, path]) => existsSync(path)));

// Modules, which share chunks. Names with a hash are kept by browsers for ever;
// pages ask for the others by name.
const modules = await build({
  ...common,
  format: 'esm',
  splitting: true,
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  entryPoints: present({ view: 'picker/view.tsx', image: 'image/index.ts', later: 'filestack/later.ts' }),
});

/** The file of a module, by its source. */
const file = (made, source) => {
  const [out] = Object.entries(made.metafile.outputs).find(([, o]) => o.entryPoint === source) ?? [''];
  return basename(out);
};
const define = {
  STOWGATE_VIEW: JSON.stringify(file(modules, 'picker/view.tsx')),
  STOWGATE_IMAGE: JSON.stringify(file(modules, 'image/index.ts')),
  STOWGATE_LATER: JSON.stringify(file(modules, 'filestack/later.ts')),
};
const named = await build({
  ...common,
  define,
  format: 'esm',
  splitting: true,
  entryNames: '[name]',
  chunkNames: '[name]-[hash]',
  entryPoints: present({ stowgate: 'elements/index.ts', viewer: 'viewer/index.ts', worker: 'image/worker.ts' }),
});
const script = { ...common, format: 'iife', entryNames: '[name]' };
const legacy = (name, hosts) => build({ ...script, define: { ...define, STOWGATE_HOSTS: hosts }, entryPoints: present({ [name]: 'legacy/index.ts' }) });
await build({ ...script, define, entryPoints: present({ picker: 'filestack/index.ts' }) });
await legacy('filepicker', 'false'); // for servers that have one host
await legacy('filepicker-hosts', 'true'); // for those that have a host for each service

// The portal's style sheet and script, which its pages link.
await build({ ...common, plugins: [], format: 'esm', entryNames: '[name]', entryPoints: { portal: 'portal/index.ts' } });
await build({ ...common, plugins: [], entryNames: '[name]', entryPoints: { portal: 'portal/portal.css' } });

// Wrappers for frameworks, which pages bring along themselves.
const wrappers = present({ react: 'elements/react.ts', vue: 'elements/vue.ts', svelte: 'elements/svelte.ts' });
await build({ ...common, format: 'esm', entryNames: '[name]', entryPoints: wrappers, external: ['react', 'vue'] });
for (const name of Object.keys(wrappers)) {
  // Bundlers must leave the address of stowgate.js alone; a minifier leaves out what tells them so.
  const text = await readFile(`dist/${name}.js`, 'utf8');
  await writeFile(`dist/${name}.js`, text.replace('import(', 'import(/*webpackIgnore:true*//*@vite-ignore*/'));
}

// Sizes, in KiB after gzip -9. Source of the budgets: what other pickers weigh.
const gzip = async (path) => gzipSync(await readFile(path), { level: 9 }).length;
/** What is loaded with path at once: it and its static imports. */
const closure = (made, path, seen = new Set()) => {
  if (!path || seen.has(path)) return seen;
  seen.add(path);
  for (const i of made.metafile.outputs[path]?.imports ?? []) {
    if (i.kind === 'import-statement') closure(made, i.path, seen);
  }
  return seen;
};
const sum = async (paths) => (await Promise.all([...paths].map(gzip))).reduce((a, b) => a + b, 0);

const engine = existsSync('engine/index.ts')
  ? gzipSync((await build({ ...common, format: 'esm', metafile: false, write: false, entryPoints: ['engine/index.ts'] })).outputFiles[0].contents, { level: 9 }).length
  : 0;
const all = Object.keys(modules.metafile.outputs).filter((p) => p.endsWith('.js'));
const view = existsSync('picker/view.tsx') ? `dist/${file(modules, 'picker/view.tsx')}` : '';
const first = existsSync('dist/picker.js') ? ['dist/picker.js', ...closure(modules, view)] : [];
const languages = all.filter((p) => !first.includes(p) && Object.keys(modules.metafile.outputs[p].inputs).some((i) => i.includes('locales/')));
const later = all.filter((p) => !first.includes(p) && !languages.includes(p));

const budgets = [
  ['engine alone', engine, 12],
  ['picker.js, first load with styles', await sum(first), 35],
  ...await Promise.all(later.map(async (p) => [`chunk ${basename(p)}`, await gzip(p), 15])),
  ['largest language', Math.max(0, ...await Promise.all(languages.map(gzip))), 6],
  ...await Promise.all(Object.keys(wrappers).map(async (name) => [`wrapper ${name}.js`, await gzip(`dist/${name}.js`), 1])),
  ['everything but languages', await sum([...first, ...later].filter((p) => p)), 90],
];
let over = false;
for (const [what, bytes, limit] of budgets) {
  const tooMuch = bytes > limit * 1024;
  over ||= tooMuch;
  console.log(`${what.padEnd(40)} ${(bytes / 1024).toFixed(1).padStart(6)} KiB of ${limit}${tooMuch ? '  OVER' : ''}`);
}
await declare('dist');
await pack();
await writeFile('dist/sizes.json', JSON.stringify(Object.fromEntries(budgets.map(([what, bytes]) => [what, bytes])), null, 1));
if (over && process.argv.includes('--check')) process.exit(1);
