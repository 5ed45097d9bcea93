// Receives webhooks for the Go tests, and checks each as the documentation
// teaches: filestack-js's own function, a window of five minutes, the id as what
// tells events apart. Takes the secret as its argument, prints its port, and says
// at GET /state what it has seen.
'use strict';
console.info = console.error; // the client's remarks; standard output is the answer

const http = require('node:http');
const { validateWebhookSignature } = require('filestack-js');

const [secret] = process.argv.slice(2);
const bodies = new Map(); // by id
const seen = { deliveries: 0, repeated: 0, problems: [], told: {} };

function take(headers, body) {
  const signature = { signature: headers['fs-signature'], timestamp: headers['fs-timestamp'] };
  if (!validateWebhookSignature(secret, body, signature)) return 'its signature is wrong';
  const age = Date.now() / 1000 - Number(signature.timestamp);
  if (!(age > -300 && age < 300)) return `it was signed ${age} s ago`;
  const { id, action, text } = JSON.parse(body);
  if (!Number.isInteger(id)) return 'its id is no whole number';
  const before = bodies.get(id);
  if (before !== undefined && before !== body) return `before, its id had the body ${before}`;
  if (before !== undefined) seen.repeated++;
  bodies.set(id, body);
  seen.deliveries++;
  const handle = text.url.slice(text.url.lastIndexOf('/') + 1);
  seen.told[action] ??= {};
  seen.told[action][handle] = id;
  return '';
}

const server = http.createServer((request, response) => {
  if (request.method === 'GET') {
    response.end(JSON.stringify(seen));
    return;
  }
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('error', () => {}); // the sender was killed
  request.on('end', () => {
    const body = Buffer.concat(pieces).toString();
    let problem;
    try {
      problem = take(request.headers, body);
    } catch (error) {
      problem = String(error);
    }
    if (problem && seen.problems.length < 10) seen.problems.push(`${problem}: ${body}`);
    response.writeHead(problem ? 400 : 204).end();
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
