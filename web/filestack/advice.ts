/** What a developer reads on the console when a page's set-up lets nobody upload. */
import type { Code, Problem } from '../engine/types.ts';

const todo: Partial<Record<Code, string>> = {
  'key-unknown': 'the server has no app with this API key; "stowgate app list" shows the keys',
  'security-required': 'this app requires a policy; pass {security: {policy, signature}} to filestack.init, call client.setSecurity, or set getPolicy of the element',
  'policy-expired': 'the policy has expired; have your backend make a new one, and call client.setSecurity before open() or set getPolicy of the element',
  'policy-call': 'the policy does not allow uploads; add "pick" and "store" to its call',
  'policy-limit': 'the policy does not allow this upload; look at its path, container, maxSize and minSize',
  signature: 'the signature does not match the policy; sign the encoded policy with the secret of this app, in HMAC-SHA256',
  origin: 'this app does not accept pages of this origin; add it with "stowgate app set KEY --origins"',
  'app-disabled': 'this app is disabled; undo that with "stowgate app set KEY --enable"',
  quota: 'this app has used up its quota',
  network: 'the server cannot be reached; look at client.session.urls or the element\'s server, its certificate and this page\'s connect-src',
  offline: 'this device is offline',
};

/** advise writes down problem with its code, what to do and where the server says more. */
export function advise({ code, detail, request }: Problem): void {
  const where = request ? `; request ${request} in the server's log` : '';
  console.error(`Stowgate picker: ${code}: ${todo[code] ?? 'uploads are not possible'}${detail ? ` (${detail})` : ''}${where}`);
}
