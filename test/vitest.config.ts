import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Files whose tests share processes, which saves a file the start of one and the loading of TensorFlow.js: of functions that leave a process
 * as they found it, which test/support/leaveNothing.ts and leaveNoTensor.ts hold. Commands, backends, memory, signals, and what is mocked,
 * have a process a file.
 */
const sharing =
  'test/{audio,audit,augment,data,eval,loss,method,nn,ops,optim,parallel,report,run,search,sweep,util}/**/!(decoderPool|mp3Missing|walkFolder).test.ts';
const shared = { isolate: false, setupFiles: ['test/support/leaveNoTensor.ts'] };

/** The addon on another libtorch that set-up for tests built (native/setup.mjs): { addon, release }, or { reason } why there is none. */
const secondFile = `${root}native/build/second.json`;
const second: { addon?: string; release?: string } = existsSync(secondFile) ? JSON.parse(readFileSync(secondFile, 'utf8')) : {};
const env = { AUDIOSSL_ADDON: second.addon, AUDIOSSL_TEST_BACKENDS: 'libtorch' };
const onSecond =
  second.addon !== undefined && existsSync(second.addon)
    ? [
        {
          extends: true as const,
          test: {
            name: `libtorch ${second.release}`,
            include: ['test/backend/libtorch*.test.ts', 'test/conformance/*.test.ts'],
            // The same loops of ours whatever the libtorch: once is enough for the instruction sets that are not in use.
            exclude: ['test/backend/libtorchWinograd{Avx2,Baseline}.test.ts'],
            env,
          },
        },
        { extends: true as const, test: { name: `libtorch ${second.release}, shared`, include: ['test/ops/*.test.ts'], env, ...shared } },
      ]
    : [];

export default defineConfig({
  root,
  test: {
    projects: [
      { extends: true, test: { name: 'audiossl', include: ['test/**/*.test.ts'], exclude: [sharing] } },
      { extends: true, test: { name: 'audiossl, shared', include: [sharing], ...shared } },
      ...onSecond,
    ],
    // The command line and the worker threads run the compiled program, so every run starts by compiling it.
    globalSetup: ['test/support/buildOnce.ts'],
    setupFiles: ['test/support/otherAddon.ts', 'test/support/quiet.ts', 'test/support/leaveNothing.ts', 'test/support/toBeAllClose.ts'],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    coverage: { provider: 'v8', include: ['src/**/*.ts'], reportsDirectory: 'coverage' },
  },
});
