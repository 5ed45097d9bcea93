// filestack-adaptive as this server gives it out: its pictures come from here.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { open, serve, site, test, until } from './harness.js';
import { png } from './picker-page.mjs';

test('a picture of filestack-adaptive loads what fits, with a policy and without', async (t) => {
  const stowgate = await serve(t, { args: ['--tls-listen=127.0.0.1:0', '--tls-self-signed', '--domain=fs.localhost'] });
  const cname = new URL(/"url":"(https:[^"]+)"/.exec(stowgate.log)[1]).host;
  const pages = await site(t);
  pages.put('/favicon.ico', '');
  const served = `https://static.${cname}/adaptive/1.x/adaptive.min.js`;
  pages.put('/', `<!doctype html><html lang="en"><title>t</title><body><script src="${served}"></script>`);
  const secured = await stowgate.app({ security: 'on' });
  const plain = await stowgate.app({ security: 'off' });
  const image = png(800, 400);
  const { page, seen } = await open(t, pages.url, { ignoreHTTPSErrors: true, viewport: { width: 400, height: 400 } });

  const bytes = await page.evaluate((url) => fetch(url).then((r) => r.text()), served);
  const published = await readFile(new URL('../../web/node_modules/filestack-adaptive/build/browser/adaptive.min.js', import.meta.url));
  const digest = (of) => createHash('sha256').update(of).digest('hex');
  assert.equal(digest(bytes), digest(published), 'it is the published build');

  /** Shows a picture, and says which address the browser chose and how large what came is. */
  const show = async (handle, options) => {
    await page.evaluate(([of, o]) => {
      document.querySelectorAll('picture').forEach((old) => old.remove());
      document.body.append(fsAdaptive.fsAdaptive.picture(of, o));
    }, [handle, { cname, alt: 'a colour', ...options }]);
    const picture = page.locator('picture img');
    await until(() => picture.evaluate((img) => img.complete && img.naturalWidth > 0), `a picture with ${JSON.stringify(options)} came`, 30_000);
    return picture.evaluate((img) => ({ src: img.currentSrc, alt: img.alt, natural: img.naturalWidth }));
  };
  for (const app of [plain, secured]) {
    const { handle } = await app.store('a.png', image.bytes, { type: image.type });
    const security = app === secured ? app.sign({ call: ['read', 'convert'], handle }) : undefined;
    const task = security ? `security=policy:${security.policy},signature:${security.signature}/` : '';
    const fits = await show(handle, { sizes: { fallback: '180px' }, resolutions: [180, 540], ...(security && { security }) });
    assert.deepEqual(fits, { src: `https://cdn.${cname}/${task}resize=width:180/${handle}`, alt: 'a colour', natural: 180 });
    const made = await show(handle, { width: '60px', transforms: { blur: { amount: 3 } }, ...(security && { security }) });
    assert.deepEqual([made.src, made.natural], [`https://cdn.${cname}/blur=amount:3/${task}resize=width:60/${handle}`, 60]);
    const other = await show(handle, { formats: ['webp', 'jpg'], ...(security && { security }) });
    assert.deepEqual([other.src, other.natural], [`https://cdn.${cname}/output=format:webp/${task}${handle}`, 800]);
  }
  seen.clean(pages, `https://static.${cname}`, `https://cdn.${cname}`);

  // Without the policy that it needs, nothing comes.
  const { handle } = await secured.store('b.png', image.bytes, { type: image.type });
  await page.evaluate(([of, o]) => {
    const picture = fsAdaptive.fsAdaptive.picture(of, o);
    picture.querySelector('img').addEventListener('error', () => { window.refused = true; });
    document.body.append(picture);
  }, [handle, { cname, width: '60px' }]);
  await until(() => page.evaluate(() => window.refused), 'the picture is refused', 30_000);
});
