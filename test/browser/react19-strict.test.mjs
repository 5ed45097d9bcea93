// React 19, in strict mode: our wrapper, and filestack-react, which was written for 18.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { test, until } from './harness.js';
import { clients, html, setUp, text, Visit } from './picker-page.mjs';

const { stowgate, app, pages } = await setUp();
const web = fileURLToPath(new URL('../../web/', import.meta.url));
const { build } = createRequire(`${web}package.json`)('esbuild');

/** React 19 in place of React, in whatever asks for it; filestack-js is what the page has in clientModule. */
const nineteen = {
  name: 'react-19',
  setup(b) {
    b.onResolve({ filter: /^react(-dom)?(\/|$)/ }, ({ path, kind }) =>
      b.resolve(path.replace(/^react(-dom)?/, 'react$1-19'), { kind, resolveDir: import.meta.dirname }));
    b.onResolve({ filter: /^filestack-js$/ }, () => ({ path: 'client', namespace: 'page' }));
    b.onLoad({ filter: /.*/, namespace: 'page' }, () => ({ contents: 'module.exports = window.clientModule;' }));
  },
};

/** Opens a page that runs a script, put together with React. */
async function visit(t, name, contents) {
  const made = await build({
    stdin: { contents, resolveDir: import.meta.dirname, loader: 'jsx' }, bundle: true, write: false, format: 'iife', jsx: 'automatic', plugins: [nineteen],
    define: { 'process.env.NODE_ENV': '"development"' }, logLevel: 'error',
  });
  pages.put(`/${name}.js`, Buffer.from(made.outputFiles[0].contents));
  pages.file('/client.js', `node_modules/${clients['3.51.6']}/build/browser/filestack.min.js`);
  pages.put('/client-module.js', `window.clientModule = { ...filestack, Filestack: function (...values) {
    const client = filestack.init(...values);
    override(client, ${JSON.stringify(stowgate.url)}); // an app would name a cname in clientOptions
    return client;
  } };`);
  pages.put(`/${name}`, `${html('/client.js')}<div id="root"></div><script src="/client-module.js"></script><script src="/${name}.js"></script>`);
  const v = await Visit.open(t, `${pages.url}/${name}`);
  assert.match(await v.page.evaluate(() => version), /^19\./);
  return v;
}

const begin = `
  import { StrictMode, useEffect, useRef, useState, version } from 'react';
  import { createRoot } from 'react-dom/client';
  window.version = version;
  const start = (App, props) => createRoot(document.getElementById('root')).render(<StrictMode><App {...props} /></StrictMode>);`;

test("the wrapper's elements", async (t) => {
  const v = await visit(t, 'wrapper', `${begin}
    import { Button, Picker } from ${JSON.stringify(`${web}dist/react.js`)};
    const given = { apiKey: ${JSON.stringify(app.key)}, server: ${JSON.stringify(stowgate.url)}, accept: ['.txt'], maxFiles: 2, getPolicy: () => (${JSON.stringify(app.sign())}) };
    function App() {
      const [render, again] = useState(1);
      const [shown, show] = useState(true);
      const ref = useRef(null);
      useEffect(() => { window.committed = render; });
      Object.assign(window, { again: () => again(render + 1), leave: () => show(false), chosen: () => ref.current.files.length });
      return shown && <>
        <Picker {...given} ref={ref} id="mine" compact required={false} onSelect={() => record('select')(render)}
          onDone={(e) => record('done')(render, e.detail.stored.length)}><i slot="empty">Drop them</i></Picker>
        <Button {...given}>Attach</Button>
      </>;
    }
    start(App);`);
  await v.page.getByText('Drop them').waitFor();
  assert.deepEqual(await v.page.evaluate(() => {
    const picker = document.querySelector('stowgate-picker');
    return [document.querySelectorAll('stowgate-picker').length, picker.maxFiles, picker.accept, picker.id, picker.hasAttribute('compact'), picker.required];
  }), [1, 2, ['.txt'], 'mine', true, false]);
  const { name, type, bytes } = text();
  await v.page.locator('stowgate-picker .picker__file-input').setInputFiles({ name, mimeType: type, buffer: Buffer.from(bytes) });
  assert.deepEqual(await v.heard('select'), [1]);
  assert.equal(await v.page.evaluate(() => chosen()), 1);
  await v.page.evaluate(() => again());
  await until(() => v.page.evaluate(() => committed === 2), 'it has rendered again');
  await v.page.locator('stowgate-picker .picker__button--primary', { hasText: 'Upload' }).click();
  assert.deepEqual(await v.heard('done'), [2, 1], 'the listener of the latest render');
  await v.page.evaluate(() => {
    document.querySelector('stowgate-picker').addEventListener('stowgate-close', () => record('close')());
    leave();
  });
  await v.heard('close');
  assert.equal(await v.page.locator('stowgate-picker').count(), 0);
  assert.deepEqual((await v.order()), ['select', 'done', 'close']);
  v.seen.clean(stowgate, pages);
});

test('filestack-react 6.2.0', async (t) => {
  const v = await visit(t, 'filestack-react', `${begin}
    import * as pickers from 'filestack-react';
    window.show = ({ kind, ...props }) => {
      const Picker = pickers[kind];
      const App = () => {
        const [count, setCount] = useState(0);
        const [on, setOn] = useState(true);
        Object.assign(window, { again: () => setCount(count + 1), leave: () => setOn(false) });
        useEffect(() => { window.committed = count; });
        return on && <Picker {...props} pickerOptions={{ onOpen: record('onOpen'), onClose: record('onClose') }}
          onUploadDone={record('onUploadDone')} onSuccess={record('onSuccess')} onError={record('onError')} />;
      };
      start(App);
    };`);
  const props = { apikey: app.key, clientOptions: { security: app.sign() } };
  for (const kind of ['PickerOverlay', 'PickerInline', 'PickerDropPane']) {
    await v.page.evaluate((p) => { calls.length = 0; show(p); }, { ...props, kind });
    await v.heard('onOpen');
    await v.page.evaluate(() => again());
    await until(() => v.page.evaluate(() => committed === 1), 'it has rendered again');
    await until(async () => (await v.values('onOpen')).length - (await v.values('onClose')).length === 1, 'each picker that opened has closed, but the last');
    const file = text();
    await v.choose(file);
    if (kind !== 'PickerDropPane') await v.upload();
    const [{ filesUploaded: [stored] }] = await v.heard('onUploadDone');
    assert.equal(await (await app.read(stored.handle)).text(), file.bytes);
    assert.equal((await v.values('onUploadDone')).length, 1);
    await v.page.evaluate(() => leave());
    await until(() => v.page.evaluate(() => !document.querySelector('.fsp-picker')), 'the picker has left with its component');
    assert.deepEqual(await v.values('onError'), []);
    await v.page.reload();
  }
  v.seen.clean(stowgate, pages);
});
