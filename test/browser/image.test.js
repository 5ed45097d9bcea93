// Images in a real browser: every pixel operation of web/image, in the worker and beside the page.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { editorPage } from './editor.page.js';
import { test, corpora, soak } from './harness.js';
import { part } from './parts.js';

// Worked on in the page itself, by a worker, and in the page because there is no worker where it should be.
const ways = { 'beside the page': '', 'in a worker': '/parts/', 'after a worker that is not there': '/nowhere/' };

/** A page with web/image as window.image, which works in one of the ways. */
async function imagePage(t, base) {
  const opened = await part(t, editorPage);
  await opened.page.evaluate((base) => base && image.workFrom(location.origin + base), base);
  return opened;
}

for (const [way, base] of Object.entries(ways)) {
  test(`edits change the right pixels, ${way}`, async (t) => {
    const { page, pages, seen } = await imagePage(t, base);
    const edited = (type, edit, points) => page.evaluate(async ([type, edit, points]) => {
      const blob = await quarters(120, 80, type);
      return look(await image.render(blob, { originalWidth: 120, originalHeight: 80, ...edit }), points);
    }, [type, edit, points]);
    for (const [edit, width, height, colours] of [
      [{ rotate: 90 }, 80, 120, 'brwg'],
      [{ rotate: 180 }, 120, 80, 'wbgr'],
      [{ rotate: 270 }, 80, 120, 'gwrb'],
      [{ flip: true }, 120, 80, 'bwrg'],
      [{ flop: true }, 120, 80, 'grwb'],
      [{ flop: true, rotate: 90 }, 80, 120, 'wgbr'],
      [{ crop: { x: 60, y: 0, width: 60, height: 40 } }, 60, 40, 'gggg'],
      [{ crop: { x: 30, y: 20, width: 60, height: 40 }, rotate: 90 }, 40, 60, 'brwg'],
      [{ resize: { width: 33, height: 99 } }, 33, 99, 'rgbw'],
      [{ rotate: 90, resize: { width: 30, height: 70 } }, 30, 70, 'brwg'],
      [{ crop: { x: 100, y: 70, width: 900, height: 900 } }, 20, 10, 'wwww'],
    ]) {
      for (const type of ['image/png', 'image/jpeg']) {
        assert.deepEqual(await edited(type, edit), { width, height, type, colours }, JSON.stringify(edit));
      }
    }
    const around = [[.02, .02], [.98, .98], [.25, .25], [.75, .75]];
    const circle = { circle: true, crop: { x: 20, y: 0, width: 80, height: 80 } };
    assert.deepEqual(await edited('image/jpeg', circle, around), { width: 80, height: 80, type: 'image/png', colours: '--rw' });
    assert.equal((await edited('image/png', { rotate: 45 }, around)).colours.slice(0, 2), '--');
    assert.equal((await edited('image/jpeg', { rotate: 45 }, around)).colours.slice(0, 2), 'ww');

    await assert.rejects(page.evaluate(() => image.render(new Blob(['no image'], { type: 'image/png' }), { originalWidth: 1, originalHeight: 1 })), /cannot be edited/);
    assert.equal((await edited('image/png', { rotate: 180 })).colours, 'wbgr', 'after a failure');
    const asked = pages.hits.filter((h) => h.path.endsWith('/worker.js')).map((h) => h.path);
    assert.deepEqual(asked, base ? [`${base}worker.js`] : [], 'a worker is asked for once, where it should be');
    if (base !== '/nowhere/') seen.clean(pages);
  });
}

