// Hostile strings in all that anybody can write, on the portal's pages: all of it
// is text (M4). Some strings; every one with STOWGATE_SOAK=1.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { corpora, open, soak, test, until } from './harness.js';
import { operator, portal, post } from './portal-page.mjs';
import { between, invite, quickApp, visit } from './portal-stage.mjs';

/** The strings in turn: those that fit. */
function strings(t) {
  const folder = corpora(t, 'xss-strings');
  if (!folder) return;
  const known = [...new Set(readFileSync(`${folder}/xss-payload-list.txt`, 'utf8').split('\n').filter((line) => line.trim()))];
  const all = soak ? known : known.filter((_, i) => i % 20 === 0);
  let at = 0;
  const next = (most = Infinity, but = /\p{Cc}/u) => {
    for (;;) {
      const one = all[at++ % all.length].trim();
      if (one && [...one].length <= most && !but.test(one)) return one;
    }
  };
  /** Many, as one text of so many characters at most. */
  const many = (most) => {
    let text = next(most);
    for (let one = next(); text.length + one.length < most; one = next()) text += `\n${one}`;
    return text;
  };
  return { all, next, many };
}

/** What in the document is none of the portal's: it runs in the page. */
function foreign() {
  const found = [];
  for (const e of document.querySelectorAll('*')) {
    for (const { name, value } of e.attributes) {
      const link = /^(href|src|action|formaction|data|poster)$/i.test(name);
      if (/^on|^style$|^srcdoc$/i.test(name) || (link && !/^(https?|blob|data:image\/svg)/.test(new URL(value, location.href).href))) found.push(`${e.localName} ${name}=${value}`);
      if (link && new URL(value, location.href).hostname !== location.hostname && e.localName !== 'a') found.push(`${e.localName} ${name}=${value}`);
    }
    if (/^(object|embed|base|marquee|math|video|audio|xmp|x)$/.test(e.localName)) found.push(e.outerHTML);
    if (e.localName === 'script' && (e.textContent || !e.src.startsWith(`${location.origin}/stowgate/`))) found.push(e.outerHTML);
  }
  return found.map((one) => one.slice(0, 200));
}

/** Does all, eight at a time. */
async function each(list, work) {
  const rest = [...list.entries()];
  await Promise.all(Array.from({ length: 8 }, async () => {
    for (let one = rest.shift(); one; one = rest.shift()) await work(one[1], one[0]);
  }));
}

