// Takes pictures of the portal's pages, to be looked at: node shots.mjs FOLDER [NAME...]
// A NAME is one of portal-stage.mjs, or a path below /portal, in which {app} is
// an app in use. Each comes in light, dark and narrow.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { open } from './harness.js';
import { portal } from './portal-page.mjs';
import { furnish, visit } from './portal-stage.mjs';

const [folder = 'shots', ...names] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
test('pictures', { timeout: 600_000 }, async (t) => {
  const opened = await portal(t, { server: { args: ['--webhook-retry=1ms'] } });
  const { app, pages } = await furnish(opened);
  const stranger = await open(t);
  for (const name of names.length ? names : Object.keys(pages)) {
    const one = pages[name] ?? { path: name.replace('{app}', app.key) };
    const { page } = one.out ? stranger : opened;
    await visit(page, opened.stowgate, one);
    for (const [look, width, colorScheme] of [['light', 1200, 'light'], ['dark', 1200, 'dark'], ['narrow', 320, 'light']]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 800 });
      await page.screenshot({ path: join(folder, `${name.replaceAll(/\W+/g, '-').replace(/^-|-$/g, '') || 'home'}-${look}.png`), fullPage: true });
    }
  }
});
