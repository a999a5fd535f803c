import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { availableBackends } from '../support/backends.js';
import { simdInUse, testWinograd } from './winogradError.js';

describe.skipIf(!availableBackends.includes('libtorch'))(
  'own float32 convolutions held to avx2 (skipped where the addon is not built)',
  () => {
    // Read at first use, once a process; each test file has its own.
    beforeAll(() => void vi.stubEnv('AUDIOSSL_SIMD', 'avx2'));
    afterAll(() => void vi.unstubAllEnvs());
    it('use those loops', () => {
      expect(simdInUse()).toBe('avx2');
    });
    testWinograd({ threads: [2, 3, 5] });
  },
);
