import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHandle, gather } from './gather.ts';

type Tree = { readonly [name: string]: Tree | string };

/** A dropped folder as browsers without handles tell it, up to three entries at a time. */
function entry(name: string, tree: Tree | string, path = ''): FileSystemEntry {
  const fullPath = `${path}/${name}`;
  if (typeof tree === 'string') {
    return { isDirectory: false, name, fullPath, file: (done: (f: File) => void) => done(new File([tree], name)) } as unknown as FileSystemEntry;
  }
  const children = Object.entries(tree).map(([n, t]) => entry(n, t, fullPath));
  const createReader = () => {
    const left = [...children];
    return { readEntries: (done: (some: FileSystemEntry[]) => void) => done(left.splice(0, 3)) };
  };
  return { isDirectory: true, name, fullPath, createReader } as unknown as FileSystemEntry;
}

/** The same as browsers with handles tell it. */
function handle(name: string, tree: Tree | string): FileSystemHandle {
  if (typeof tree === 'string') return { kind: 'file', name, getFile: async () => new File([tree], name) } as unknown as FileSystemHandle;
  return {
    kind: 'directory', name,
    async* values() { for (const [n, t] of Object.entries(tree)) yield handle(n, t); },
  } as unknown as FileSystemHandle;
}

interface Dropped { readonly entry: FileSystemEntry; readonly handle?: FileSystemHandle; readonly file?: File }

function transfer(dropped: readonly Dropped[], texts: Readonly<Record<string, string>> = {}): DataTransfer {
  const items = dropped.map((d) => ({
    kind: 'file', getAsFile: () => d.file ?? null, webkitGetAsEntry: () => d.entry,
    ...(d.handle ? { getAsFileSystemHandle: async () => d.handle } : {}),
  }));
  return { items, getData: (type: string) => texts[type] ?? '' } as unknown as DataTransfer;
}

const tree: Tree = { 'a.txt': 'a', 'deep': { 'b.txt': 'b', 'deeper': { 'c.txt': 'c' } }, 'empty': {}, 'd.txt': 'd', 'e.txt': 'e' };
const want = ['album/a.txt', 'album/deep/b.txt', 'album/deep/deeper/c.txt', 'album/empty/', 'album/d.txt', 'album/e.txt'];

async function paths(found: ReturnType<typeof gather>): Promise<string[]> {
  const got: string[] = [];
  for await (const c of found.files ?? []) got.push('folder' in c ? `${c.folder}/` : 'path' in c ? c.path ?? '' : '');
  return got;
}

test('a dropped folder keeps its tree, empty folders too', async () => {
  assert.deepEqual(await paths(gather(transfer([{ entry: entry('album', tree) }]), true)), want);
});

test('handles tell the same tree, and come along for resuming', async () => {
  const dropped = transfer([{ entry: entry('album', tree), handle: handle('album', tree) }]);
  assert.deepEqual(await paths(gather(dropped, true)), want);
  for await (const c of fromHandle(handle('album', tree) as FileSystemDirectoryHandle)) assert.ok('folder' in c || ('handle' in c && c.handle));
});

test('where folders are not allowed, the files beside them are taken', async () => {
  const file = new File(['x'], 'x.txt');
  const found = gather(transfer([{ entry: entry('album', tree) }, { entry: entry('x.txt', 'x'), file }]), false);
  assert.deepEqual(found.folders, ['album']);
  assert.deepEqual(await paths(found), ['x.txt']);
});

test('an image dragged from another page is taken by its address', () => {
  const url = (texts: Record<string, string>) => gather(transfer([], texts), true).url;
  assert.equal(url({ 'text/html': '<a href="https://x.test/page"><img alt="" src="https://x.test/a.png?b=1&amp;c=2"></a>', 'text/uri-list': 'https://x.test/page' }), 'https://x.test/a.png?b=1&c=2');
  assert.equal(url({ 'text/uri-list': '# a comment\r\nhttps://x.test/b.png' }), 'https://x.test/b.png');
  assert.equal(url({ 'text/plain': ' https://x.test/c.pdf ' }), 'https://x.test/c.pdf');
  for (const text of ['javascript:alert(1)', 'file:///etc/passwd', 'two https://x.test/words', '']) assert.equal(url({ 'text/plain': text }), undefined);
});
