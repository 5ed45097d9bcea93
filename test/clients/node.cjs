// Drives filestack-js in Node for the Go tests. Takes one JSON argument, and
// prints what each step gave as one JSON object.
'use strict';
console.info = console.error; // the client's remarks; standard output is the answer

const dns = require('node:dns');
const { createHash } = require('node:crypto');

// filestack-js gives the HTTP agent "host:port" as the name to look up, so that
// a port other than the default never resolves.
// Source: filestack-js src/lib/request/adapters/http.ts
const { lookup } = dns;
dns.lookup = (hostname, ...rest) => lookup(hostname.replace(/:\d+$/, ''), ...rest);

const filestack = require('filestack-js');
const { apikey, secret, urls, policy, bytes, remote, webhook } = JSON.parse(process.argv[2]);

const sha256 = (data) => createHash('sha256').update(data).digest('hex');

async function main() {
  Object.assign(filestack.init(apikey).session.urls, urls);
  const security = policy && filestack.getSecurity(policy, secret);
  const client = filestack.init(apikey, security && { security });
  const data = Buffer.alloc(bytes, 'stowgate');
  const out = { sent: sha256(data) };

  out.plain = await client.upload(data, {}, { filename: 'plain.bin' });
  out.intelligent = await client.upload(data, { intelligent: true }, { filename: 'intelligent.bin' });
  out.metadata = await client.metadata(out.plain.handle, { size: true, filename: true, mimetype: true, sha256: true });
  const { status, headers, data: body } = await client.download(out.intelligent.handle);
  out.download = { status, type: headers['content-type'], sha256: sha256(Buffer.from(body)) };
  out.stored = await client.storeURL(remote, { filename: 'from-url.txt', path: 'imported/' }, undefined, undefined, { via: 'node' });
  out.head = await client.retrieve(out.stored.handle, { head: true });
  if (security) {
    out.removed = (await client.remove(out.plain.handle)).status;
    out.gone = await client.metadata(out.plain.handle).then(() => 200, (err) => err.response?.status);
  }
  out.webhook = {
    right: filestack.validateWebhookSignature(webhook.secret, webhook.body, webhook),
    wrong: filestack.validateWebhookSignature(webhook.secret, `${webhook.body} `, webhook),
  };
  return out;
}

main().then(
  (out) => console.log(JSON.stringify(out)),
  (err) => {
    console.error(err.message, JSON.stringify(err.details ?? err.response?.data ?? {}));
    process.exit(1);
  },
);
