/** Loads a module of one part: what `cargo xtask wasm` makes has a loader of its own in this one's place (see vite.config.ts). */
import init from 'podarium-wasm/podarium.js';

export default async function load(): Promise<void> {
  await init();
}
