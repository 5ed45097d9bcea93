// The wrappers in the frameworks themselves: properties, events, getPolicy and the end.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { test, until } from './harness.js';
import { setUp, Visit } from './elements-page.mjs';
import { text } from './picker-page.mjs';

const { stowgate, app, pages } = await setUp();
const web = fileURLToPath(new URL('../../web/', import.meta.url));
const { build } = createRequire(`${web}package.json`)('esbuild');

/** Puts a page's script together with its framework, and the wrapper as web's build leaves it. */
async function bundle(path, contents, plugins = []) {
  const made = await build({
    stdin: { contents, resolveDir: import.meta.dirname, loader: 'jsx' }, bundle: true, write: false, format: 'esm', jsx: 'automatic', plugins,
    define: { 'process.env.NODE_ENV': '"development"' }, nodePaths: [`${import.meta.dirname}/node_modules`], conditions: ['browser', 'development'], logLevel: 'error',
  });
  pages.put(path, Buffer.from(made.outputFiles[0].contents));
}

const wrapper = (name) => JSON.stringify(`${web}dist/${name}.js`);
const set = `const given = { apiKey: ${JSON.stringify(app.key)}, server: ${JSON.stringify(stowgate.url)}, accept: ['.txt'], maxFiles: 2 };
window.told = [];
const tell = (name) => (event) => { told.push([name, event.detail?.stored?.length ?? event.detail?.files?.length, Boolean(event.target.files)]); };`;

/** Opens a page with only this script: stowgate.js is loaded by the wrapper. */
async function visit(t, script, container = '<main></main>') {
  const path = script.replace('.js', '');
  pages.put(path, `<!doctype html><meta charset="utf-8"><title>t</title><script src="/watch.js"></script><body>${container}<script type="module" src="${script}"></script>`);
  const v = await Visit.open(t, pages, stowgate.url, '');
  await v.context.exposeFunction('grant', () => app.sign());
  v.seen.clear();
  await v.page.goto(pages.url + path);
  return v;
}

/** What every wrapper does: shows, limits, asks for the grant, sends, tells the listener of the latest render, and ends. */
async function check(v) {
  await v.hear('open');
  assert.deepEqual(await v.page.evaluate(() => {
    const picker = document.querySelector('stowgate-picker');
    return [document.querySelectorAll('stowgate-picker').length, picker.maxFiles, picker.accept, picker.id, picker.textContent, picker.hasAttribute('compact'), picker.required];
  }), [1, 2, ['.txt'], 'mine', 'Drop them', true, false]);
  await v.page.getByText('Drop them').waitFor();
  await v.choose(text('1.txt'), { name: 'no.pdf', type: 'application/pdf', bytes: '%PDF-' });
  await v.hear('select');
  await v.page.evaluate(() => change()); // a render with other listeners
  await v.upload();
  await v.hear('done');
  assert.deepEqual(await v.page.evaluate(() => told.filter(([name]) => !name.startsWith('progress'))), [['select', 1, true], ['done later', 1, true]]);
  assert.equal(await v.page.evaluate(() => method()), 1, 'methods can be reached');
  await v.page.evaluate(() => {
    document.querySelector('stowgate-picker').addEventListener('stowgate-close', () => { window.gone = true; });
    end();
  });
  await until(() => v.page.evaluate(() => window.gone), 'it has closed');
  assert.equal(await v.page.locator('stowgate-picker').count(), 0);
  v.seen.clean(stowgate, pages);
}

test('React 18, in strict mode', async (t) => {
  await bundle('/react.js', `
    import { StrictMode, useRef, useState } from 'react';
    import { createRoot } from 'react-dom/client';
    import { Button, Picker } from ${wrapper('react')};
    ${set}
    function App() {
      const [later, change] = useState('');
      const [shown, show] = useState(true);
      const ref = useRef(null);
      window.change = () => change(' later');
      window.end = () => show(false);
      window.method = () => ref.current.files.length;
      return shown && <>
        <Picker {...given} ref={ref} id="mine" className="box" compact required={false} getPolicy={() => grant()}
          onSelect={tell('select' + later)} onDone={tell('done' + later)}><i slot="empty">Drop them</i></Picker>
        <Button {...given} getPolicy={() => grant()}>Attach</Button>
      </>;
    }
    createRoot(document.querySelector('main')).render(<StrictMode><App /></StrictMode>);`);
  await check(await visit(t, '/react.js'));
});

