import { existsSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { offline } from './src/offline/plugin';

/** The WASM module, as `cargo xtask wasm` or a link of yours puts it there. */
const pkg = fileURLToPath(new URL('./pkg', import.meta.url));

/** A module that lies behind a link is outside of this folder for Vite, which must be told that it may be served. */
function realPkg(): string {
  try {
    return realpathSync(pkg);
  } catch {
    return pkg;
  }
}

/** What loads the module: its own loader, which fetches it in two parts; one that wasm-bindgen alone has made has a single part. */
const loader = existsSync(`${pkg}/load.js`)
  ? `${pkg}/load.js`
  : fileURLToPath(new URL('./src/sim/whole.ts', import.meta.url));

export default defineConfig({
  // Static files for any folder of any host.
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  resolve: {
    alias: [
      { find: 'podarium-wasm/load.js', replacement: loader },
      { find: 'podarium-wasm', replacement: pkg },
    ],
  },
  worker: { format: 'es' },
  server: { strictPort: true, fs: { allow: ['..', realPkg()] } },
  plugins: [offline()],
  build: {
    target: 'es2022',
    sourcemap: true,
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: ['index.html', 'src/offline/service-worker.ts'],
      output: {
        // The service worker's name must not change: it is how a browser finds a new version.
        entryFileNames: chunk => (chunk.name === 'service-worker' ? '[name].js' : 'assets/[name]-[hash].js'),
      },
    },
  },
  test: { include: ['src/**/*.test.ts'] },
});
