// Does in an instrumented module what a first load does, and prints the numbers of the functions that it called: `cargo xtask wasm` keeps
// those in the module's first part.
// usage: node first-load.mjs PODARIUM.JS INSTRUMENTED.WASM
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const SECOND = 1e9;
const [glue, instrumented] = process.argv.slice(2);
const podarium = await import(pathToFileURL(resolve(glue)));
const exports = podarium.initSync({ module: readFileSync(instrumented) });

// A Deployment that is applied and rolls out, is read from a link, and is looked at in the views that are open at first.
const scenario = `
steps:
- apply: |
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      replicas: 3
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec: {containers: [{name: nginx, image: nginx}]}
- wait: 1m
`;
podarium.version();
for (const text of ['', scenario]) {
  const sandbox = podarium.Sandbox.open({ version: 1, scenario: text, files: {}, seed: null, lines: [], at: 0 });
  sandbox.opened();
  for (let second = 0; second < 30; second += 1) sandbox.tick(SECOND / 2);
  sandbox.seek(5 * SECOND);
  sandbox.whole();
  sandbox.history();
  sandbox.link();
  sandbox.free();
}

const called = Object.entries(exports).filter(([name, value]) => name.startsWith('called ') && value.value === 1);
console.log(called.map(([name]) => name.slice('called '.length)).join(' '));
