// What the tests of Uploadcare's clients begin with. The rest is in test/browser/harness.js.
import { generateSecureSignature } from '@uploadcare/signed-uploads';
import { UploadcareAuthSchema, UploadcareSimpleAuthSchema } from '@uploadcare/rest-client';
import { deflateSync } from 'node:zlib';
import { serve } from '../../browser/harness.js';

/** Starts a server with an app, and says how each client is pointed at it. */
export async function stand(t, { security = 'off', set = [] } = {}) {
  const stowgate = await serve(t);
  const app = await stowgate.app({ security, set });
  const schema = { publicKey: app.key, secretKey: app.secret };
  return {
    stowgate, app,
    upload: { publicKey: app.key, baseURL: stowgate.url, baseCDN: stowgate.url },
    rest: { authSchema: new UploadcareAuthSchema(schema), apiBaseURL: stowgate.url },
    simple: { authSchema: new UploadcareSimpleAuthSchema(schema), apiBaseURL: stowgate.url },
    sign: (secret = app.secret, lifetime = 60_000) => generateSecureSignature(secret, { lifetime }),
  };
}

/** A picture of noise, or of one colour, as PNG. */
export function png(width, height, colour) {
  const rows = Buffer.alloc((width * 3 + 1) * height);
  let seed = 1;
  for (let i = 0; i < rows.length; i++) {
    if (i % (width * 3 + 1) === 0) continue; // no filter
    seed = (seed * 1103515245 + 12345) >>> 0;
    rows[i] = colour ? colour[((i % (width * 3 + 1)) - 1) % 3] : seed >>> 24;
  }
  const chunk = (type, body) => {
    const text = Buffer.concat([Buffer.from(type), body]);
    const size = Buffer.alloc(4);
    size.writeUInt32BE(body.length);
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(text));
    return Buffer.concat([size, text, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

function crc32(bytes) {
  let crc = ~0;
  for (const b of bytes) {
    crc ^= b;
    for (let k = 0; k < 8; k++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc >>> 0;
}

/** A UUID that nothing has. */
export const nobody = '85b5644f-e692-4855-9db0-8c5a83096e25';
