import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPassing, problemOf, problemOfAnswer, refusal } from './problem.ts';

// The texts are those of internal/protocol/filestack/answer.
test('what the server says', () => {
  const json = (error: string): string => JSON.stringify({ error, c: '7f3a', timestamp: 1 });
  const www = (text: string): string => `[uuid=7f3a] This action has been secured by the developer of this website. Error: ${text}`;
  for (const [status, text, code, again] of [
    [403, json('Invalid App policy'), 'policy-limit', false],
    [401, json('Invalid Policy'), 'policy-limit', false],
    [403, json('Invalid Application'), 'key-unknown', false],
    [403, json('not allowed'), 'server', false],
    [404, json('not found'), 'gone', true],
    [400, json('invalid params: parts'), 'server', false],
    [413, json('too large'), 'size-max', false],
    [400, json('the bytes differ from their declared size or checksum'), 'checksum', true],
    [400, json('Invalid response when trying to read from the source'), 'link-unreachable', true],
    [429, json('too many requests'), 'server', true],
    [503, json('too many requests'), 'server', true],
    [503, json('temporarily unavailable'), 'server', true],
    [500, json('internal error'), 'server', true],
    [408, json('request ended early'), 'server', true],
    [502, '<html>Bad Gateway</html>', 'server', true],
    [507, 'disk full', 'quota', false],
    [403, www('the policy has expired'), 'policy-expired', false],
    [403, www('The signature was not valid'), 'signature', false],
    [403, www('Proper credentials not provided. Signature: None Policy: None'), 'security-required', false],
    [403, www('the call is not allowed by the policy'), 'policy-call', false],
    [403, www('the application is disabled'), 'app-disabled', false],
    [200 + 199, '', 'server', false],
  ] as const) {
    const p = problemOfAnswer({ status, text });
    assert.deepEqual([p.code, p.again, p.status], [code, again, status], text);
    if (text.includes('7f3a')) assert.equal(p.request, '7f3a', text);
  }
  assert.equal(problemOfAnswer({ status: 403, text: '{"problem":{"code":"origin","message":"not this page"}}' }).detail, 'not this page');
  assert.equal(problemOfAnswer({ status: 500, text: 'x'.repeat(9999) }).detail!.length, 300);
});

test('what is thrown', () => {
  const named = (name: string): Error => Object.assign(new Error('why'), { name });
  assert.equal(problemOf(refusal('quota')).code, 'quota');
  assert.equal(problemOf(named('NotReadableError')).code, 'file-changed');
  assert.equal(problemOf(named('NotFoundError')).code, 'file-unreadable');
  assert.equal(problemOf(named('AbortError')).code, 'cancelled');
  assert.deepEqual(problemOf(new Error('no cats'), 'refused'), { code: 'refused', detail: 'no cats', again: false });
  assert.deepEqual(problemOf('no cats', 'refused'), { code: 'refused', detail: 'no cats', again: false });
});

test('what may pass by itself', () => {
  for (const code of ['network', 'timeout', 'checksum', 'offline'] as const) assert.ok(isPassing(refusal(code).problem), code);
  for (const code of ['gone', 'link-unreachable', 'policy-expired', 'server', 'file-unreadable'] as const) assert.ok(!isPassing(refusal(code).problem), code);
});