test('orientations are applied exactly once', async (t) => {
  const { page } = await imagePage(t, '/parts/');
  for (let orientation = 1; orientation <= 8; orientation++) {
    const results = await page.evaluate(async (orientation) => {
      // A picture that is right when looked at: stored as a camera with that orientation would.
      const plain = await quarters(120, 80, 'image/jpeg');
      const wide = orientation < 5 ? { width: 120, height: 80 } : { width: 80, height: 120 };
      const back = [{}, {}, { flop: true }, { rotate: 180 }, { flip: true }, { flip: true, rotate: 90 }, { rotate: 270 }, { flop: true, rotate: 90 }, { rotate: 90 }][orientation];
      const stored = await image.render(plain, { ...back, originalWidth: 120, originalHeight: 80 });
      const exif = new Uint8Array([0xff, 0xe1, 0, 34, 0x45, 0x78, 0x69, 0x66, 0, 0, 0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0]);
      const photo = new Blob([stored.slice(0, 2), exif, stored.slice(2)], { type: 'image/jpeg' });
      const { bitmap, ...size } = await image.picture(photo, 60);
      const stripped = await image.prepareImage(photo, { strip: true });
      const kept = await image.prepareImage(photo, { strip: true, keepOrientation: true });
      return {
        stored: (await createImageBitmap(stored)).width === wide.width, orientation: await image.orientation(photo),
        size, thumbnail: [bitmap.width, bitmap.height],
        same: await image.prepareImage(photo, { max: [120, 80] }) === photo,
        small: await look(await image.prepareImage(photo, { max: [60, null] })),
        edited: await look(await image.render(photo, { crop: { x: 0, y: 0, width: 60, height: 80 }, originalWidth: 120, originalHeight: 80 })),
        stripped: await look(stripped), strippedSays: await image.orientation(stripped),
        kept: await look(kept), keptSays: await image.orientation(kept), keptGrew: kept.size - stored.size,
      };
    }, orientation);
    const whole = { width: 120, height: 80, type: 'image/jpeg', colours: 'rgbw' };
    const { keptGrew, ...rest } = results;
    assert.deepEqual(rest, {
      stored: true, orientation, size: { width: 120, height: 80 }, thumbnail: [60, 40], same: true,
      small: { ...whole, width: 60, height: 40 },
      edited: { ...whole, width: 60, colours: 'rrbb' },
      stripped: whole, strippedSays: 1, kept: whole, keptSays: orientation,
    }, `orientation ${orientation}`);
    assert.ok(keptGrew <= 36, 'what is kept is the orientation alone, and no pixel is coded again');
  }
});

test('photos of the corpora stand upright', async (t) => {
  const folder = corpora(t, 'exif-orientation');
  if (!folder) return;
  const { page, pages } = await imagePage(t, '/parts/');
  for (const name of await readdir(folder)) {
    pages.put('/photo', await readFile(join(folder, name)), { headers: { 'content-type': 'image/jpeg' } });
    const size = await page.evaluate(async () => {
      const photo = await fetch('/photo').then((r) => r.blob());
      const { bitmap, width, height } = await image.picture(photo, 100);
      const resized = await createImageBitmap(await image.prepareImage(photo, { max: [200, 200] }));
      return { image: width > height, thumbnail: bitmap.width > bitmap.height, resized: resized.width > resized.height };
    });
    const landscape = name.startsWith('Landscape');
    assert.deepEqual(size, { image: landscape, thumbnail: landscape, resized: landscape }, name);
  }
});

test('images are made ready, or left alone', async (t) => {
  const { page } = await imagePage(t, '/parts/');
  const results = await page.evaluate(async () => {
    const png = await quarters(400, 200);
    const jpeg = await quarters(400, 200, 'image/jpeg');
    const webp = await quarters(400, 200, 'image/webp');
    const bmp = new Blob([Uint8Array.from([66, 77, 70, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 0, 24, 0, 0, 0, 0, 0, 16, 0, 0, 0,
      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 0, 0, 255, 255, 255, 0, 0, 0, 0, 255, 0, 255, 0, 0, 0])], { type: 'image/bmp' });
    const svg = new Blob(['<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'], { type: 'image/svg+xml' });
    const gif = new Blob([Uint8Array.from(atob('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7'), (c) => c.charCodeAt(0))], { type: 'image/gif' });
    const broken = new Blob([png.slice(0, 60)], { type: 'image/png' });
    const untouched = async (blob, how) => await image.prepareImage(blob, how) === blob;
    return {
      jpeg: await look(await image.prepareImage(jpeg, { max: [100, 100] })),
      png: await look(await image.prepareImage(png, { dim: [null, 50] })),
      larger: await look(await image.prepareImage(png, { min: [800, 100] })),
      bmp: await look(await image.prepareImage(bmp, { dim: [20, 20] })),
      untouched: [
        await untouched(png, { max: [400, 200] }), await untouched(png, { strip: true }), await untouched(png, {}),
        await untouched(svg, { max: [1, 1] }), await untouched(gif, { min: [100, 100] }), await untouched(webp, { max: [10, 10] }),
        await untouched(broken, { max: [10, 10] }), await untouched(new Blob(['text']), { max: [1, 1], strip: true }),
      ],
      thumbnails: [svg, broken, new Blob([])].length - (await Promise.all([svg, broken, new Blob([])].map((b) => image.thumbnail(b, 50)))).filter((b) => !b).length,
      gif: (await image.thumbnail(gif, 50)).width,
      webp: (await image.thumbnail(webp, 50)).width,
      aborted: await image.thumbnail(png, 50, AbortSignal.abort()),
      names: [image.nameFor('a.b.jpg', jpeg, png), image.nameFor('x.heic', new Blob([], { type: 'image/heic' }), jpeg), image.nameFor('a.jpg', jpeg, jpeg), image.nameFor('noending', jpeg, png), image.nameFor('A.JPEG', new Blob([]), jpeg), image.nameFor('.png', png, jpeg)],
    };
  });
  assert.deepEqual(results, {
    jpeg: { width: 100, height: 50, type: 'image/jpeg', colours: 'rgbw' },
    png: { width: 100, height: 50, type: 'image/png', colours: 'rgbw' },
    larger: { width: 800, height: 400, type: 'image/png', colours: 'rgbw' },
    bmp: { width: 20, height: 20, type: 'image/png', colours: 'rgbw' },
    untouched: Array(8).fill(true),
    thumbnails: 0, gif: 1, webp: 50, aborted: undefined,
    names: ['a.b.png', 'x.jpg', 'a.jpg', 'noending.png', 'A.JPEG', '.png.jpg'],
  });
});

