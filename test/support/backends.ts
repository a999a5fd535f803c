import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { BackendName } from '../../src/backend/setBackend.ts';

const addon = fileURLToPath(new URL('../../native/build/audiossl.node', import.meta.url));
const wasmKernels = fileURLToPath(new URL('../../src/backend/wasm/registerWasm.ts', import.meta.url));

/**
 * The backends this machine has, slowest first, for `describe.each(availableBackends)('on %s', (backend) => { beforeAll(() => setBackend({ backend })) ... })`.
 * `AUDIOSSL_TEST_BACKENDS=cpu,libtorch` narrows the list.
 */
export const availableBackends: BackendName[] = (['cpu', 'wasm', 'libtorch'] as const)
  .filter((name) => name === 'cpu' || existsSync(name === 'wasm' ? wasmKernels : addon))
  .filter((name) => process.env.AUDIOSSL_TEST_BACKENDS?.split(',').includes(name) ?? true);
