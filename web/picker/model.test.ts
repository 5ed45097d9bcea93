import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Candidate, Item } from '../engine/types.ts';
import { Model } from './model.ts';
import { Fake, file } from './testing/fake.ts';
import type { Editing, ViewOptions } from './types.ts';

const candidates = (...names: string[]): Candidate[] => names.map((name) => ({ name, blob: new Blob(['x'], { type: name.endsWith('png') ? 'image/png' : 'text/plain' }) }));
const forced: Editing = { crop: true, circle: true, rotate: true, force: true };
const edit = { originalWidth: 1, originalHeight: 1 };

/** A model with its engine, and what the face was told. */
function open(options: Partial<ViewOptions> = {}, engine = new Fake()) {
  const heard: string[] = [];
  const events = {
    cancel: () => heard.push('cancel'), uploading: (items: readonly Item[]) => heard.push(`uploading ${items.length}`),
    edited: () => heard.push('edited'),
    finished: (r: { uploaded: readonly Item[]; failed: readonly Item[] }) => heard.push(`finished ${r.uploaded.length} ${r.failed.length}`),
  };
  const sources = [{ name: 'local_file_system', label: 'My Device' }, { name: 'url', label: 'Link (URL)' }];
  const model = new Model(engine, { mode: 'overlay', sources, ...options, events } as unknown as ViewOptions, () => {});
  return { model, engine, heard };
}

test('files are shown after they were chosen, and sent when Upload is pressed', async () => {
  const { model, engine, heard } = open();
  assert.equal(model.ready, false);
  await model.add(candidates('a', 'b'));
  assert.equal(model.state.panel, 'files');
  assert.equal(model.state.polite, '2 files added');
  assert.deepEqual(engine.told, []);
  model.upload();
  assert.deepEqual([engine.told, heard], [['start'], ['uploading 2']]);
  engine.end('done');
  assert.deepEqual(heard, ['uploading 2', 'finished 2 0']);
  assert.equal(model.state.polite, '2 files uploaded');
});

test('Upload waits for the least number of files, and for admission', async () => {
  const { model, engine } = open();
  Object.assign(engine.settings, { minFiles: 2 });
  await model.add(candidates('a'));
  assert.equal(model.ready, false);
  await model.add(candidates('b'));
  assert.equal(model.ready, true);
  engine.patch(engine.items[0]!.id, { status: 'checking' });
  assert.equal(model.ready, false);
});

test('failures end the pick, or are offered again where the page wants that', async () => {
  for (const [allowRetry, want] of [[false, ['uploading 1', 'finished 0 1']], [true, ['uploading 1']]] as const) {
    const { model, engine, heard } = open({ allowRetry });
    await model.add(candidates('a'));
    model.upload();
    engine.end('failed');
    assert.deepEqual(heard, want);
    assert.equal(model.state.urgent, '1 file could not be uploaded');
  }
});

test('what was added while others were sent waits for the button', async () => {
  const { model, engine, heard } = open();
  await model.add(candidates('a'));
  model.upload();
  await model.add(candidates('b'));
  engine.end('done');
  assert.deepEqual(heard, ['uploading 1']);
  model.upload();
  engine.end('done');
  assert.deepEqual(heard.at(-1), 'finished 2 0');
});

test('in the background files are sent at once, and Upload ends the pick', async () => {
  const { model, engine, heard } = open({ uploadInBackground: true });
  await model.add(candidates('a'));
  assert.deepEqual([engine.told, heard], [['start'], []]);
  engine.end('done');
  assert.deepEqual(heard, []);
  assert.equal(model.ready, true);
  model.upload();
  assert.deepEqual(heard, ['uploading 1', 'finished 1 0']);
});

test('a full selection starts by itself where the page wants that', async () => {
  const { model, engine } = open({ startAtMaxFiles: true });
  Object.assign(engine.settings, { maxFiles: 2 });
  await model.add(candidates('a'));
  assert.deepEqual(engine.told, []);
  await model.add(candidates('b'));
  assert.deepEqual(engine.told, ['start']);
});

