// Camera, microphone and screen alone, with Chromium's pretended devices.
import assert from 'node:assert/strict';
import { capturePage } from './capture.page.js';
import { test, until } from './harness.js';
import { contrast, findings, part } from './parts.js';

/** The component for a kind of source. */
async function capture(t, kind, options) {
  const opened = await part(t, capturePage, options);
  await opened.page.evaluate((kind) => window.capture(kind), kind);
  return { ...opened, button: (name) => opened.page.getByRole('button', { name, exact: true }) };
}

/** The states of all tracks that were ever opened. */
const tracks = (page) => page.evaluate(() => window.tracks.map((track) => track.readyState));
const allEnded = async (page) => {
  const states = await tracks(page);
  return states.length > 0 && states.every((state) => state === 'ended');
};

/** Plays what was taken from an address, as another page would, and says what it is. */
const played = (page) => page.evaluate(async () => {
  const { blob, name } = window.taken;
  const player = document.createElement(blob.type.split('/')[0]);
  player.muted = true;
  const failed = new Promise((_, no) => { player.onerror = () => no(new Error(`cannot play ${blob.type}`)); });
  player.src = URL.createObjectURL(blob);
  player.playbackRate = 4;
  await Promise.race([player.play(), failed]);
  await Promise.race([new Promise((done) => { player.onended = done; }), failed]);
  return { type: blob.type, name, size: blob.size, seconds: player.currentTime, width: player.videoWidth, height: player.videoHeight };
});

const withMedia = { csp: "default-src 'self'; media-src 'self' blob:" };

test('a photo after a count-down, by keyboard alone', async (t) => {
  const { page, pages, seen, button } = await capture(t, 'webcam');
  await button('Take Photo').focus();
  await page.evaluate(() => {
    window.said = [];
    new MutationObserver(() => said.push(document.querySelector('[role=status]')?.textContent)).observe(document, { subtree: true, childList: true, characterData: true });
  });
  await page.keyboard.press('Enter');
  await button('Use Photo').waitFor();
  const said = await page.evaluate(() => said.filter((text, i) => text !== said[i - 1]));
  assert.deepEqual(said, ['Photo in 3', 'Photo in 2', 'Photo in 1', 'The photo is taken.']);
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Use Photo');
  assert.ok(await allEnded(page), 'the camera is off while the photo is looked at');
  await page.keyboard.press('Enter');
  const photo = await page.evaluate(async () => {
    const { blob, name } = window.taken;
    const { width, height } = await createImageBitmap(blob);
    return { type: blob.type, name, width, height };
  });
  assert.match(photo.name, /^photo-\d{4}(-\d\d){5}\.jpg$/);
  assert.equal(photo.type, 'image/jpeg');
  assert.ok(photo.width >= 640 && photo.height >= 480, `${photo.width} × ${photo.height}`);
  seen.clean(pages);
});

test('retaken, at once, and the count-down given up', async (t) => {
  const { page, button } = await capture(t, 'webcam');
  await button('Take Photo').click();
  await button('Cancel').click();
  await page.getByLabel('Count down').uncheck();
  await button('Take Photo').click();
  await button('Retake').click();
  await button('Take Photo').waitFor();
  assert.equal(await page.evaluate(() => window.taken), undefined);
  assert.equal((await tracks(page)).filter((state) => state === 'live').length, 1);
});

test('the preview is a mirror', async (t) => {
  const { page, button } = await capture(t, 'webcam');
  await button('Take Photo').waitFor();
  assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector('video')).transform), 'matrix(-1, 0, 0, 1, 0, 0)');
});

test('another camera and microphone may be chosen', async (t) => {
  const { page, button } = await capture(t, 'video');
  await button('Record Video').waitFor();
  for (const [label, kind] of [['Camera', 'video'], ['Microphone', 'audio']]) {
    const choice = page.getByRole('combobox', { name: label });
    const used = () => page.evaluate((kind) => window.tracks.findLast((track) => track.kind === kind).getSettings().deviceId, kind);
    assert.equal(await choice.inputValue(), await used(), 'the one that is used is shown');
    const other = await choice.locator('option').last().getAttribute('value');
    assert.notEqual(other, await used());
    await choice.selectOption(other);
    await until(async () => await used() === other, `the other ${label}`);
    await until(async () => await choice.inputValue() === other, `the other ${label} is shown`);
  }
  assert.equal((await tracks(page)).filter((state) => state === 'live').length, 2, 'the others are released');
});

