// What the tests ask a page to do with the official client. Each function gets
// a client and the arguments of the Go test, and returns what the test checks.
'use strict';

/**
 * run sets filestack-js up as its users do, and runs one scenario.
 * @param setup {apikey, urls or cname, security}
 */
window.run = async (name, setup, args) => {
  if (setup.urls) {
    Object.assign(filestack.init(setup.apikey).session.urls, setup.urls);
  }
  const client = filestack.init(setup.apikey, {
    ...(setup.cname && { cname: setup.cname }),
    ...(setup.security && { security: setup.security }),
  });
  // upload() rejects with the file; why it failed comes as an event.
  let failure;
  client.on('upload.error', (err) => { failure = err; });
  try {
    return { result: await scenarios[name](client, args) };
  } catch (err) {
    return { error: describe(failure ?? err) };
  }
};

const describe = (err) => ({
  message: String(err.message ?? err),
  type: err.type,
  status: err.details?.code ?? err.response?.status,
  details: err.details ?? err.response?.data,
  stack: err.stack,
});

/** content makes the same bytes as the Go function of this name. */
const content = (size, seed) => {
  const words = new Uint32Array(Math.ceil(size / 4));
  let x = seed;
  for (let i = 0; i < words.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    words[i] = x;
  }
  return new Uint8Array(words.buffer, 0, size);
};

const makeFile = ({ name, type, size, seed, text }) => new File([text ?? content(size, seed)], name, { type });

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

const stored = (file) => ({
  handle: file.handle, url: file.url, filename: file.filename, mimetype: file.mimetype, size: file.size,
  status: file.status, key: file.key, container: file.container, tags: file.uploadTags, workflows: file.workflows,
});

const sha256 = async (blob) => {
  const digest = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer());
  return Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, '0')).join('');
};

/** requests counts the calls the page has finished so far. */
const requests = () => performance.getEntriesByType('resource').filter((e) => e.initiatorType === 'xmlhttprequest').length;

/** settled waits until no call has finished for a while, and counts them. */
const settled = async () => {
  for (;;) {
    const n = requests();
    await sleep(1500);
    if (requests() === n) return n;
  }
};

const scenarios = {
  async upload(client, { file, options, store }) {
    const percents = [];
    const onProgress = (p) => percents.push(p.totalPercent);
    const res = await client.upload(makeFile(file), { onProgress, progressInterval: 50, ...options }, store);
    return { ...stored(res), percents };
  },

  async multiupload(client, { files, options, store }) {
    const res = await client.multiupload(files.map(makeFile), options, store);
    return res.map(stored);
  },

  /** names uploads one small file for each name, unchanged by the client. */
  async names(client, { names }) {
    const out = [];
    for (const filename of names) {
      const file = new File(['x'], 'x', { type: 'text/plain' });
      // An excluded character that none of the names has: all others stay.
      const res = await client.upload(file, {}, { filename, sanitizer: { exclude: ['\ue000'] } });
      const metadata = await client.metadata(res.handle, { filename: true });
      out.push({ sent: filename, filename: metadata.filename, handle: res.handle });
    }
    return out;
  },

  /** pause stops after the first part, and shows that nothing goes on until resume. */
  async pause(client, { file, options }) {
    const token = {};
    let paused;
    const first = new Promise((done) => { paused = done; });
    const onProgress = ({ totalBytes }) => {
      if (totalBytes > 0) {
        token.pause();
        paused();
      }
    };
    const upload = client.upload(makeFile(file), { ...options, onProgress, progressInterval: 5 }, {}, token);
    await first;
    const before = await settled(); // what was under way has ended
    await sleep(1500);
    const after = requests();
    token.pause = () => {};
    token.resume();
    return { ...stored(await upload), before, after, all: requests() };
  },

  /** cancel stops in the middle of the first part. */
  async cancel(client, { file, options }) {
    const token = {};
    const onProgress = ({ totalBytes }) => { if (totalBytes > 0) token.cancel(); };
    await client.upload(makeFile(file), { ...options, onProgress, progressInterval: 5 }, {}, token);
  },

  storeURL: (client, { url, store, tags }) => client.storeURL(url, store, undefined, undefined, tags),
  metadata: (client, { handle, fields }) => client.metadata(handle, fields),
  prefetch: (client, { permissions }) => client.prefetch({ permissions }),

  async download(client, { handle }) {
    const { status, headers, data } = await client.download(handle);
    return { status, headers, size: data.size, sha256: await sha256(data) };
  },

  retrieve: (client, { handle, options }) => client.retrieve(handle, options),

  async remove(client, { handle }) {
    const { status } = await client.remove(handle);
    return { status };
  },
};