test('no way leads around an edit that is required', async () => {
  for (const way of [{}, { uploadAtOnce: true }, { uploadInBackground: true }, { mode: 'pane' as const }, { startAtMaxFiles: true }]) {
    const { model, engine, heard } = open({ editing: forced, ...way });
    Object.assign(engine.settings, { maxFiles: 3 });
    await model.add(candidates('a.png', 'b.png'));
    await model.addLink('https://x.test/c.png');
    model.edited(undefined);
    model.upload();
    assert.deepEqual([engine.told, heard], [[], []], JSON.stringify(way));
    assert.equal(model.state.editing.length, 3);
    for (let i = 0; i < 3; i++) model.edited(new Blob(['y']), edit);
    if (!('mode' in way || 'uploadAtOnce' in way || 'startAtMaxFiles' in way)) model.upload();
    assert.equal(engine.told[0], 'start', JSON.stringify(way));
    assert.equal(heard.filter((h) => h === 'edited').length, 3);
  }
});

test('crop edits the given files, then sends them; leaving the editor leaves the picker', async () => {
  const { model, engine, heard } = open({ editing: { ...forced, force: false } });
  engine.items = [file('a.png', 'image/png')];
  model.crop([engine.items[0]!.id]);
  model.edited(new Blob(['y']), edit);
  assert.deepEqual([engine.told, heard], [['start'], ['edited', 'uploading 1']]);
  model.crop([engine.items[0]!.id]);
  model.edited(undefined);
  assert.equal(heard.at(-1), 'cancel');
});

test('leaving asks first while something is being sent', async () => {
  const { model, heard } = open();
  await model.add(candidates('a'));
  model.upload();
  model.leave();
  assert.deepEqual([model.state.asking, heard], [true, ['uploading 1']]);
  const idle = open();
  await idle.model.add(candidates('a'));
  idle.model.leave();
  assert.deepEqual(idle.heard, ['cancel']);
});

test('unfinished uploads are offered: gone on with, or forgotten', async () => {
  for (const [accept, want] of [[true, ['retry old', 'start']], [false, ['forget old', 'forget kept']]] as const) {
    const engine = new Fake();
    engine.unfinished = [{ ...file('old.mp4', 'video/mp4', 'missing'), id: 'old' }, { ...file('kept.mp4'), id: 'kept' }];
    engine.items = [...engine.unfinished];
    const { model } = open({}, engine);
    await new Promise((r) => setTimeout(r));
    assert.equal(model.state.unfinished.length, 2);
    model.restore(accept);
    assert.deepEqual(engine.told, want);
    assert.equal(model.state.unfinished.length, 0);
  }
});

test('progress is told at each quarter, and once', async () => {
  const { model, engine } = open();
  await model.add(candidates('a'));
  model.upload();
  const said = new Set<string>();
  for (const sent of [10, 20, 26, 30, 49, 50, 74, 76, 100]) {
    engine.patch(engine.items[0]!.id, { sent });
    said.add(model.state.polite);
  }
  assert.deepEqual([...said], ['1 file added', '25% uploaded', '50% uploaded', '75% uploaded']);
});

test('refusals are kept, and told at once', async () => {
  const { model, engine } = open();
  engine.tell('refused', [{ name: 'a.exe', problem: { code: 'empty', again: false } }]);
  await new Promise((r) => setTimeout(r, 50));
  assert.equal(model.state.urgent, 'File a.exe is empty.');
  model.showRefused(false);
  engine.tell('refused', [1, 2].map((n) => ({ name: `${n}`, problem: { code: 'type' as const, again: false } })));
  assert.deepEqual([model.state.refused.length, model.state.refusedOpen], [3, true]);
  assert.equal(model.state.urgent, '2 files were not added');
});

test('a source that is not offered any more is left', () => {
  const { model } = open();
  model.show('url');
  model.update({ sources: [{ name: 'local_file_system', label: 'My Device' }] });
  assert.equal(model.state.panel, 'local_file_system');
});

test('a drop pane begins anew with each drop', async () => {
  const { model, engine, heard } = open({ mode: 'pane' });
  await model.add(candidates('a'));
  engine.end('done');
  await model.add(candidates('b'));
  assert.deepEqual(engine.items.map((i) => i.name), ['b']);
  engine.end('done');
  assert.deepEqual(heard, ['uploading 1', 'finished 1 0', 'uploading 1', 'finished 1 0']);
});
