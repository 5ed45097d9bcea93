import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { lines, send } from './request.ts';
import type { Refusal } from './problem.ts';

/** Sends a request to a server that answers in these pieces, and returns the lines that were heard and how it ended. */
async function heard(pieces: (string | Uint8Array)[], type = lines): Promise<[string[], unknown]> {
  const server = createServer(async (_, answer) => {
    answer.writeHead(200, { 'content-type': type });
    for (const piece of pieces) {
      if (!answer.write(piece)) await once(answer, 'drain');
      await new Promise((done) => setTimeout(done, 20));
    }
    if (pieces.at(-1) === '') answer.destroy();
    else answer.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const told: string[] = [];
  try {
    const end = await send({ method: 'POST', url, body: '{}', signal: new AbortController().signal, timeout: 0, line: (text) => told.push(text) })
      .then(({ text }) => text, (error: Refusal) => [error.problem.code, error.problem.status]);
    return [told, end];
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('an answer in lines is heard as it comes, and its last line is the answer', async () => {
  const bytes = new TextEncoder().encode('{"a":"ü"}\n{"b":2}\n');
  for (const [pieces, told, end] of [
    [['{"received":1}\n', '{"received":2}\n', '{"url":{}}\n'], ['{"received":1}', '{"received":2}'], '{"url":{}}'],
    [['{"rece', 'ived":1}\n{"url', '":{}}\n'], ['{"received":1}'], '{"url":{}}'],
    [['{"url":{}}\n'], [], '{"url":{}}'],
    [['{"url":{}}'], [], '{"url":{}}'],
    [[bytes.subarray(0, 7), bytes.subarray(7)], ['{"a":"ü"}'], '{"b":2}'],
    [['{"received":1}\n', '{"error":"Invalid response","c":"","status":400}\n'], ['{"received":1}'], ['server', 400]],
    [['{"received":1}\n', '{"rec'], ['{"received":1}'].slice(1), ['network', undefined]],
    [['{"received":1}\n', ''], [], ['network', undefined]],
  ] as const) {
    const [lines, ended] = await heard([...pieces]);
    assert.deepEqual(lines, told, String(pieces));
    if (typeof end === 'string') assert.equal(ended, end);
    else assert.equal((ended as unknown[])[1], end[1], String(pieces));
  }
});

test('an answer in one piece is no line', async () => {
  assert.deepEqual(await heard(['{"url":\n{}}\n'], 'application/json'), [[], '{"url":\n{}}\n']);
});
