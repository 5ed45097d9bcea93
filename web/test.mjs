// Runs *.test.ts with node's test runner, bundled by esbuild:
//   node test.mjs [FOLDER...]
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

process.chdir(import.meta.dirname);
const folders = process.argv.length > 2 ? process.argv.slice(2) : ['engine', 'image', 'picker', 'filestack', 'legacy', 'elements', 'viewer'];
const entryPoints = [];
for (const folder of folders) {
  for (const name of await readdir(folder, { recursive: true })) {
    if (/\.test\.tsx?$/.test(name)) entryPoints.push(join(folder, name));
  }
}
const outdir = await mkdtemp(join(tmpdir(), 'stowgate-web-'));
try {
  await build({
    entryPoints, outdir, bundle: true, platform: 'node', format: 'esm', target: 'node20', outExtension: { '.js': '.mjs' },
    sourcemap: 'inline', jsx: 'automatic', jsxImportSource: 'preact', loader: { '.css': 'text' }, logLevel: 'warning',
  });
  const files = (await readdir(outdir, { recursive: true })).filter((f) => f.endsWith('.mjs')).map((f) => join(outdir, f));
  const run = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...files], { stdio: 'inherit' });
  process.exitCode = run.status ?? 1;
} finally {
  await rm(outdir, { recursive: true });
}
