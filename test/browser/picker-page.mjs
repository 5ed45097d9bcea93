// Pages with Filestack's own clients, for the tests of picker.js: what a page
// does is a call of begin, and what its callbacks get is in calls.
import { deflateSync } from 'node:zlib';
import { open, serve, site, until } from './harness.js';

/** The official builds, unmodified, by what tests call them. */
export const clients = {
  '1.14.6': 'filestack-js-1', '2.1.0': 'filestack-js-2', '3.51.6': 'filestack-js-3', '4.3.8': 'filestack-js-4',
};

const names = [
  'onOpen', 'onClose', 'onCancel', 'onFileSelected', 'onFileCropped', 'onUploadStarted', 'onFileUploadStarted', 'onFileUploadProgress',
  'onFileUploadFinished', 'onFileUploadFailed', 'onFileUploadCancel', 'onUploadDone',
];

/** Runs in the page: everything a page written for Filestack would do. */
const script = `
const names = ${JSON.stringify(names)};
const plain = (value, depth = 0) =>
  typeof value === 'function' ? 'function'
  : value instanceof File ? { File: value.name }
  : value instanceof Error ? { message: value.message, code: value.code }
  : Array.isArray(value) ? value.map((one) => plain(one, depth + 1))
  : value && typeof value === 'object' && depth < 5
    ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one, depth + 1)]))
  : value;
window.calls = [];
window.record = (name) => (...values) => { calls.push([name, ...values.map((value) => plain(value))]); };
window.override = (client, base) => {
  Object.assign(client.session.urls, {
    pickerUrl: base + '/picker/1/picker.js', uploadApiUrl: base, cloudApiUrl: base, cdnUrl: base, processUrl: base, fileApiUrl: base + '/api/file',
  });
};
window.client = ({ key, security, cname, base }) => {
  const client = filestack.init(key, { ...(security && { security }), ...(cname && { cname }) });
  if (base) override(client, base);
  for (const event of ['upload.start', 'upload.error']) client.on?.(event, record(event));
  return client;
};
window.begin = (config) => {
  window.made = client(config);
  const callbacks = Object.fromEntries(names.filter((name) => !config.without?.includes(name)).map((name) => [name, record(name)]));
  const { dropPane, ...options } = config.options ?? {};
  const pane = dropPane && Object.assign(dropPane, Object.fromEntries(
    ['onDragEnter', 'onDragOver', 'onDragLeave', 'onDrop', 'onClick', 'onProgress', 'onSuccess', 'onError'].map((name) => [name, record('dropPane.' + name)])));
  window.picker = made.picker({ ...options, ...callbacks, ...(pane && { dropPane: pane }), ...window.more });
  return config.closed ? undefined : picker.open();
};`;

/** Everything a file of tests shares: a server, an app with security, pages. */
export async function setUp() {
  const pages = await site(null);
  const { port } = new URL(pages.url);
  const stowgate = await serve(null, { args: ['--fetch-allow=127.0.0.0/8', `--fetch-port=${port}`] }); // links to files of the pages
  const app = await stowgate.app({ security: 'on' });
  for (const [version, folder] of Object.entries(clients)) {
    pages.file(`/client-${version}.js`, `node_modules/${folder}/build/browser/filestack.min.js`);
    pages.put(`/${version}`, html(`/client-${version}.js`));
  }
  pages.put('/page.js', script).put('/favicon.ico', '');
  return { stowgate, app, pages };
}

/** A page that loads these scripts, then ours. */
export const html = (...scripts) => `<!doctype html><html lang="en"><title>t</title><body><main id="box"></main><div id="other"></div>
  ${[...scripts, '/page.js'].map((src) => `<script src="${src}"></script>`).join('\n')}`;

/** A test's page, and what tests do with it. */
export class Visit {
  constructor(opened) { Object.assign(this, opened); }

  static async open(t, url, options) { return new Visit(await open(t, url, { ignoreHTTPSErrors: true, ...options })); }

  begin(config) { return this.page.evaluate((c) => begin(c), config); }
  calls() { return this.page.evaluate(() => calls); }
  /** The values of the calls of a callback. */
  async values(name) { return (await this.calls()).filter(([called]) => called === name).map(([, ...values]) => values); }
  /** The names of the callbacks that were called, each run of one counted once. */
  async order() { return (await this.calls()).map(([name]) => name).filter((name, i, all) => name !== all[i - 1]); }

  /** The first values that a callback got. */
  async heard(name, times = 1) {
    return (await until(async () => {
      const values = await this.values(name);
      return values.length >= times && values;
    }, `${name} was called ${times} times`))[times - 1];
  }

  /** Chooses files as automation does: name, type and bytes of each. */
  async choose(...files) {
    await this.page.locator('input#fsp-fileUpload').first().setInputFiles(files.map(({ name, type, bytes }) =>
      ({ name, mimeType: type, buffer: Buffer.from(bytes) })));
  }

  upload() { return this.page.locator('[data-e2e="upload"]').click(); }
}

/** A picture of one colour. */
export function png(width, height, name = 'a.png') {
  const row = Buffer.concat([Buffer.of(0), Buffer.alloc(width * 3, Buffer.of(200, 60, 20))]);
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width);
  head.writeUInt32BE(height, 4);
  head.set([8, 2], 8);
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const size = Buffer.alloc(4);
    size.writeUInt32BE(data.length);
    const check = Buffer.alloc(4);
    check.writeUInt32BE(crc32(body));
    return Buffer.concat([size, body, check]);
  };
  const data = deflateSync(Buffer.concat(Array(height).fill(row)));
  const bytes = Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', head), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))]);
  return { name, type: 'image/png', bytes };
}

/** Node's own came with 22.2. */
function crc32(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** The width and height of a PNG. */
export const sizeOf = (bytes) => [Buffer.from(bytes).readUInt32BE(16), Buffer.from(bytes).readUInt32BE(20)];

/** A text file that no other test has. */
export function text(name = 'a.txt', body = `${name} ${Math.random()}`) {
  return { name, type: 'text/plain', bytes: body };
}
