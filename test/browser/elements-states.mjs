// A walk through everything the elements can show, in any language: what tests
// of all states have in common.
import { signed } from './elements-page.mjs';
import { png, text } from './picker-page.mjs';

/** The page of a walk, which one element at a time stands on. */
export const stage = (server, app) => {
  const common = `${signed(app)} server="${server}" max-files="20" max-size="1MB" accept="image/*,.txt"
    sources="local_file_system,url,webcam,video,audio,screen"`;
  return `<main><stowgate-picker ${common} aria-label="Files"></stowgate-picker>
    <stowgate-button ${common} hidden></stowgate-button><stowgate-drop ${common} aria-label="Drop" hidden></stowgate-drop>
    <stowgate-picker id="wrong" server="${server}" api-key="none" aria-label="Wrong" hidden></stowgate-picker></main>`;
};

/** Shows only one of the elements. */
const show = (v, selector) => v.page.evaluate((wanted) => {
  for (const element of document.querySelector('main').children) element.hidden = !element.matches(wanted);
}, selector);

/** What a network does to uploads while it is told to. */
async function network(v) {
  const state = { held: undefined, broken: false };
  let release = () => {};
  await v.context.route(/\/multipart\/(start|upload)$/, async (route) => {
    await state.held;
    if (state.broken) await route.fulfill({ status: 403, body: '{"error":"the quota is used up"}', headers: { 'access-control-allow-origin': '*' } });
    else await route.continue().catch(() => {});
  });
  return {
    hold() { state.held = new Promise((done) => { release = done; }); },
    release() { release(); state.held = undefined; },
    break(broken) { state.broken = broken; },
  };
}

/**
 * walk goes through all states of a page with stage, and calls look with the
 * name of each. It returns their names.
 */
export async function walk(v, look) {
  const names = [];
  const at = async (name, selector) => {
    await selector.first().waitFor();
    names.push(name);
    await look(name);
  };
  const net = await network(v);
  await walkPicker(v, net, at);
  await walkDialog(v, net, at);
  await show(v, '#wrong');
  await at('problem', v.page.locator('#wrong .picker__problem'));
  const drop = v.page.locator('stowgate-drop');
  await show(v, 'stowgate-drop');
  await at('drop', drop.locator('.picker__area'));
  await drop.locator('.picker__file-input').setInputFiles(file(text('d.txt')));
  await v.hear('done', 4);
  await at('drop, done', drop.locator('.picker__area'));
  return names;
}

const file = ({ name, type, bytes }) => ({ name, mimeType: type, buffer: Buffer.from(bytes) });

async function walkPicker(v, net, at) {
  const picker = v.page.locator('stowgate-picker').first();
  const source = (name) => picker.locator(`.picker__source:has(.fsp-icon--${name})`).click();
  const primary = picker.locator('.capture__actions .picker__button--primary');
  const tool = (i) => picker.locator('.picker__file').first().locator('.picker__tool').nth(i);
  const upload = picker.locator('[data-e2e="upload"]');
  await v.hear('open');
  await at('start', picker.locator('.picker__select'));
  await source('url');
  await at('link', picker.locator('.picker__link'));
  await picker.locator('.fsp-url-source__input').fill('nowhere');
  await picker.locator('.fsp-url-source__submit-button').click();
  await at('link, refused', picker.locator('.picker__error:not(:empty)'));
  await source('screen');
  await at('screen', picker.locator('.capture__notice .picker__button--primary'));
  await source('audio');
  await at('audio', primary);
  await source('video');
  await at('video', primary);
  await primary.click();
  await at('video, recording', picker.locator('.capture__stop'));
  await v.page.waitForFunction(() => pieces > 0); // a recording needs something to record
  await picker.locator('.capture__stop').click();
  await at('video, review', picker.locator('.capture__play'));
  await source('webcam');
  await picker.locator('.capture__check input').uncheck();
  await at('photo', primary);
  await primary.click();
  await at('photo, review', picker.locator('canvas.capture__video'));
  await primary.click();
  await at('files', picker.locator('.picker__file'));
  await picker.locator('.picker__file-input').setInputFiles([png(60, 40, 'b.png'), text('c.txt'), { name: 'no.pdf', type: 'application/pdf', bytes: '%PDF-' }].map(file));
  await at('files, one refused', picker.locator('.picker__refused'));
  await picker.locator('.picker__header .picker__tool').click();
  await at('files as tiles', picker.locator('.picker__files--tiles .picker__file'));
  await picker.locator('.picker__header .picker__tool').click();
  await picker.locator('.fsp-summary__action--edit').first().click();
  await at('editor', picker.locator('.editor .fsp-button--cancel'));
  await picker.locator('.editor .fsp-button--cancel').click();
  await tool(1).click();
  await at('name and description', picker.locator('.picker__modal'));
  await v.page.keyboard.press('Escape');
  await picker.locator('.picker__modal').waitFor({ state: 'detached' });
  net.hold();
  await upload.click();
  await at('uploading', picker.locator('.picker__file--uploading'));
  await picker.locator('.picker__footer-end .picker__button').last().click();
  await at('paused', picker.locator('.picker__total--paused'));
  await picker.locator('.picker__footer-end .picker__button').last().click();
  net.break(true);
  net.release();
  await v.hear('failed', 3);
  await at('failed', picker.locator('.picker__total--failed'));
  net.break(false);
  await picker.locator('.picker__footer-end .picker__button').first().click();
  await v.hear('done');
  await at('done', picker.locator('.picker__total--done'));
  await picker.locator('.picker__footer-end .picker__button').first().click();
  await picker.locator('.picker__file-input').setInputFiles(file(text('e.txt')));
  await upload.click();
  await v.hear('done', 2);
}

async function walkDialog(v, net, at) {
  const button = v.page.locator('stowgate-button');
  await show(v, 'stowgate-button');
  await at('button', button.locator('.stowgate__button'));
  await button.click();
  await at('dialog', button.locator('.picker__dialog .picker__select'));
  await button.locator('.picker__file-input').setInputFiles(file(text('f.txt')));
  net.hold();
  await button.locator('[data-e2e="upload"]').click();
  await button.locator('.picker__file--uploading').waitFor();
  await v.page.keyboard.press('Escape');
  await at('question', button.locator('.picker__modal'));
  await button.locator('.picker__modal .picker__button').first().click();
  net.release();
  await v.hear('done', 3);
}
