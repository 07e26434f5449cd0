// How fast the module is in WASM: what the playground does most, and what is largest. Criterion cannot run there.
// usage: node wasm.mjs FOLDER_OF_THE_MODULE [--large]
// Ends with 1 where a budget isn't kept. `cargo xtask bench --wasm` builds the module first.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const SECOND = 1e9;
const MINUTE = 60 * SECOND;
const folder = resolve(process.argv[2]);
const isLarge = process.argv.includes('--large');

const podarium = await import(pathToFileURL(join(folder, 'podarium.js')));
const started = performance.now();
const first = podarium.initSync({ module: readFileSync(join(folder, 'podarium_bg.wasm')) });
if (first.restReady) new WebAssembly.Instance(new WebAssembly.Module(readFileSync(join(folder, 'podarium_rest.wasm'))), { first });
const compiled = performance.now() - started;

const cluster = (nodes) => `cluster: {nodes: ${nodes}, clientLimits: off}\n`;
const deployment = (name, replicas) => `{apiVersion: apps/v1, kind: Deployment, metadata: {name: ${name}}, spec: {replicas: ${replicas},
      selector: {matchLabels: {app: ${name}}}, template: {metadata: {labels: {app: ${name}}}, spec: {containers: [{name: c, image: nginx}]}}}}`;
const link = (scenario, at) => ({ version: 1, scenario, files: {}, seed: null, lines: [], at });
const open = (scenario, at = null) => podarium.Sandbox.open(link(scenario, at));

function milliseconds(work) {
  const start = performance.now();
  const made = work();
  return [performance.now() - start, made];
}

/** The middle of several runs; each frees what it made. */
function median(runs, prepare, work) {
  const times = Array.from({ length: runs }, () => {
    const sandbox = prepare();
    const [time] = milliseconds(() => work(sandbox));
    sandbox.free();
    return time;
  });
  return times.sort((a, b) => a - b)[Math.floor(runs / 2)];
}

function isReady(update, pods) {
  const ready = update.frame.owners.reduce((sum, owner) => sum + (owner.kind === 'Deployment' ? owner.ready : 0), 0);
  if (ready !== pods) throw new Error(`${ready} of ${pods} pods are ready: what is measured is a whole rollout`);
}

const rows = [];
function row(what, time, budget) {
  rows.push({ what, time, budget });
  const kept = budget === undefined ? '' : `  (budget ${budget} ms${time > budget ? ': NOT KEPT' : ''})`;
  console.log(`${what.padEnd(52)} ${time.toFixed(1).padStart(9)} ms${kept}`);
}

row('compile and instantiate', compiled);
row('open an empty cluster of three nodes', milliseconds(() => open('').free())[0]);
row('the same, once it is warm', median(9, () => open(''), () => open('').free()));

const hundred = 'create deployment web --image=nginx --replicas=100';
row(
  'create 100 pods and roll out',
  median(
    9,
    () => open(`${cluster(10)}steps: []\n`),
    (sandbox) => {
      sandbox.line(1, hundred, {});
      sandbox.tick(MINUTE);
      isReady(sandbox.whole(), 100);
    },
  ),
  150,
);

// A lesson's length: ten minutes with a rollout, a fault and a second rollout in them.
const story = `${cluster(3)}steps:
- apply: "${deployment('web', 10).replaceAll('\n', ' ')}"
- wait: 2m
- kubectl: set image deployment/web c=nginx:1.27
- wait: 2m
- fault: kill node node-2
- wait: 6m
`;
{
  const sandbox = open(story, 0);
  let [slowest, sum] = [0, 0];
  // Here and there, in an order that helps no cache.
  const moments = Array.from({ length: 60 }, (_, index) => ((index * 37) % 60) * 10 * SECOND);
  for (const at of moments) {
    const [time] = milliseconds(() => sandbox.seek(at));
    slowest = Math.max(slowest, time);
    sum += time;
  }
  row('seek in a ten-minute run: mean', sum / moments.length);
  row('seek in a ten-minute run: slowest of 60', slowest, 50);
  sandbox.free();
}

const steps = (pods, each) => {
  const apply = Array.from({ length: pods / each }, (_, index) => `- apply: "${deployment(`app-${index}`, each).replaceAll('\n', ' ')}"\n`);
  return `steps:\n${apply.join('')}- wait: 5m\n`;
};
{
  const [time, sandbox] = milliseconds(() => open(cluster(50) + steps(1_000, 50), 5 * MINUTE));
  row('open a run with 1,000 pods', time);
  isReady(sandbox.whole(), 1_000);
  row('tick of 1/60 s, 1,000 pods', median(31, () => ({ free() {} }), () => sandbox.tick(SECOND / 60)));
  row('whole frame, 1,000 pods', median(9, () => ({ free() {} }), () => sandbox.whole()));
  sandbox.free();
}
if (isLarge) {
  const [time, sandbox] = milliseconds(() => open(cluster(5_000) + steps(150_000, 3_000), 5 * MINUTE));
  row('open a run with 150,000 pods', time);
  row('whole frame, 150,000 pods', median(3, () => ({ free() {} }), () => sandbox.whole()));
  row('tick of 1/60 s, 150,000 pods', median(9, () => ({ free() {} }), () => sandbox.tick(SECOND / 60)));
  sandbox.free();
}

process.exitCode = rows.some(({ time, budget }) => time > budget) ? 1 : 0;