test('what is made smaller keeps its fine detail as an even grey', async (t) => {
  const { page } = await imagePage(t, '');
  const spread = await page.evaluate(async () => {
    const canvas = new OffscreenCanvas(1600, 1600);
    const context = canvas.getContext('2d');
    for (let y = 0; y < 1600; y += 2) context.fillRect(0, y, 1600, 1); // lines of one pixel
    context.globalCompositeOperation = 'destination-over';
    context.fillStyle = '#fff';
    context.fillRect(0, 0, 1600, 1600);
    const small = await createImageBitmap(await image.prepareImage(await canvas.convertToBlob(), { max: [190, 190] }));
    const seen = new OffscreenCanvas(190, 190).getContext('2d');
    seen.drawImage(small, 0, 0);
    const greys = seen.getImageData(10, 10, 170, 170).data.filter((_, i) => i % 4 === 0);
    return Math.max(...greys) - Math.min(...greys);
  });
  assert.ok(spread <= 12, `greys differ by ${spread}, want an even grey`);
});

test('images claiming to be enormous are not tried', async (t) => {
  const { page } = await imagePage(t, '');
  const [found, tried] = await page.evaluate(async () => {
    const bomb = new DataView(new ArrayBuffer(64));
    [0x89504e47, 0x0d0a1a0a, 13, 0x49484452, 60_000, 60_000].forEach((n, i) => bomb.setUint32(4 * i, n));
    let tried = 0;
    const { createImageBitmap } = window;
    window.createImageBitmap = (...values) => { tried++; return createImageBitmap(...values); };
    await image.thumbnail(await quarters(10, 10), 50);
    const before = tried;
    return [await image.thumbnail(new Blob([bomb], { type: 'image/png' }), 50), [before, tried - before]];
  });
  assert.equal(found, undefined);
  assert.deepEqual(tried, [1, 0], 'the one that can be shown is decoded');
});

test('the page is never held up', { skip: !soak && 'only with STOWGATE_SOAK=1' }, async (t) => {
  for (const base of ['', '/parts/']) {
    const { page } = await imagePage(t, base);
    await page.evaluate(async () => {
      const canvas = new OffscreenCanvas(4000, 3000); // what phones take
      const context = canvas.getContext('2d');
      for (let i = 0; i < 3000; i++) {
        context.fillStyle = `hsl(${i * 7}, 70%, 50%)`;
        context.fillRect((i * 97) % 4000, (i * 31) % 3000, 90, 60);
      }
      window.photo = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.9 });
      await image.thumbnail(photo, 10); // what is loaded once is not measured
    });
    const once = () => page.evaluate(async () => {
      await new Promise((done) => setTimeout(done, 500));
      const tasks = [];
      const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map((e) => e.duration)));
      observer.observe({ type: 'longtask' });
      const size = { originalWidth: 4000, originalHeight: 3000 };
      await Promise.all([
        image.thumbnail(photo, 200), image.prepareImage(photo, { max: [1920, 1080] }), image.prepareImage(photo, { strip: true }),
        image.render(photo, { rotate: 90, ...size }), image.render(photo, { circle: true, crop: { x: 500, y: 0, width: 3000, height: 3000 }, ...size }),
      ]);
      await new Promise((done) => setTimeout(done, 300));
      return tasks;
    });
    // Other tests may keep the machine busy for a while: what shares its processors takes longer, by so much.
    const late = async () => {
      const limit = 50 * Math.max(1, loadavg()[0] / cpus().length);
      return (await once()).filter((ms) => ms > limit);
    };
    let tasks = await late();
    for (let more = 4; more && tasks.length; more--) tasks = await late();
    t.diagnostic(`${base || 'beside the page'}: tasks too long: ${tasks.join(', ') || 'none'}`);
    assert.deepEqual(tasks, []);
  }
});
