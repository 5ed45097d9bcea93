// Who may come in: invitations and roles, one's own account, passkeys.
import assert from 'node:assert/strict';
import { open, test } from './harness.js';
import { makeApp, operator, portal, signIn } from './portal-page.mjs';

const bob = { name: 'Bob', email: 'bob@example.com', password: 'a sentence only bob knows' };

/** What a page says of the statuses that a test asked for is no complaint. */
const expect = (seen, ...statuses) => { seen.console = seen.console.filter(({ text }) => !statuses.some((status) => text.includes(`status of ${status}`))); };

test('somebody is invited, gets a role, and loses it', async (t) => {
  const { page, seen, stowgate } = await portal(t);
  const { key } = await makeApp(page);
  const app = `${stowgate.url}/portal/apps/${key}`;
  await page.getByRole('link', { name: 'People' }).click();
  await page.getByLabel('Name').fill(bob.name);
  await page.getByLabel('E-mail').fill(operator.email);
  await page.getByRole('button', { name: 'Make an invitation' }).click();
  await page.getByRole('alert').getByText(`There is a user ${operator.email} already`).waitFor();
  await page.getByLabel('E-mail').fill(bob.email);
  await page.getByRole('button', { name: 'Make an invitation' }).click();
  await page.getByRole('heading', { name: 'An invitation for Bob' }).waitFor();
  const link = await page.locator('.once__text').textContent();
  assert.ok(link.startsWith(`${stowgate.url}/portal/invitation?token=`), link);

  const other = await open(t, link);
  await other.page.getByText(bob.email).waitFor();
  await other.page.getByLabel('Password').fill('short');
  await other.page.getByRole('button', { name: 'Set the password' }).click();
  await other.page.locator('.field__wrong').getByText('The password needs at least').waitFor();
  await other.page.getByText(bob.email).waitFor(); // still for him
  await other.page.getByLabel('Password').fill(bob.password);
  await other.page.getByRole('button', { name: 'Set the password' }).click();
  await other.page.getByText('No app has been shared with you yet').waitFor();
  for (const name of ['People', 'Jobs', 'Audit log', 'New app']) assert.equal(await other.page.getByRole('link', { name }).count(), 0, name);
  for (const path of ['/users', '/audit', '/new', `/apps/${key}`]) {
    const answer = await other.page.goto(`${stowgate.url}/portal${path}`);
    assert.ok([403, 404].includes(answer.status()), `${path}: ${answer.status()}`);
    assert.ok(!(await other.page.content()).includes('Shop'), path);
  }
  const again = await open(t, link);
  await again.page.getByText('This invitation was used, or is too old').waitFor();

  await page.goto(`${app}/members`);
  await page.getByLabel('E-mail').fill('nobody@example.com');
  await page.getByRole('button', { name: 'Give the role' }).click();
  await page.getByRole('alert').getByText('There is no user nobody@example.com').waitFor();
  await page.getByLabel('E-mail').fill(bob.email);
  await page.getByLabel('Role').selectOption('developer');
  await page.getByRole('button', { name: 'Give the role' }).click();
  await page.getByRole('row', { name: /Bob.*developer/ }).waitFor();

  await other.page.goto(`${stowgate.url}/portal/`);
  await signIn(other.page, bob); // whose role changes does so again
  await other.page.getByRole('link', { name: 'Shop' }).click();
  await other.page.getByRole('heading', { name: 'Shop' }).waitFor();
  assert.equal(await other.page.getByRole('link', { name: 'Members' }).count(), 0);
  assert.equal((await other.page.goto(`${app}/members`)).status(), 403);
  await other.page.goto(`${app}/security`);
  await other.page.getByRole('heading', { name: /Security is/ }).waitFor();
  assert.equal(await other.page.locator('main form').count(), 0);
  await other.page.goto(`${app}/settings`);
  await other.page.getByText('An owner of the app can change these').waitFor();
  assert.equal(await other.page.locator('main form').count(), 0);
  const forged = await other.page.evaluate((url) => fetch(url, { method: 'POST' }).then((r) => r.status), `${app}/security/secrets`);
  assert.equal(forged, 403);

  await page.getByRole('button', { name: 'Take the role of Bob' }).click();
  await page.getByText('Nobody has a role here yet').waitFor();
  await other.page.goto(app);
  await other.page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await signIn(other.page, bob);
  await other.page.getByRole('heading', { name: 'Not found' }).or(other.page.getByRole('heading', { name: 'Not allowed' })).waitFor();
  expect(seen, 422);
  expect(other.seen, 422, 403, 404);
  seen.clean(stowgate);
  other.seen.clean(stowgate);
});

