// Runs scenarios in the WASM module and prints `NAME FINGERPRINT` for each: `cargo xtask test` compares them with the native build's.
// usage: node fingerprints-node.mjs FOLDER_OF_THE_MODULE SEED SCENARIO…
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const [folder, seed, ...scenarios] = process.argv.slice(2);
const podarium = createRequire(import.meta.url)(resolve(folder, "podarium.js"));

for (const name of scenarios) {
  let line;
  try {
    line = podarium.fingerprint(readFileSync(name, "utf8"), BigInt(seed));
  } catch (error) {
    line = `error: ${String(error).split("\n")[0]}`;
  }
  console.log(`${name} ${line}`);
}
