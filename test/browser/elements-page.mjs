// Pages with <stowgate-picker>, <stowgate-button> and <stowgate-drop>, for the
// tests of the elements: what they tell is in heard.
import { open, serve, site, until } from './harness.js';

/** Runs in every page, before the elements are defined. */
const script = `
window.heard = [];
const plain = (value) => value instanceof Blob ? { size: value.size }
  : Array.isArray(value) ? value.map(plain)
  : value && typeof value === 'object' ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one)]))
  : value;
for (const type of ['open', 'select', 'progress', 'stored', 'failed', 'done', 'close']) {
  addEventListener('stowgate-' + type, (e) => heard.push([type, plain(e.detail), e.composedPath()[0].localName]), true);
}
window.regions = []; // texts of the live regions, as they are told
const watch = (root) => new MutationObserver(() => {
  for (const region of root.querySelectorAll('[role=status]:is(.picker__unseen, .stowgate__said), [role=alert].picker__unseen')) {
    const text = region.textContent.trim();
    if (text && text !== region.told) regions.push((region.told = text));
  }
}).observe(root, { subtree: true, childList: true, characterData: true });
window.pieces = 0; // that recorders have made
const { start } = MediaRecorder.prototype;
MediaRecorder.prototype.start = function (...values) {
  this.addEventListener('dataavailable', ({ data }) => { if (data.size) pieces++; });
  return start.apply(this, values);
};
const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (options) {
  const root = attach.call(this, options);
  watch(root);
  return root;
};`;

/** Everything a file of tests shares: a server, an app with security, pages. */
export async function setUp(options = {}) {
  const stowgate = await serve(null);
  const app = await stowgate.app({ security: 'on' });
  const pages = await site(null, options);
  pages.put('/watch.js', script).put('/favicon.ico', '');
  return { stowgate, app, pages };
}

/** A page with markup, which loads the elements from where base is. */
export const html = (base, markup, { lang = 'en', scripts = [] } = {}) => `<!doctype html><html lang="${lang}"><meta charset="utf-8"><title>t</title>
  <script src="/watch.js"></script>
  <body>${markup}
  ${[`${base}/stowgate/stowgate.js`, ...scripts].map((src) => `<script type="module" src="${src}"></script>`).join('\n')}`;

/** The attributes of an element for an app. */
export const signed = (app, policy) => {
  const { policy: text, signature } = app.sign(policy);
  return `api-key="${app.key}" policy="${text}" signature="${signature}"`;
};

let number = 0;

/** A test's page, and what tests do with it. */
export class Visit {
  constructor(opened) { Object.assign(this, opened); }

  /** Opens a page of pages with this markup. */
  static async open(t, pages, base, markup, { page = {}, ...options } = {}) {
    const path = `/page-${++number}`;
    pages.put(path, html(base, markup, page));
    return new Visit(await open(t, pages.url + path, options));
  }

  heard() { return this.page.evaluate(() => heard); }
  /** The names of the events, each run of one counted once. */
  async order() { return (await this.heard()).map(([name]) => name).filter((name, i, all) => name !== all[i - 1]); }
  async count(name) { return (await this.heard()).filter(([told]) => told === name).length; }
  regions() { return this.page.evaluate(() => regions); }

  /** The detail of an event, once it was told so many times. */
  async hear(name, times = 1) {
    return (await until(async () => {
      const told = (await this.heard()).filter(([event]) => event === name);
      return told.length >= times && told;
    }, `stowgate-${name} is told ${times} times`))[times - 1][1];
  }

  /** The names of the files that were selected, once there are so many: files that come together may be told in turn. */
  selected(count) {
    return until(async () => {
      const names = (await this.heard()).filter(([event]) => event === 'select').flatMap(([, { files }]) => files.map((f) => f.name));
      return names.length >= count && names;
    }, `${count} files are selected`);
  }

  /** Chooses files: name, type and bytes of each. */
  async choose(...files) {
    await this.page.locator('.picker__file-input').first().setInputFiles(files.map(({ name, type, bytes }) =>
      ({ name, mimeType: type, buffer: Buffer.from(bytes) })));
  }

  upload() { return this.page.locator('.picker__button--primary', { hasText: 'Upload' }).click(); }
}

/** Holds requests whose path matches back until the returned function is called. */
export async function hold(v, path = /\/multipart\/upload/) {
  let release;
  const held = new Promise((done) => { release = done; });
  await v.context.route((url) => path.test(url.pathname), async (route) => {
    await held;
    await route.continue().catch(() => {});
  });
  return release;
}
