// Takes pictures of the portal's pages, to be looked at: node shots.mjs FOLDER [PATH...]
// A PATH is below /portal; {app} in it is an app that the script has made. Each
// comes in light, dark and narrow.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeApp, portal } from './portal-page.mjs';

const [folder = 'shots', ...paths] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
test('pictures', { timeout: 600_000 }, async (t) => {
  const { page, stowgate } = await portal(t);
  const { key } = await makeApp(page);
  for (const path of paths.length ? paths : ['/', '/new', '/apps/{app}', '/apps/{app}/security', '/apps/{app}/settings', '/nothing']) {
    await page.goto(`${stowgate.url}/portal${path.replace('{app}', key)}`);
    for (const [name, width, colorScheme] of [['light', 1200, 'light'], ['dark', 1200, 'dark'], ['narrow', 320, 'light']]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      await page.screenshot({ path: join(folder, `${path.replaceAll(/\W+/g, '-').replace(/^-|-$/g, '') || 'home'}-${name}.png`), fullPage: true });
    }
  }
});