test('TestM4HostileStrings: none of the portal is more than text', { timeout: soak ? 1_800_000 : 300_000 }, async (t) => {
  const known = strings(t);
  if (!known) return;
  const { all, next, many } = known;
  const opened = await portal(t, { named: true });
  const { page, context, seen, stowgate } = opened;
  const wrong = [];
  const shown = new Set(); // texts of the heads of rows
  const look = async (one) => {
    const status = await visit(page, stowgate, one);
    assert.ok(status < 500, `${one.path}: ${status}`);
    wrong.push(...(await page.evaluate(foreign)).map((f) => `${one.path}: ${f}`));
    for (const text of await page.locator('tbody th').allTextContents()) shown.add(text.trim());
  };
  /** Looks at a list, and at what follows. */
  const lookThrough = async (path) => {
    await look({ path });
    const next = page.locator('main a[rel=next]');
    while (await next.count()) await look({ path: (await next.getAttribute('href')).replace('/portal', '') });
  };

  // Apps, and one in which all the rest is.
  const names = Array.from({ length: soak ? 500 : 50 }, () => next(100));
  await each(names, (name) => quickApp(opened, name));
  const app = await quickApp(opened, next(100));
  const at = `/apps/${app.key}`;
  await look({ path: '/' });
  assert.deepEqual(names.filter((name) => !shown.has(name)), []);

  // Files, by the store API as whoever may upload does it.
  const [stored, files] = [[], []];
  const noPath = /[\p{Cc}\\]|\/\/|(^|\/)\.\.?(\/|$)/u; // a storage path has no empty segments, and no backslashes
  await each(all, async (name) => {
    const query = new URLSearchParams({ key: app.key, filename: name, alt: next(125), path: next(500, noPath), container: next(), ...app.sign({ call: ['store'] }) });
    const answer = await fetch(`${stowgate.url}/api/store/S3?${query}`, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'x' });
    const text = await answer.text();
    assert.ok(answer.ok, `stored as ${query}: ${answer.status} ${text}`); // whatever it is called
    const { url, filename } = JSON.parse(text);
    stored.push(new URL(url).pathname.slice(1));
    files.push(filename);
  });
  const missing = () => files.filter((name) => !shown.has(name.trim()));
  for (let i = 0; i < 5 && (i === 0 || missing().length); i++) await lookThrough(`${at}/files`); // thousands are listed some seconds later
  assert.deepEqual(missing(), []);
  for (const handle of soak ? stored.slice(0, 500) : stored.slice(0, 4)) await look({ path: `${at}/files/${handle}?tasks=${encodeURIComponent(next())}&width=${encodeURIComponent(next())}` });
  await look({ path: `${at}/files/${stored[0]}`, form: { name: next(200), alt: many(900).replaceAll('\n', ' '), tags: Array.from({ length: 20 }, () => `${next(30)}=${next(200)}`).join('\n') } });
  await look({ path: `${at}/files/${stored[0]}` });
  await post(opened, `${at}/files/${stored[1]}/trash`, {});
  await look({ path: `${at}/files?trash=on` });
  await look({ path: `${at}/files/${stored[1]}` });

  // People, their browsers, tokens and passkeys.
  await post(opened, '/account/name', { name: next(100) });
  const invited = [];
  let link;
  await each(all.slice(0, soak ? 300 : 20), async (one, i) => {
    const email = await context.request.post(`${stowgate.url}/portal/users`, { form: { name: next(100), email: `${one}@example.com` } }); // some are none
    assert.ok([200, 422].includes(email.status()), String(email.status()));
    link = await invite(opened, next(100), `user-${i}@example.com`);
    invited.push(`user-${i}@example.com`);
  });
  for (const email of invited.slice(0, 8)) await post(opened, `${at}/members`, { email, role: 'viewer' });
  for (let i = 0; i < 5; i++) {
    const agent = many(300).replaceAll('\n', ' ').replaceAll(/[^\x20-\x7e]/g, '');
    const answer = await fetch(`${stowgate.url}/portal/sign-in`, { method: 'POST', redirect: 'manual', headers: { 'user-agent': agent }, body: new URLSearchParams(operator) });
    assert.equal(answer.status, 303);
  }
  for (let i = 0; i < 20; i++) await post(opened, '/account/tokens', { name: next(100), scope: 'files:read', lifetime: '30d' });
  const device = await context.newCDPSession(page);
  await device.send('WebAuthn.enable');
  await device.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true } });
  await look({ path: '/account' });
  await page.getByLabel('Name of a new passkey').fill(next(100));
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await page.getByText('The passkey is kept').waitFor();
  await look({ path: '/users' });
  await look({ path: `/users/${between(await page.content(), '/portal/users/', '"')}` });
  await look({ path: `${at}/members` });

  // Webhooks, one of which is tried.
  for (let i = 0; i < 8; i++) await context.request.post(`${stowgate.url}/portal${at}/webhooks`, { form: { url: `http://127.0.0.1:1/?${i ? next() : encodeURI(many(600))}`, event: 'delete' } });
  await look({ path: `${at}/webhooks` });
  const hook = between(await page.content(), `/portal${at}/webhooks/`, '"');
  await post(opened, `${at}/webhooks/${hook}/test`, {});
  await look({ path: `${at}/webhooks/${hook}` });
  await look({ path: between(await page.content(), `<th scope="row"><a href="/portal`, '"') });
  await look({ path: `${at}/webhooks`, form: { url: many(500), secret: many(500) } });

  // What is typed, and shown again.
  for (let i = 0; i < (soak ? 200 : 2); i++) {
    const query = (...fields) => new URLSearchParams(fields.map((name) => [name, next()])).toString();
    await look({ path: `${at}/files?${query('name', 'type', 'order', 'tag', 'min_size', 'max_size', 'from', 'until', 'folder', 'container', 'source', 'undo', 'back', 'cursor')}` });
    await look({ path: `${at}/policies?${query('handle', 'action')}` });
    await look({ path: `${at}/policies`, form: { call: next(), minutes: next(), handle: next(), path: next(), container: next(), url: next(), max_size: next(), json: i % 2 ? many(2000) : JSON.stringify({ expiry: 4e9, handle: next(), path: next(), call: [next()] }) } });
    await look({ path: `${at}/policies`, form: { call: 'read', minutes: '5', handle: next(), container: next() } });
    await look({ path: `${at}/policies/explain`, form: { link: i % 2 ? next() : '', policy: Buffer.from(JSON.stringify({ expiry: 4e9, handle: next(), path: next(), url: next() })).toString('base64url'), signature: next(), action: next(), handle: next(), path: next(), size: next() } });
    await look({ path: `${at}/settings`, form: { name: next(100), origins: next(), types: next(), max_size: next(), retention: next() } });
    await look({ path: `${at}/audit?${query('action', 'before')}` });
    await look({ path: `${at}/insight?${query('span', 'action', 'days')}` });
    await look({ path: `/${encodeURIComponent(next())}` });
  }
  await post(opened, `${at}/settings`, { version: between(await (await context.request.get(`${stowgate.url}/portal${at}/settings`)).text(), 'name="version" value="', '"'), name: next(100) });
  await context.request.post(`${stowgate.url}/portal${at}/security`, { form: { security: 'off', version: '0', force: next() } });
  for (const path of [at, `${at}/security`, `${at}/insight`, '/jobs']) await look({ path });
  await lookThrough(`${at}/audit`);
  await lookThrough('/audit');

  // Refusals, as they come.
  await look({ path: `${at}/insight/refusals` });
  const rows = page.locator('live-refusals tbody tr');
  await each(all.slice(0, 100), async (one) => {
    const headers = { 'user-agent': next().replaceAll(/[^\x20-\x7e]/g, ''), 'x-forwarded-for': '<script>alert(1)</script>' };
    for (const path of [`api/store/S3?${new URLSearchParams({ key: app.key, filename: one, path: next(), policy: next(), signature: next() })}`,
      `api/file/${encodeURIComponent(one)}?key=${app.key}`, `${app.key}/${encodeURIComponent(one)}/${stored[2]}`, `${encodeURIComponent(one)}?${new URLSearchParams({ policy: next(), key: app.key })}`]) {
      await (await fetch(`${stowgate.url}/${path}`, { method: path.startsWith('api/store') ? 'POST' : 'GET', headers })).arrayBuffer();
    }
  });
  await until(async () => await rows.count() >= 100, 'the refusals are told of');
  wrong.push(...await page.evaluate(foreign));
  await look({ path: `${at}/insight/refusals` });

  // Who has not signed in.
  const stranger = await open(t);
  for (const path of [`/sign-in?next=${encodeURIComponent(next())}`, `/sign-in?email=${encodeURIComponent(next())}`, `/setup?${new URLSearchParams({ token: next(), name: next(), email: next() })}`,
    new URL(link).pathname.replace('/portal', '') + new URL(link).search, `/invitation?token=${encodeURIComponent(next())}`]) {
    await visit(stranger.page, stowgate, { path });
    wrong.push(...await stranger.page.evaluate(foreign));
  }

  assert.deepEqual(wrong, []);
  for (const one of [seen, stranger.seen]) {
    one.console = one.console.filter(({ text }) => !/status of 4\d\d/.test(text));
    one.clean(stowgate);
  }
  t.diagnostic(`${all.length} strings`);
});
