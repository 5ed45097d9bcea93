// Hostile strings, as the names of files and as what a server says of them, in
// the elements and in the old API's dialog: all of it is text. The server says
// every string; as names some do, and every one with STOWGATE_SOAK=1.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, request as ask } from 'node:http';
import { corpora, open, serve, soak, test, until } from './harness.js';

const stowgate = await serve(null);
const app = await stowgate.app();

/** Runs in the page: notes what is no part of a picker. */
const script = `
window.foreign = new Set();
window.shown = { names: new Set(), facts: new Set() };
const parts = new Set('DIALOG DIV SECTION HEADER FOOTER NAV MAIN UL LI P H2 H3 SPAN STRONG BUTTON INPUT LABEL FORM PROGRESS SVG PATH SLOT SELECT OPTION SMALL BDI TEXTAREA'.split(' '));
const check = (e) => {
  if (!parts.has(e.nodeName.toUpperCase())) foreign.add(e.outerHTML.slice(0, 300));
  for (const { name, value } of e.attributes) {
    if (/^(on.*|href|src|action|formaction|srcdoc)$/i.test(name) || (name === 'style' && /url|script|expression/i.test(value))) foreign.add(name + '=' + value.slice(0, 300));
  }
};
window.watch = (root) => new MutationObserver((records) => {
  for (const { type, target, addedNodes } of records) {
    if (type === 'attributes') check(target);
    for (const node of addedNodes) if (node instanceof Element) for (const e of [node, ...node.querySelectorAll('*')]) check(e);
  }
}).observe(root, { subtree: true, childList: true, attributes: true });
window.hostile = (names) => names.map((name, i) => new File(['bytes ' + i], name, { type: 'text/plain' }));
// Sees every row, and notes what it says.
window.read = async (root) => {
  const list = root.querySelector('.picker__list');
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  for (let y = 0; y < list.scrollHeight; y += list.clientHeight) {
    list.scrollTop = y;
    await frame();
    await frame();
    for (const row of list.querySelectorAll('.picker__file')) {
      shown.names.add(row.querySelector('.picker__file-name').title);
      shown.facts.add(row.querySelector('.picker__file-facts').textContent);
    }
  }
};`;

/** The server, but for uploads, which it refuses: file number n in the words number n. Others it leaves waiting. */
async function hostileServer(t, markup, words) {
  const server = createServer((request, response) => {
    const at = new URL(request.url, 'http://x').pathname;
    if (at === '/') return void response.setHeader('content-type', 'text/html; charset=utf-8').end(`<!doctype html><html lang="en"><meta charset="utf-8"><title>t</title><script src="/page.js"></script><body>${markup}`);
    if (at === '/page.js') return void response.setHeader('content-type', 'text/javascript; charset=utf-8').end(script);
    if (at === '/multipart/start') {
      let body = '';
      request.setEncoding('utf8').on('data', (piece) => { body += piece; }).on('end', () => {
        const said = words[JSON.parse(body).filename.replace('.txt', '')];
        if (said) response.writeHead(422, { 'content-type': 'application/json' }).end(JSON.stringify({ error: said, c: said, problem: { code: 'refused', message: said } }));
      });
      return;
    }
    const onward = ask(stowgate.url + request.url, { method: request.method, headers: { ...request.headers, host: new URL(stowgate.url).host } }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  await new Promise((done) => { server.listen(0, '127.0.0.1', done); });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

/** All of the strings, each once. */
function strings(t) {
  const folder = corpora(t, 'xss-strings');
  return folder && [...new Set(readFileSync(`${folder}/xss-payload-list.txt`, 'utf8').split('\n').filter((line) => line.trim()))];
}

/** Some in one: what one begins may hide what follows only up to the next. */
const some = (all) => Array.from({ length: Math.ceil(all.length / 128) }, (_, i) => all.slice(128 * i, 128 * i + 128).join('\n'));

/** Lets a page show the strings as names, and others in which the server refuses what is sent. */
async function goes(t, markup, { root, each, prepare, add }) {
  const known = strings(t);
  if (!known) return;
  const words = some(known);
  const all = soak ? known : known.filter((_, i) => i % each === 0);
  const url = await hostileServer(t, markup, words);
  const visit = async (names) => {
    const { page, seen } = await open(t, url, { viewport: { width: 900, height: 6000 } });
    await page.evaluate(prepare, app.sign());
    await page.evaluate(`watch(${root})`);
    await page.evaluate(add, names);
    await until(() => page.evaluate(`${root}.querySelector('.picker__list .picker__file')`), 'the list is there', 30_000);
    return { page, seen };
  };
  const clean = async ({ page, seen }) => {
    assert.deepEqual(await page.evaluate(() => [...foreign]), []);
    const { dialogs, popups, errors, downloads } = seen;
    assert.deepEqual([dialogs, popups, errors, downloads, seen.strangers(url)], [[], [], [], [], []]);
    seen.clear();
  };

  const named = await visit(all);
  await named.page.evaluate(`read(${root})`);
  const names = new Set(await named.page.evaluate(() => [...shown.names]));
  assert.deepEqual(all.filter((one) => !names.has(one)).slice(0, 5), [], 'each is shown as it is');
  await clean(named);

  const refused = await visit([...words.map((_, i) => `${i}.txt`), 'waits.txt']); // until the end, with which the dialog would close
  await refused.page.locator('[data-e2e="upload"]').click();
  await until(async () => {
    await refused.page.evaluate(`read(${root})`);
    const said = await refused.page.evaluate(() => [...shown.facts].join('\n'));
    return words.every((one) => said.includes(one));
  }, 'what the server says is shown as it is', 60_000);
  await clean(refused);
}

test('in the elements', { timeout: 300_000 }, async (t) => {
  await goes(t, `<stowgate-picker api-key="${app.key}" max-files="100000"></stowgate-picker><script type="module" src="/stowgate/stowgate.js"></script>`, {
    root: "document.querySelector('stowgate-picker').shadowRoot",
    each: 5,
    prepare: async ({ policy, signature }) => {
      await customElements.whenDefined('stowgate-picker');
      Object.assign(document.querySelector('stowgate-picker'), { policy, signature });
    },
    add: async (names) => { await document.querySelector('stowgate-picker').add(hostile(names)); },
  });
});

test("in the old API's dialog", { timeout: 300_000 }, async (t) => {
  await goes(t, `<script src="/v2/filepicker.js"></script><script>filepicker.setKey("${app.key}")</script>`, {
    root: 'document.body',
    each: 20, // what shows them is the same as in the elements
    prepare: async (grant) => {
      filepicker.pickMultiple(grant, () => {}, () => {});
      for (let input; !input; await new Promise((done) => setTimeout(done, 50))) input = document.getElementById('fsp-fileUpload');
    },
    add: (names) => {
      const input = document.getElementById('fsp-fileUpload');
      const { items, files } = new DataTransfer();
      for (const file of hostile(names)) items.add(file);
      input.files = files;
      input.dispatchEvent(new Event('change', { bubbles: true }));
    },
  });
});
