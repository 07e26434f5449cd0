/**
 * Loads the module, in a worker: its first part, and after it the rest, which nobody waits for.
 *
 * What needs the rest before it has come waits for it, by a synchronous request: only workers may do that. If the rest cannot be had then,
 * that call fails with an error that says so, and nothing else can be asked of what it was working on. docs/adr/0008 says why there are two parts.
 */
import init from './podarium.js';

const restUrl = new URL('./podarium_rest.wasm', import.meta.url);

export default async function load() {
  const first = await init();
  const isWhole = () => first.restReady === undefined || first.restReady.value === 1;
  const attach = (module) => {
    if (!isWhole()) new WebAssembly.Instance(module, { first });
  };
  globalThis.podariumRest = () => {
    const request = new XMLHttpRequest();
    request.open('GET', restUrl, false);
    request.responseType = 'arraybuffer';
    request.send();
    if (request.status !== 200) throw new Error(`the second part of the module could not be loaded: ${request.status}`);
    attach(new WebAssembly.Module(request.response));
  };
  // A failure is no end: whatever needs the rest asks for it again.
  const rest = isWhole() ? Promise.resolve(true) : fetchModule().then(attach).then(isWhole, () => false);
  return { rest };
}

async function fetchModule() {
  const response = await fetch(restUrl);
  return WebAssembly.compile(await response.arrayBuffer());
}
