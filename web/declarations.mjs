// Writes what TypeScript needs to know of the elements and their wrappers: stowgate.d.ts, react.d.ts, vue.d.ts, svelte.d.ts.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = import.meta.dirname;

/** The modules of each file, and what others of ours each may use without repeating it. */
const files = {
  'stowgate.d.ts': ['engine/types', 'elements/description', 'elements/element', 'elements/index'],
  'react.d.ts': ['elements/wrap', 'elements/react'],
  'vue.d.ts': ['elements/wrap', 'elements/vue'],
  'svelte.d.ts': ['elements/wrap', 'elements/svelte'],
};

/** What pages may name of the engine's types, and wrappers of the elements'. */
const ofEngine = ['Code', 'Grant', 'Problem', 'Source', 'Status'];
const ofElements = ['Details', 'Listeners', 'Properties', 'StowgateButton', 'StowgateDrop', 'StowgatePicker'];

/** Writes the declarations to folder. What is wrong with types, npm run check says. */
export async function declare(folder) {
  const made = await mkdtemp(join(root, 'node_modules/.types-'));
  try {
    await writeFile(join(made, 'tsconfig.json'), JSON.stringify({
      extends: '../../tsconfig.json', include: [], exclude: [],
      compilerOptions: { declaration: true, emitDeclarationOnly: true, rootDir: '../..', outDir: '.', noEmit: false },
      files: ['index', 'react', 'vue', 'svelte'].map((name) => `../../elements/${name}.ts`).concat('../../picker/css.d.ts'),
    }));
    await promisify(execFile)(join(root, 'node_modules/.bin/tsc'), ['-p', made]).catch(() => {});
    for (const [name, modules] of Object.entries(files)) {
      const texts = await Promise.all(modules.map((module) => text(made, module)));
      const head = name === 'stowgate.d.ts' ? `export type { ${ofEngine.join(', ')} };` : `import type { ${ofElements.join(', ')} } from './stowgate.js';`;
      await writeFile(join(folder, name), [head, ...texts, 'export {};', ''].join('\n'));
    }
  } finally {
    await rm(made, { recursive: true });
  }
}

/** The declarations of a module, without what is for other modules of ours alone. */
async function text(made, module) {
  let text = await readFile(join(made, `${module}.d.ts`), 'utf8');
  text = text.replace(/^(import|export) .*from '\.{1,2}\/.*';\n/gm, '').replace(/^export \{\};\n/gm, '')
    .replace(/^(    \/\*\*.*\*\/\n)?    protected .*;\n/gm, '').replace(/^    constructor\(.*\);\n/gm, '');
  if (module === 'engine/types' || module === 'elements/wrap') text = text.replace(/^export (declare )?/gm, 'declare ').replaceAll('declare interface', 'interface').replaceAll('declare type', 'type');
  return text.trimEnd();
}
