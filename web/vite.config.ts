import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

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

export default defineConfig({
  // Static files for any folder of any host.
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  resolve: { alias: { 'podarium-wasm': pkg } },
  worker: { format: 'es' },
  server: { strictPort: true, fs: { allow: ['..', realPkg()] } },
  build: { target: 'es2022', sourcemap: true, assetsInlineLimit: 0 },
  test: { include: ['src/**/*.test.ts'] },
});
