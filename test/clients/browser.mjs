// Drives Chromium for the Go tests: reads {name, setup, args} as lines of JSON,
// runs each in a fresh page, and answers with {result} or {error}.
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const { executable, sandbox, args, page: url } = JSON.parse(process.argv[2]);
const browser = await chromium.launch({ executablePath: executable, args, chromiumSandbox: sandbox });

for await (const line of createInterface({ input: process.stdin })) {
  const { name, setup, args: given } = JSON.parse(line);
  const context = await browser.newContext();
  const seen = [];
  let answer;
  try {
    const page = await context.newPage();
    page.on('console', (m) => seen.push(`console: ${m.text()}`));
    page.on('pageerror', (e) => seen.push(`page: ${e}`));
    page.on('requestfailed', (r) => seen.push(`${r.method()} ${r.url()}: ${r.failure()?.errorText}`));
    await page.goto(url);
    answer = await page.evaluate(([n, s, a]) => window.run(n, s, a), [name, setup, given]);
  } catch (err) {
    answer = { error: { message: `driver: ${err.message}` } };
  }
  await context.close();
  console.log(JSON.stringify({ ...answer, seen }));
}
await browser.close();
