import { beforeAll, describe, expect, it } from 'vitest';
import { availableBackends } from '../support/backends.js';
import { simdInUse, testWinograd } from './winogradError.js';

describe.skipIf(!availableBackends.includes('libtorch'))(
  'own float32 convolutions held to baseline (skipped where the addon is not built)',
  () => {
    beforeAll(() => {
      process.env.AUDIOSSL_SIMD = 'baseline'; // read at first use, once a process; each test file has its own
    });
    it('use those loops', () => {
      expect(simdInUse()).toBe('baseline');
    });
    testWinograd({ largest: false }); // a vector of four is slow
  },
);
