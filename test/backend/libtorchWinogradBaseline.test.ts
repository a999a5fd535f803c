import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { availableBackends } from '../support/backends.js';
import { simdInUse, testWinograd } from './winogradError.js';

describe.skipIf(!availableBackends.includes('libtorch'))(
  'own float32 convolutions held to baseline (skipped where the addon is not built)',
  () => {
    // Read at first use, once a process; each test file has its own.
    beforeAll(() => void vi.stubEnv('AUDIOSSL_SIMD', 'baseline'));
    afterAll(() => void vi.unstubAllEnvs());
    it('use those loops', () => {
      expect(simdInUse()).toBe('baseline');
    });
    testWinograd({ largest: false }); // a vector of four is slow
  },
);
