// The demonstration's page. What a page of yours needs is between the two marks.

// --8<--
// Your backend knows who asks, and signs a policy for them. The secret stays there.
const credentials = async () => (await fetch('/get-filestack-credentials')).json();

const { apikey, policy, signature } = await credentials();
const client = filestack.init(apikey, { security: { policy, signature } });

// Where the server is. With a domain of its own, init's option cname says all of this.
const base = location.origin;
Object.assign(client.session.urls, {
  pickerUrl: `${base}/picker/1/picker.js`, uploadApiUrl: base, cloudApiUrl: base,
  cdnUrl: base, processUrl: base, fileApiUrl: `${base}/api/file`,
});

// A policy is for minutes: a new one comes before the old one ends.
setInterval(async () => {
  const { policy, signature } = await credentials();
  client.setSecurity({ policy, signature });
}, 10 * 60 * 1000);

const options = {
  fromSources: ['local_file_system', 'url', 'webcam', 'video', 'audio'],
  maxFiles: 50,
  onFileUploadFinished: (file) => show(file),
  onFileUploadFailed: (file) => say(`${file.filename} was not uploaded.`),
  onUploadDone: ({ filesUploaded, filesFailed }) => say(`${filesUploaded.length} uploaded, ${filesFailed.length} failed.`),
};
const open = {
  overlay: () => client.picker(options).open(),
  inline: () => client.picker({ ...options, displayMode: 'inline', container: '#inline' }).open(),
  dropPane: () => client.picker({ ...options, displayMode: 'dropPane', container: '#pane' }).open(),
};
// --8<--

const find = (selector) => document.querySelector(selector);
const say = (text) => { find('.demo__status').textContent = text; };

/** The address of a file, perhaps of what tasks make of it, with the policy of now. */
function address(handle, tasks = '') {
  const { policy, signature } = client.session;
  return `${base}/${tasks}${handle}?${new URLSearchParams({ policy, signature })}`;
}

function element(name, className, text = '') {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

/** Adds a stored file to the list. */
function show({ handle, filename, mimetype, size }) {
  find('.demo__empty').hidden = true;
  const item = element('li', 'demo__file');
  const link = element('a', 'demo__link');
  const { policy, signature } = client.session;
  link.href = `${base}/preview/security=policy:${policy},signature:${signature}/${handle}`;
  link.target = '_blank';
  link.rel = 'noopener';
  const plain = element('span', 'demo__thumbnail demo__thumbnail--none', filename.split('.').pop().slice(0, 5).toUpperCase());
  if (mimetype?.startsWith('image/')) {
    const image = element('img', 'demo__thumbnail');
    image.src = address(handle, 'resize=width:320,height:200,fit:crop/output=format:webp/');
    image.alt = '';
    image.addEventListener('error', () => image.replaceWith(plain)); // too large, or of a kind that is not read
    link.append(image);
  } else {
    link.append(plain);
  }
  const name = element('bdi', 'demo__name', filename);
  name.title = filename;
  link.append(name);
  item.append(link, element('span', 'demo__size', new Intl.NumberFormat('en', { notation: 'compact', style: 'unit', unit: 'byte', unitDisplay: 'short' }).format(size)));
  find('.demo__files').prepend(item);
}

const begun = new Set();
/** Shows one display mode; the two that stay in the page are begun once. */
function choose(mode) {
  for (const button of document.querySelectorAll('.demo__mode')) button.setAttribute('aria-pressed', String(button.dataset.mode === mode));
  find('.demo__start').hidden = mode !== 'overlay';
  find('.demo__inline').hidden = mode !== 'inline';
  find('.demo__pane').hidden = mode !== 'dropPane';
  if (mode === 'overlay' || begun.has(mode)) return;
  begun.add(mode);
  open[mode]();
}

for (const button of document.querySelectorAll('.demo__mode')) {
  button.addEventListener('click', () => choose(button.dataset.mode));
}
find('.demo__open').addEventListener('click', () => open.overlay());
find('.demo__code code').textContent = (await (await fetch('/demo/demo.js')).text()).split('// --8<--\n')[1].trim();