test('React on a server', async () => {
  const made = await build({
    stdin: {
      contents: `import { renderToString } from 'react-dom/server'; import { createElement } from 'react'; import { Picker } from ${wrapper('react')};
        export const html = renderToString(createElement(Picker, { apiKey: 'k', maxFiles: 3, compact: true, getPolicy() {}, onDone() {} }));`,
      resolveDir: import.meta.dirname,
    },
    bundle: true, write: false, format: 'cjs', platform: 'node', nodePaths: [`${import.meta.dirname}/node_modules`], logLevel: 'error',
  });
  const module = { exports: {} };
  new Function('module', 'exports', 'require', made.outputFiles[0].text)(module, module.exports, createRequire(import.meta.url));
  assert.equal(module.exports.html, '<stowgate-picker api-key="k" max-files="3" compact=""></stowgate-picker>');
});

test('the elements where there is no page', async () => {
  const { StowgatePicker } = await import(`${web}dist/stowgate.js`);
  assert.equal(typeof StowgatePicker, 'function');
  assert.ok(StowgatePicker.observedAttributes.includes('api-key'));
});

test('Vue 3', async (t) => {
  await bundle('/vue.js', `
    import { createApp, h, ref } from 'vue/dist/vue.runtime.esm-bundler.js';
    import { Picker } from ${wrapper('vue')};
    ${set}
    const later = ref('');
    const picker = ref(null);
    window.change = () => { later.value = ' later'; };
    window.method = () => picker.value.files.length;
    const app = createApp({ setup: () => () => h(Picker, { ...given, ref: picker, id: 'mine', class: 'box', compact: true, required: false,
      getPolicy: () => grant(), onSelect: tell('select' + later.value), onDone: tell('done' + later.value) }, () => h('i', { slot: 'empty' }, 'Drop them')) });
    app.mount('main');
    window.end = () => app.unmount();`, [{
    // One copy of Vue for page and wrapper.
    name: 'vue', setup(b) { b.onResolve({ filter: /^vue$/ }, () => ({ path: fileURLToPath(import.meta.resolve('vue/dist/vue.runtime.esm-bundler.js')) })); },
  }]);
  await check(await visit(t, '/vue.js'));
});

test('Svelte 5', async (t) => {
  const { compile } = await import('svelte/compiler');
  const source = `<script>
    import { stowgate } from ${wrapper('svelte')};
    ${set}
    let later = $state('');
    let shown = $state(true);
    let picker = $state();
    window.change = () => { later = ' later'; };
    window.end = () => { shown = false; };
    window.method = () => picker.files.length;
  </script>
  {#if shown}<stowgate-picker bind:this={picker} id="mine" use:stowgate={{ ...given, compact: true, required: false, getPolicy: () => grant(),
    onSelect: tell('select' + later), onDone: tell('done' + later) }}><i slot="empty">Drop them</i></stowgate-picker>{/if}`;
  await bundle('/svelte.js', `import { mount } from 'svelte'; import App from 'app.svelte'; mount(App, { target: document.querySelector('main') });`, [{
    name: 'svelte', setup(b) {
      b.onResolve({ filter: /^app\.svelte$/ }, () => ({ path: 'app.svelte', namespace: 'own' }));
      b.onLoad({ filter: /.*/, namespace: 'own' }, () => ({ contents: compile(source, { generate: 'client', filename: 'app.svelte' }).js.code, resolveDir: import.meta.dirname }));
    },
  }]);
  await check(await visit(t, '/svelte.js'));
});