test('a phone changes between its front and back cameras', async (t) => {
  const { page, button } = await capture(t, 'webcam', { hasTouch: true });
  await button('Take Photo').waitFor();
  // Chromium's pretended cameras look nowhere; these say where, as a phone's do.
  await page.evaluate(() => {
    const settings = MediaStreamTrack.prototype.getSettings;
    const asked = navigator.mediaDevices.getUserMedia;
    let facing = 'user';
    navigator.mediaDevices.getUserMedia = (wanted) => { facing = wanted.video.facingMode; return asked.call(navigator.mediaDevices, wanted); };
    MediaStreamTrack.prototype.getSettings = function of() { return { ...settings.call(this), facingMode: facing }; };
    window.stop();
    window.capture('webcam');
  });
  const mirror = () => page.evaluate(() => getComputedStyle(document.querySelector('video')).transform);
  await button('Back Camera').click();
  await button('Front Camera').waitFor();
  assert.equal(await mirror(), 'none', 'only people look at themselves in mirrors');
  await button('Front Camera').click();
  await button('Back Camera').waitFor();
  assert.notEqual(await mirror(), 'none');
});

for (const [kind, begin, name] of [['video', 'Record Video', /^video-.*\.(mp4|webm)$/], ['audio', 'Record Audio', /^audio-.*\.(m4a|webm|ogg)$/]]) {
  test(`${kind} is recorded, played and can be decoded`, async (t) => {
    const { page, pages, seen, button } = await capture(t, kind, withMedia);
    await button(begin).click();
    await page.getByRole('timer').filter({ hasNotText: /0:0[01]/ }).waitFor();
    await page.waitForFunction(() => pieces > 0);
    await until(() => page.getByRole('meter').evaluate((meter) => meter.value > 0.1), 'a level of the beep');
    await button('Stop').click();
    await page.getByRole('button', { name: /^Play the recording 0:(?!0[01])\d\d$/ }).click();
    assert.ok(await allEnded(page), 'the devices are off while the recording is played');
    const seconds = await page.evaluate(async () => {
      const player = document.querySelector('.capture video, .capture audio');
      await new Promise((done) => { player.onended = done; });
      return player.duration;
    });
    assert.ok(seconds > 1 && seconds < 100, `${seconds} s`); // and not what is unknown
    await button('Use Recording').click();
    const made = await played(page);
    assert.match(made.name, name);
    assert.ok(made.seconds > 0.5 && made.size > 1000, JSON.stringify(made));
    if (kind === 'video') assert.deepEqual([made.width, made.height], [640, 480]);
    seen.clean(pages);
  });

  test(`${kind} is recorded on a strict page, where sound can be played and video cannot`, async (t) => {
    const { page, pages, seen, button } = await capture(t, kind);
    await button(begin).click();
    await page.waitForFunction(() => pieces > 0);
    await button('Stop').click();
    await button('Use Recording').waitFor();
    seen.clean(pages);
    await page.evaluate(() => {
      window.heard = 0;
      const { start } = AudioBufferSourceNode.prototype;
      AudioBufferSourceNode.prototype.start = function () {
        window.heard += this.buffer.duration;
        this.addEventListener('ended', () => { window.ended = true; });
        start.call(this);
      };
    });
    await page.getByRole('button', { name: /Play/ }).click();
    if (kind === 'audio') {
      await until(() => page.evaluate(() => heard > 0.5 && window.ended), 'it is heard to its end', 30_000);
      await page.getByRole('button', { name: /Play/ }).waitFor();
    } else await page.getByText('This page does not allow the recording to be played').waitFor();
    await button('Use Recording').click();
    assert.match(await page.evaluate(() => window.taken.name), name);
  });
}

test('a screen is shared after a click, taken and recorded, with the microphone', async (t) => {
  const { page, button } = await capture(t, 'screen', withMedia);
  assert.deepEqual(await tracks(page), [], 'nobody is asked before a click');
  await page.getByLabel('Record my microphone too').check();
  await button('Choose What to Share').click();
  await button('Take Screenshot').click();
  await button('Use Photo').click();
  assert.match(await page.evaluate(() => window.taken.name), /^screen-.*\.jpg$/);
  assert.ok(await allEnded(page));

  await button('Retake').click();
  await button('Choose What to Share').click();
  await button('Record Screen').click();
  await page.waitForFunction(() => pieces > 0);
  // The person ends the sharing in the browser's own bar.
  await page.evaluate(() => { for (const track of window.tracks) if (track.kind === 'video') track.dispatchEvent(new Event('ended')); });
  await button('Use Recording').click();
  const made = await played(page);
  assert.match(made.name, /^screen-.*\.webm$/);
  assert.ok(made.seconds > 0.5 && made.width > 0, JSON.stringify(made));
  assert.ok(await allEnded(page), 'the microphone too');
});

