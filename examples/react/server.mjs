// Serves the page and its script, and signs policies for it. The app's secret
// never leaves this program.
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { build } from 'esbuild';

// Where Stowgate is, and the app that files belong to: stowgate app create shop
const { STOWGATE_URL = 'http://127.0.0.1:8080', STOWGATE_KEY, STOWGATE_SECRET, LISTEN = '127.0.0.1:8000' } = process.env;
if (!STOWGATE_KEY || !STOWGATE_SECRET) {
  console.error('set STOWGATE_KEY and STOWGATE_SECRET to what `stowgate app create shop` prints');
  process.exit(2);
}

/** Signs a policy for whoever asks. Here a real server looks who that is, and refuses strangers. */
function credentials() {
  const policy = { expiry: Math.floor(Date.now() / 1000) + 15 * 60, call: ['pick', 'store', 'read', 'convert'], maxSize: 20 * 1024 * 1024 };
  const encoded = Buffer.from(JSON.stringify(policy)).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
  return {
    base: STOWGATE_URL, apikey: STOWGATE_KEY,
    policy: encoded, signature: createHmac('sha256', STOWGATE_SECRET).update(encoded).digest('hex'),
  };
}

const here = import.meta.dirname;
const made = await build({ entryPoints: [`${here}/app.jsx`], bundle: true, write: false, format: 'esm', jsx: 'automatic', define: { 'process.env.NODE_ENV': '"production"' } });
const answers = {
  '/': async () => ['text/html; charset=utf-8', await readFile(`${here}/index.html`)],
  '/app.js': () => ['text/javascript; charset=utf-8', made.outputFiles[0].contents],
  '/get-filestack-credentials': () => ['application/json', JSON.stringify(credentials())],
};
const [host, port] = LISTEN.split(/:(?=\d+$)/);
const server = createServer(async (request, response) => {
  const answer = answers[request.url.split('?')[0]];
  if (!answer) return response.writeHead(404).end();
  const [type, body] = await answer();
  response.writeHead(200, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}).listen(Number(port), host, () => console.log(`http://${host}:${server.address().port}`));
