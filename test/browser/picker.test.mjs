// picker.js with Filestack's own clients: every release, every way to load it.
import assert from 'node:assert/strict';
import { serve, test, until } from './harness.js';
import { clients, html, setUp, text, Visit } from './picker-page.mjs';

const { stowgate, app, pages } = await setUp();

// A server with a domain answers on a host for each service, as cname expects;
// browsers take every name under localhost for this machine.
const named = await serve(null, { args: ['--tls-listen=127.0.0.1:0', '--tls-self-signed', '--domain=fs.localhost'] });
const cname = new URL((await until(() => /"url":"(https:[^"]+)"/.exec(named.log), 'the log names its address'))[1]).host;
const namedApp = await named.app({ security: 'on' });

const readNamed = (visit) => (file) => visit.page.evaluate((url) => fetch(url).then((r) => r.text()), namedApp.link(file.url));
const hosts = ['static', 'upload', 'cloud', 'cdn', 'process', 'www'].map((name) => `https://${name}.${cname}`);

/** Chooses a file, uploads it, and reads it back with read(handle). */
async function goes(visit, read) {
  const file = text();
  await visit.choose(file);
  await visit.upload();
  const [result] = await visit.heard('onUploadDone');
  assert.deepEqual([result.filesUploaded.length, result.filesFailed.length], [1, 0]);
  assert.equal(await read(result.filesUploaded[0]), file.bytes);
  await until(() => visit.page.evaluate(() => !document.getElementById('__filestack-picker')), 'the picker has left the page');
}

const readBack = async ({ handle }) => (await app.read(handle)).text();

test('every release of filestack-js, its URLs overridden', (t) => Promise.all(Object.keys(clients).map(async (version) => {
  const visit = await Visit.open(t, `${pages.url}/${version}`);
  await visit.begin({ key: app.key, security: app.sign(), base: stowgate.url });
  await goes(visit, readBack);
  visit.seen.clean(stowgate, pages);
})));

test('every release of filestack-js, with picker.js on the page before it', (t) => Promise.all(Object.keys(clients).map(async (version) => {
  const script = `${stowgate.url}/picker/1/picker.js`;
  pages.put(`/preloaded-${version}`, html(script, script, `/client-${version}.js`)); // twice: it may run more than once
  const visit = await Visit.open(t, `${pages.url}/preloaded-${version}`);
  await visit.begin({ key: app.key, security: app.sign(), base: stowgate.url });
  await goes(visit, readBack);
  assert.equal(await visit.page.locator('script[id]').count(), 0, 'the client loads no picker of its own');
  visit.seen.clean(stowgate, pages);
})));

test('every release of filestack-js, by cname with a port', (t) => Promise.all(Object.keys(clients).map(async (version) => {
  const visit = await Visit.open(t, `${pages.url}/${version}`);
  await visit.begin({ key: namedApp.key, security: namedApp.sign(), cname });
  await goes(visit, readNamed(visit));
  assert.ok(visit.seen.requests.some((r) => r.url.startsWith(`https://static.${cname}/picker/`)));
  visit.seen.clean(pages, ...hosts);
})));

test('two clients of different releases on one page', async (t) => {
  pages.put('/two', html('/client-2.1.0.js', '/keep.js', '/client-4.3.8.js')).put('/keep.js', 'window.older = filestack; delete window.filestack;');
  const visit = await Visit.open(t, `${pages.url}/two`);
  const config = { key: app.key, security: app.sign(), base: stowgate.url };
  await visit.begin(config);
  await goes(visit, readBack);
  await visit.page.evaluate(() => { window.filestack = older; calls.length = 0; });
  await visit.begin(config);
  await goes(visit, readBack);
  visit.seen.clean(stowgate, pages);
});

// ---- filestack-react

/** A page with React and filestack-react, whose modules are globals. */
const react = (body) => {
  pages.file('/react.js', 'node_modules/react/umd/react.development.js');
  pages.file('/react-dom.js', 'node_modules/react-dom/umd/react-dom.development.js');
  pages.file('/filestack-react.js', 'node_modules/filestack-react/dist/filestack-react.js');
  pages.put('/modules.js', `
    window.module = { exports: {} };
    const source = new XMLHttpRequest();
    source.open('GET', '/filestack-react.js', false);
    source.send();
    new Function('module', 'exports', 'require', 'process', source.responseText)( // a module's variables are its own
      module, module.exports, (name) => ({ react: React, 'filestack-js': filestack })[name], { env: { NODE_ENV: 'development' } });`);
  return html('/react.js', '/react-dom.js', '/client-3.51.6.js', '/modules.js').replace('</main>', `</main><div id="root"></div>`) + body;
};

test('filestack-react 6.2.0 in strict mode', async (t) => {
  pages.put('/react', react('<script src="/app.js"></script>'));
  pages.put('/app.js', `{
    const { createElement: h, StrictMode, useEffect, useState } = React;
    const { PickerOverlay, PickerInline, PickerDropPane } = module.exports;
    window.show = ({ kind, ...props }) => {
      const Picker = { PickerOverlay, PickerInline, PickerDropPane }[kind];
      const App = () => {
        const [count, setCount] = useState(0);
        const [on, setOn] = useState(true);
        Object.assign(window, { again: () => setCount(count + 1), leave: () => setOn(false) });
        useEffect(() => { window.committed = count; });
        // A new object each time, as pages write it: the picker closes and opens again.
        return on && h(Picker, { ...props, pickerOptions: { ...props.pickerOptions, onOpen: record('onOpen'), onClose: record('onClose') },
          onUploadDone: record('onUploadDone'), onSuccess: record('onSuccess'), onError: record('onError') });
      };
      ReactDOM.createRoot(document.getElementById('root')).render(h(StrictMode, null, h(App)));
    };
  }`);
  const props = { apikey: namedApp.key, clientOptions: { cname, security: namedApp.sign() } };
  await Promise.all(['PickerOverlay', 'PickerInline', 'PickerDropPane'].map(async (kind) => {
    const visit = await Visit.open(t, `${pages.url}/react`);
    await visit.page.evaluate((p) => show(p), { ...props, kind });
    await visit.heard('onOpen');
    for (const times of [1, 2]) {
      await visit.page.evaluate(() => { again(); });
      await until(() => visit.page.evaluate((n) => committed === n, times), 'the component has rendered again');
    }
    await until(async () => (await visit.page.locator('input#fsp-fileUpload').count()) === 1, 'one picker is left');
    await until(async () => {
      const opened = (await visit.values('onOpen')).length;
      return opened - (await visit.values('onClose')).length === 1;
    }, 'each picker that opened has closed, but the last');
    const file = text();
    await visit.choose(file);
    if (kind !== 'PickerDropPane') await visit.upload();
    const [result] = await visit.heard('onUploadDone');
    assert.equal(await readNamed(visit)(result.filesUploaded[0]), file.bytes);
    assert.equal((await visit.values('onUploadDone')).length, 1);
    await visit.page.evaluate(() => leave());
    await until(() => visit.page.evaluate(() => !document.querySelector('.fsp-picker')), 'the picker has left with its component');
    assert.deepEqual(await visit.values('onError'), []);
    visit.seen.clean(pages, ...hosts);
  }));
});
