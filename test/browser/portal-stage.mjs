// A portal with something of everything, and the list of its pages.
import { App } from './harness.js';
import { post } from './portal-page.mjs';
import { png } from './picker-page.mjs';

/** What stands between two texts in a page, the first time. */
export const between = (html, before, after) => {
  const from = html.indexOf(before) + before.length;
  return html.slice(from, html.indexOf(after, from));
};

/** Makes an app without clicks. */
export async function quickApp(opened, name, security = 'on') {
  const html = await post(opened, '/new', { name, security });
  const [key, secret] = [...html.matchAll(/<copy-text><code[^>]*>([^<]*)</g)].map(([, text]) => text);
  return new App(opened.stowgate, key, secret, security === 'on');
}

/** Invites somebody: the link, whose origin is the server's. */
export const invite = async (opened, name, email) => between(await post(opened, '/users', { name, email }), 'once__text">', '<').replaceAll('&#43;', '+').replaceAll('&amp;', '&');

/**
 * Fills the portal: an app in use, one without security, one that is deleted, and people.
 * @returns {Promise<{app: App, pages: Record<string, {path: string, form?: object, out?: boolean}>}>}
 *   what the pages are: with form it is the answer to that, with out it is for who has not signed in
 */
export async function furnish(opened) {
  const { stowgate } = opened;
  const app = await quickApp(opened, 'Photos of the shop');
  const open = await quickApp(opened, 'First try', 'off');
  const old = await quickApp(opened, 'Old');
  const at = `/apps/${app.key}`;
  await post(opened, `/apps/${old.key}/delete`, { confirm: 'Old' });
  await post(opened, `${at}/security/secrets`, { keep: '24h' });
  await post(opened, `${at}/security/revoke`, { what: 'one', policy: app.sign({ call: ['read'], handle: 'lost' }).policy });
  await post(opened, `${at}/webhooks`, { url: 'http://127.0.0.1:1/hooks/files', event: 'upload' });
  const hook = between((await (await opened.context.request.get(`${stowgate.url}/portal${at}/webhooks`)).text()), `${at}/webhooks/`, '"');
  await post(opened, `${at}/webhooks/${hook}/test`, {});

  const picture = await app.store('A picture of the shop from the street, in winter.png', png(320, 200, 'shop.png').bytes, { type: 'image/png' });
  const note = await app.store('a-name-without-any-place-to-break-it-'.repeat(4) + '.txt', 'hello', { type: 'text/plain' });
  const trashed = await app.store('trashed.txt', 'old', { type: 'text/plain' });
  await post(opened, `${at}/files/${picture.handle}`, { name: 'A picture of the shop from the street, in winter.png', alt: 'A shop', tags: 'season=winter\nplace=street' });
  await post(opened, `${at}/files/${trashed.handle}/trash`, {});
  for (const path of [picture.handle, `resize=width:9/${picture.handle}`, 'nothinghere']) await (await fetch(`${stowgate.url}/${path}`)).arrayBuffer(); // refused
  await (await fetch(`${stowgate.url}/api/store/S3?key=Anobody`, { method: 'POST', headers: { 'content-type': 'text/plain' }, body: 'x' })).arrayBuffer(); // of no app

  const link = await invite(opened, 'Bob Without-A-Password', 'bob@example.com');
  await invite(opened, 'Eve', 'eve-with-a-long-address@departments.example.com');
  await post(opened, `${at}/members`, { email: 'bob@example.com', role: 'developer' });
  await post(opened, `${at}/members`, { email: 'eve-with-a-long-address@departments.example.com', role: 'owner' });
  await post(opened, '/account/tokens', { name: 'Backup', scope: ['files:read', 'files:write'], app: app.key, lifetime: '90d' });
  const user = between(await (await opened.context.request.get(`${stowgate.url}/portal/users`)).text(), '/portal/users/', '"');

  const get = (path) => ({ path });
  const form = (path, fields) => ({ path, form: fields });
  const { policy, signature } = app.sign({ call: ['read'] });
  return { app, pages: {
    'sign-in': { path: '/sign-in', out: true },
    'sign-in-refused': { path: '/sign-in', form: { email: 'ann@example.com', password: 'wrong' }, out: true },
    setup: { path: '/setup', out: true },
    'setup-refused': { path: '/setup', form: { email: 'x', name: '', password: 'y', token: 'z' }, out: true },
    invitation: { path: new URL(link).pathname.replace('/portal', '') + new URL(link).search, out: true },
    apps: get('/'), new: get('/new'), 'new-refused': form('/new', { name: ' ', security: 'on' }),
    'app-made': form('/new', { name: 'Another one', security: 'on' }),
    account: get('/account'), 'account-refused': form('/account/tokens', { name: 'x', lifetime: '90d' }),
    token: form('/account/tokens', { name: 'Second', scope: 'files:read', lifetime: '' }),
    users: get('/users'), 'users-refused': form('/users', { name: 'Bob', email: 'bob@example.com' }), user: get(`/users/${user}`),
    invited: form('/users', { name: 'Cid', email: 'cid@example.com' }),
    'audit-all': get('/audit'), jobs: get('/jobs'), 'refusals-all': get('/refusals'), nothing: get('/nothing'),
    overview: get(at), files: get(`${at}/files`), 'search-refused': get(`${at}/files?name=a&tag=season%3Dwinter&min_size=x`),
    'files-none': get(`${at}/files?name=zzz`), trash: get(`${at}/files?trash=on`), upload: get(`${at}/files/new`),
    file: get(`${at}/files/${picture.handle}?width=100`), note: get(`${at}/files/${note.handle}`), trashed: get(`${at}/files/${trashed.handle}`),
    policies: get(`${at}/policies`), signed: form(`${at}/policies`, { call: ['read'], minutes: '5', max_size: '5 MB' }),
    'policy-refused': form(`${at}/policies`, { minutes: 'x', json: '{' }),
    explained: form(`${at}/policies/explain`, { policy, signature, action: 'read', handle: picture.handle }),
    insight: get(`${at}/insight`), refusals: get(`${at}/insight/refusals`),
    webhooks: get(`${at}/webhooks`), webhook: get(`${at}/webhooks/${hook}`), 'webhook-refused': form(`${at}/webhooks`, { url: 'x' }),
    security: get(`${at}/security`), secret: form(`/apps/${open.key}/security/secrets`, { keep: '1h' }), 'security-off': get(`/apps/${open.key}/security`),
    settings: get(`${at}/settings`), 'settings-refused': form(`${at}/settings`, { name: '', max_size: 'much', origins: 'x', types: 'x', retention: 'x', version: '1' }),
    deleted: get(`/apps/${old.key}/settings`), members: get(`${at}/members`), 'members-refused': form(`${at}/members`, { email: 'no@example.com', role: 'owner' }),
    audit: get(`${at}/audit`),
  } };
}

/** Opens one of the pages: the status of its answer. */
export async function visit(page, stowgate, { path, form }) {
  if (!form) return (await page.goto(`${stowgate.url}/portal${path}`)).status();
  if (!page.url().startsWith(stowgate.url)) await page.goto(`${stowgate.url}/portal/sign-in`); // from where a form may be sent
  const gone = page.waitForNavigation();
  await page.evaluate(({ path, form }) => {
    const made = Object.assign(document.createElement('form'), { method: 'post', action: `/portal${path}` });
    for (const [name, value] of Object.entries(form)) for (const one of [value].flat()) made.append(Object.assign(document.createElement('input'), { type: 'hidden', name, value: one }));
    document.body.append(made);
    made.submit();
  }, { path, form });
  return (await gone).status();
}
