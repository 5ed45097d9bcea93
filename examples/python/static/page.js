// Opens the picker with the credentials that the server wrote into the page, or
// else with those that it gives to whoever asks.
const button = document.getElementById('open');

async function credentials() {
  const { base, apikey, policy, signature } = document.body.dataset;
  if (apikey) return { base, apikey, policy, signature };
  return (await fetch('/get-filestack-credentials')).json();
}

/** Loads filestack-js from where Stowgate is, if the page has not. */
function library(base) {
  return window.filestack ?? new Promise((done, fail) => {
    const script = document.createElement('script');
    script.src = `${base}/filestack-js/4.x.x/filestack.min.js`;
    script.onload = () => done(window.filestack);
    script.onerror = () => fail(new Error(`there is no Stowgate at ${base}`));
    document.head.append(script);
  });
}

function show({ base, policy, signature }, { handle, filename }) {
  const picture = document.createElement('img');
  picture.src = `${base}/resize=width:320,height:320,fit:crop/security=policy:${policy},signature:${signature}/${handle}`;
  picture.alt = filename;
  const item = document.createElement('li');
  item.append(picture);
  document.getElementById('pictures').append(item);
}

button.addEventListener('click', async () => {
  const c = await credentials();
  const filestack = await library(c.base);
  const client = filestack.init(c.apikey, { security: { policy: c.policy, signature: c.signature } });
  Object.assign(client.session.urls, { // with a domain of its own for Stowgate, the option cname says all of this
    pickerUrl: `${c.base}/picker/1/picker.js`, uploadApiUrl: c.base, cloudApiUrl: c.base,
    cdnUrl: c.base, processUrl: c.base, fileApiUrl: `${c.base}/api/file`,
  });
  await client.picker({
    accept: 'image/*', maxFiles: 5, maxSize: 20 * 1024 * 1024, storeTo: { path: '/customers/' },
    onUploadDone: ({ filesUploaded }) => filesUploaded.forEach((file) => show(c, file)),
  }).open();
});