test("one's own account: name, password, sessions, API tokens", async (t) => {
  const { page, seen, stowgate } = await portal(t);
  const account = `${stowgate.url}/portal/account`;
  const other = await open(t, account);
  await signIn(other.page, operator);
  await other.page.getByRole('heading', { name: 'Your account' }).waitFor();
  await page.goto(account);
  assert.equal(await page.getByRole('row', { name: /this one/ }).count(), 1);

  await page.getByLabel('Name', { exact: true }).first().fill('Ann the First');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  assert.equal(await page.locator('.portal__me a').textContent(), 'Ann the First');

  await page.getByLabel('Current password').fill('wrong');
  await page.getByLabel('New password').fill('a fresh sentence for ann');
  await page.getByRole('button', { name: 'Change the password' }).click();
  await page.getByText('This is not the password so far').waitFor();
  await page.getByLabel('Current password').fill(operator.password);
  await page.getByLabel('New password').fill('aaaaaaaaaaaaaaaaaaaa');
  await page.getByRole('button', { name: 'Change the password' }).click();
  await page.getByText('different characters').waitFor();
  await page.getByLabel('Current password').fill(operator.password);
  await page.getByLabel('New password').fill('a fresh sentence for ann');
  await page.getByRole('button', { name: 'Change the password' }).click();
  await page.getByText('The password is changed, and all other sessions have ended').waitFor();
  await other.page.reload();
  await signIn(other.page, operator); // the old password
  await other.page.getByRole('alert').getByText('The e-mail address or the password is wrong').waitFor();
  await signIn(other.page, { ...operator, password: 'a fresh sentence for ann' });
  await other.page.getByRole('heading', { name: 'Your account' }).waitFor();

  await page.reload();
  await page.getByRole('button', { name: 'End all others' }).click();
  await page.getByText('All other sessions have ended').waitFor();
  assert.equal(await page.getByRole('button', { name: 'End all others' }).count(), 0);
  await other.page.reload();
  await other.page.getByRole('heading', { name: 'Sign in' }).waitFor();

  await page.getByText('Make a token').click();
  await page.getByLabel('Name', { exact: true }).last().fill('Backup');
  await page.getByRole('button', { name: 'Make the token' }).click();
  await page.getByText('The token needs at least one scope').waitFor();
  assert.equal(await page.getByLabel('Name', { exact: true }).last().inputValue(), 'Backup');
  await page.getByLabel('files:read').check();
  await page.getByRole('button', { name: 'Make the token' }).click();
  const token = await page.locator('.once__text').textContent();
  assert.match(token, /^sg\w_/);
  await page.goto(account);
  assert.ok(!(await page.content()).includes(token), 'it was shown once');
  await page.getByRole('row', { name: /Backup.*files:read/ }).waitFor();
  await page.getByRole('button', { name: 'End Backup' }).click();
  await page.getByText('The token has ended').waitFor();
  assert.equal(await page.getByRole('row', { name: /Backup/ }).count(), 0);
  assert.ok(!stowgate.log.includes(token));
  expect(seen, 422);
  expect(other.seen, 422);
  seen.clean(stowgate);
  other.seen.clean(stowgate);
});

test('passkeys: one is made, signs in, and is removed', async (t) => {
  const { page, context, seen, stowgate } = await portal(t, { named: true });
  const device = await context.newCDPSession(page);
  await device.send('WebAuthn.enable');
  const { authenticatorId } = await device.send('WebAuthn.addVirtualAuthenticator', { options: {
    protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true,
  } });
  const account = `${stowgate.url}/portal/account`;
  await page.goto(account);
  const add = page.getByRole('button', { name: 'Add a passkey' });
  await device.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
  await add.click();
  await page.getByRole('alert').getByText('given up, or took too long').waitFor();
  await device.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true });
  await page.getByLabel('Name of a new passkey').fill('My <laptop>');
  await add.click();
  await page.getByText('The passkey is kept').waitFor();
  await page.getByRole('row', { name: /My <laptop>.*never/ }).waitFor();
  await add.click();
  await page.getByRole('alert').getByText('This device has a passkey for this account already').waitFor();

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('You have signed out').waitFor();
  await page.goto(account);
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.getByRole('heading', { name: 'Your account' }).waitFor();
  assert.equal(page.url(), account, 'where it was going');
  await page.getByRole('row', { name: /My <laptop>/ }).getByText('UTC').nth(1).waitFor();

  await page.getByRole('button', { name: 'Remove My <laptop>' }).click();
  await page.getByText('The passkey is removed').waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.getByRole('alert').getByText('The passkey was not accepted').waitFor();
  await signIn(page, operator);
  await page.getByRole('heading', { name: 'Apps' }).waitFor();
  expect(seen, 422);
  seen.clean(stowgate);
});
