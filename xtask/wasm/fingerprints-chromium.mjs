// Runs scenarios in the WASM module in Chromium, as the playground does, and prints `NAME FINGERPRINT` for each: `cargo xtask test` compares
// them with the native build's.
// usage: node fingerprints-chromium.mjs CHROMIUM FOLDER_OF_THE_MODULE SEED SCENARIO…
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(fileURLToPath(new URL('../../web/package.json', import.meta.url)));
const { chromium } = require('playwright-core');
const [executablePath, folder, seed, ...scenarios] = process.argv.slice(2);

const WORKER = `
import load from './load.js';
import { fingerprint } from './podarium.js';
const loaded = load();
onmessage = async ({ data: { text, seed } }) => {
  await loaded;
  try {
    postMessage(fingerprint(text, BigInt(seed)));
  } catch (error) {
    postMessage('error: ' + String(error).split('\\n')[0]);
  }
};
`;
const made = { '/': ['text/html', '<!doctype html><title>fingerprints</title>'], '/worker.js': ['text/javascript', WORKER] };
const types = { '.js': 'text/javascript', '.wasm': 'application/wasm' };

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost');
  try {
    const [type, body] = made[pathname] ?? [types[extname(pathname)], readFileSync(join(resolve(folder), pathname.slice(1)))];
    response.writeHead(200, { 'content-type': type }).end(body);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));

const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-sync'];
const browser = await chromium.launch({ executablePath, args });
try {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.evaluate(() => {
    window.worker = new Worker('./worker.js', { type: 'module' });
  });
  for (const name of scenarios) {
    const told = await page.evaluate(
      ([text, seed]) =>
        new Promise((done) => {
          window.worker.onmessage = ({ data }) => done(data);
          window.worker.onerror = ({ message }) => done(`error: ${message}`);
          window.worker.postMessage({ text, seed });
        }),
      [readFileSync(name, 'utf8'), seed],
    );
    console.log(`${name} ${told}`);
  }
} finally {
  await browser.close();
  server.close();
}
