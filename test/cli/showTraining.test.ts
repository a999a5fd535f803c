import { expect, test } from 'vitest';
import { describeMonitor } from '../../src/cli/showTraining.js';

const look = { kind: 'monitor', time: '2026-01-01T00:00:00Z', epoch: 2, validationLoss: 372.53, uniformity: -0.007, isBest: true } as const;

test('a look after few steps says that its numbers are no verdict yet', () => {
  const line = 'epoch 2 validation: loss 372.5300, uniformity -0.007 (best so far)';
  expect(describeMonitor({ ...look, step: 50 })).toBe(line);
  expect(describeMonitor({ ...look, step: 6 })).toBe(
    `${line}; after 6 steps batch norm's running statistics lag behind: too early to judge`,
  );
});
