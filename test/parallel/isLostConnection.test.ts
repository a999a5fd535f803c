import { expect, test } from 'vitest';
import { isLostConnection } from '../../src/parallel/RankGroup.js';
import { AudiosslError } from '../../src/util/errors.js';

test('a kernel that fails for want of another rank is told from one that fails by itself', () => {
  // As libtorch 1.13 said when a rank was killed inside batch norm.
  const lost = 'libtorch batchNormTrain: [./gloo/transport/tcp/pair.cc:589] Read error [127.0.0.1]:41868: Connection reset by peer';
  expect(isLostConnection(new Error(lost))).toBe(true);
  expect(isLostConnection(new Error('libtorch batchNormTrain: shapes do not match'))).toBe(false);
  expect(isLostConnection(new AudiosslError(`rank 1 of 2: another rank is gone (${lost})`))).toBe(false);
});
