import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const web = process.cwd();

/** Pages as others write them. What must not compile is marked; a mark where it does compile is an error, too. */
const pages = {
  'uses-elements.ts': `
    import type { Outcome, StowgateFile, Problem } from './stowgate.js';
    const picker = document.querySelector('stowgate-picker')!;
    picker.maxFiles = 3;
    picker.accept = ['image/*'];
    picker.getPolicy = async () => ({ policy: 'p', signature: 's' });
    picker.admit = (file: StowgateFile) => { if (file.size > 9) throw new Error('too large'); };
    picker.addEventListener('stowgate-done', ({ detail }) => { const outcome: Outcome = detail; outcome.stored.map((file) => file.handle?.length); });
    picker.addEventListener('stowgate-progress', ({ detail: { sent, size } }) => sent / size);
    document.addEventListener('stowgate-failed', ({ detail }) => { const problem: Problem | undefined = detail.problem; void problem?.code; });
    void picker.open().then(() => picker.add([new Blob()]));
    const names: string[] = picker.files.map((file) => file.name);
    document.createElement('stowgate-button').disabled = true;
    // @ts-expect-error a number is not a list
    picker.accept = 5;
    // @ts-expect-error there is no such property
    picker.maxFile = 3;
    // @ts-expect-error the selection is read only
    picker.files = [];
    // @ts-expect-error there is no such code
    const code: Problem['code'] = 'nonsense';
    void [names, code];`,
  'uses-react.tsx': `
    import { useRef } from 'react';
    import { Picker, Button } from './react.js';
    import type { StowgatePicker } from './stowgate.js';
    export function App() {
      const picker = useRef<StowgatePicker>(null);
      return <>
        <Picker ref={picker} apiKey="k" maxFiles={2} className="c" onDone={(event) => event.detail.failed.length} onClick={() => picker.current?.upload()} />
        <Button apiKey="k">Choose</Button>
        {/* @ts-expect-error a flag is no text */}
        <Button compact="yes" />
      </>;
    }`,
  'uses-vue.ts': `
    import { h } from 'vue';
    import { Drop } from './vue.js';
    h(Drop, { apiKey: 'k', onStored: (event) => event.detail.handle });
    // @ts-expect-error there is no such kind of number
    h(Drop, { maxFiles: 'many' });`,
  'uses-svelte.ts': `
    import { stowgate } from './svelte.js';
    stowgate(document.createElement('stowgate-drop'), { apiKey: 'k', onDone: ({ detail }) => detail.stored });
    // @ts-expect-error there is no such listener's argument
    stowgate(document.createElement('div'), { onDone: (event: string) => event });`,
};

test('pages in TypeScript compile against what is served to them, as strictly as can be', async (t) => {
  const folder = await mkdtemp(join(web, 'node_modules/.pages-'));
  t.after(() => rm(folder, { recursive: true }));
  const { declare } = await import(pathToFileURL(join(web, 'declarations.mjs')).href) as { declare(folder: string): Promise<void> };
  await declare(folder);
  for (const [name, text] of Object.entries(pages)) await writeFile(join(folder, name), text);
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({
    compilerOptions: {
      target: 'es2022', module: 'esnext', moduleResolution: 'bundler', lib: ['es2022', 'dom', 'dom.iterable'], jsx: 'react-jsx', types: [],
      strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, noEmit: true, skipLibCheck: false,
    },
    files: Object.keys(pages),
  }));
  const said = await promisify(execFile)(join(web, 'node_modules/.bin/tsc'), ['-p', folder]).then(() => '', (error: { stdout: string }) => error.stdout);
  // The declarations of the frameworks themselves are not ours to mend.
  assert.equal(said.split('\n').filter((line) => line && !/^\s|node_modules\/(?!\.pages)/.test(line)).join('\n'), '');
});
