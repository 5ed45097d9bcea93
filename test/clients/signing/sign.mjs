// Signs a policy. Usage: node sign.mjs SECRET POLICY-AS-JSON
import { createHmac } from 'node:crypto';

const [secret, json] = process.argv.slice(2);

const policy = Buffer.from(json).toString('base64url');
const padded = policy + '='.repeat((4 - (policy.length % 4)) % 4);
const signature = createHmac('sha256', secret).update(padded).digest('hex');

console.log(JSON.stringify({ policy: padded, signature }));
