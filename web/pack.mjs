// Makes dist/ complete: Filestack's own clients, for pages that load them from
// this server, the licences of all that is not our own, and every file also
// compressed, so that nothing is compressed while a page waits.
import { copyFile, mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

/** What is copied from npm packages, and below which folder of dist/, before the package's version. */
const clients = [
  ...['filestack-js-1', 'filestack-js-2', 'filestack-js-3', 'filestack-js-4'].map((from) => ({
    from, to: 'filestack-js', files: ['filestack.min.js', '304.filestack.min.js'], licences: ['filestack.min.js.LICENSE.txt'],
  })),
  { from: 'filestack-adaptive', to: 'adaptive', files: ['adaptive.min.js'], licences: [] },
];

/** The folders of dist/ that a build may leave as they are: a version does not change. */
export const versions = await Promise.all(clients.map(async (client) => {
  const { version } = JSON.parse(await readFile(new URL(`node_modules/${client.from}/package.json`, import.meta.url), 'utf8'));
  return { ...client, version, folder: `${client.to}-${version}` };
}));

/** Completes dist/ after a build. */
export async function pack() {
  for (const { from, folder, files } of versions) {
    await mkdir(`dist/${folder}`, { recursive: true });
    for (const file of files) {
      const source = `node_modules/${from}/build/browser/${file}`;
      if (existsSync(source)) await copyFile(source, `dist/${folder}/${file}`);
    }
  }
  await writeFile('dist/licences.txt', await licences());
  const served = (await readdir('dist', { recursive: true })).filter((name) => /\.(js|css|map|txt|ts)$/.test(name));
  await Promise.all(served.map((name) => compress(join('dist', name))));
}

/** The texts of the licences of what is in dist/ and not our own. */
async function licences() {
  const texts = ['Stowgate, Apache-2.0: what is not named below.'];
  for (const { from, to, version, licences: more } of [...versions, { from: 'preact', to: 'preact', version: '', licences: [] }]) {
    const parts = [await readFile(`node_modules/${from}/LICENSE`, 'utf8')];
    for (const name of more) {
      const path = `node_modules/${from}/build/browser/${name}`;
      if (existsSync(path)) parts.push(await readFile(path, 'utf8'));
    }
    texts.push(`${to} ${version}`.trim() + '\n\n' + parts.join('\n'));
  }
  return texts.join('\n\n' + '-'.repeat(72) + '\n\n');
}

async function compress(path) {
  if (existsSync(`${path}.br`)) return; // of a client that an earlier build left
  const text = await readFile(path);
  const size = { [constants.BROTLI_PARAM_SIZE_HINT]: text.length };
  const write = async (name, made) => { // a build that was stopped leaves nothing half done
    const part = `node_modules/.pack-${name.replaceAll('/', '-')}`;
    await writeFile(part, made);
    await rename(part, name);
  };
  await write(`${path}.gz`, await promisify(gzip)(text, { level: 9 }));
  await write(`${path}.br`, await promisify(brotliCompress)(text, { params: size }));
}