test('devices are released when the view goes away, whatever it was doing', async (t) => {
  for (const [kind, doing] of [['webcam', 'Take Photo'], ['video', 'Record Video'], ['audio', ''], ['webcam', undefined]]) {
    const { page, button } = await capture(t, kind);
    if (doing) await button(doing).click();
    else if (doing === '') await page.getByRole('meter').waitFor();
    await page.evaluate(() => window.stop());
    await until(() => page.evaluate(() => window.tracks.length === 0 || window.tracks.every((track) => track.readyState === 'ended')), `${kind} released`);
    if (doing !== undefined) assert.ok(await allEnded(page));
  }
});

test('what stands in the way is explained', async (t) => {
  const heading = (page, name) => page.getByRole('heading', { name }).waitFor();
  // The page's own policy forbids it, as a person would.
  const denied = { headers: { 'permissions-policy': 'camera=(), microphone=(), display-capture=()' } };
  for (const [kind, title] of [['webcam', 'Webcam Disabled'], ['video', 'Webcam Disabled'], ['audio', 'Microphone Disabled']]) {
    const { page, button } = await capture(t, kind, denied);
    await heading(page, title);
    await button('Try again').click();
    await heading(page, title);
  }
  const screen = await capture(t, 'screen', denied);
  await screen.button('Choose What to Share').click();
  await heading(screen.page, 'Nothing Is Shared');

  const { page, button } = await capture(t, 'webcam');
  await button('Take Photo').waitFor();
  for (const [name, title] of [['NotFoundError', 'No Webcam Found'], ['NotReadableError', 'Device in Use'], ['TypeError', 'Nothing Was Recorded']]) {
    await page.evaluate((name) => {
      window.stop();
      navigator.mediaDevices.getUserMedia = async () => { throw name === 'TypeError' ? new TypeError('no') : new DOMException('no', name); };
      window.capture('webcam');
    }, name);
    await heading(page, title);
  }
  const shown = async (change, title) => {
    await page.evaluate((change) => {
      window.stop();
      if (change === 'insecure') Object.defineProperty(window, 'isSecureContext', { value: false, configurable: true });
      else Object.defineProperty(navigator, 'mediaDevices', { value: undefined, configurable: true });
      window.capture('webcam');
    }, change);
    await heading(page, title);
    assert.equal(await button('Try again').count(), 0, 'what cannot help is not offered');
  };
  await shown('unsupported', 'Webcam Not Supported');
  await shown('insecure', 'Secure Page Needed');
});

test('a camera that is unplugged', async (t) => {
  const { page, button } = await capture(t, 'webcam');
  await button('Take Photo').waitFor();
  await page.evaluate(() => { window.tracks[0].dispatchEvent(new Event('ended')); });
  await page.getByRole('heading', { name: 'No Webcam Found' }).waitFor();
  await button('Try again').click();
  await button('Take Photo').waitFor();
});

test('axe finds nothing in any state, light or dark', async (t) => {
  const { page, button } = await capture(t, 'webcam', { reducedMotion: 'reduce' });
  const states = [];
  const look = async (state) => {
    await page.emulateMedia({ colorScheme: 'light' });
    const light = await findings(page);
    await page.emulateMedia({ colorScheme: 'dark' });
    states.push(...[...light, ...await findings(page, contrast)].map((f) => `${state}: ${f}`));
  };
  await button('Take Photo').waitFor();
  await look('camera');
  await page.getByLabel('Count down').uncheck();
  await button('Take Photo').click();
  await button('Use Photo').waitFor();
  await look('photo');
  await page.evaluate(() => { window.stop(); window.capture('audio'); });
  await button('Record Audio').click();
  await page.getByRole('timer').waitFor();
  await look('recording');
  await page.waitForFunction(() => pieces > 0);
  await button('Stop').click();
  await button('Use Recording').waitFor();
  await look('recorded');
  await page.evaluate(() => { window.stop(); window.capture('screen'); });
  await button('Choose What to Share').waitFor();
  await look('screen');
  await page.evaluate(() => {
    window.stop();
    navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', 'NotAllowedError'); };
    window.capture('video');
  });
  await button('Try again').waitFor();
  await look('refused');
  assert.deepEqual(states, []);
});
