import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));

export default defineConfig({
  root,
  test: {
    include: ['test/**/*.test.ts'],
    // The command line and the worker threads run the compiled program, so every run starts by compiling it.
    globalSetup: ['test/support/buildOnce.ts'],
    setupFiles: ['test/support/otherAddon.ts', 'test/support/quiet.ts', 'test/support/toBeAllClose.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    coverage: { provider: 'v8', include: ['src/**/*.ts'], reportsDirectory: 'coverage' },
  },
});
