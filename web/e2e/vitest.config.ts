import { defineConfig } from 'vitest/config';

/** The site as its users have it, in Debian's Chromium: one file after another, for they share the machine's cores. */
export default defineConfig({
  test: {
    include: ['e2e/**/*.test.ts'],
    fileParallelism: false,
    testTimeout: 90_000,
    hookTimeout: 60_000,
    maxWorkers: 1,
  },
});
