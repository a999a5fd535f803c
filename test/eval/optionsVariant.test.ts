import { expect, test } from 'vitest';
import { evaluationOptions } from '../../src/eval/evaluationOptions.js';
import { optionsVariant } from '../../src/eval/optionsVariant.js';

const options = (given: object) => evaluationOptions.parse(given);

test("options that are the run's own, or that the protocol does not read, name nothing", () => {
  const config = { evaluation: { neighbours: 7, linear: { epochs: 3 } } };
  expect(optionsVariant('knn', options({ neighbours: 7 }), config)).toBeNull();
  expect(optionsVariant('knn', options({ neighbours: 7, batchSize: 3, linear: { epochs: 9 } }), config)).toBeNull();
  expect(optionsVariant('linear', options({}), undefined)).toBeNull();
});

test('every other option gives a name of its own', () => {
  expect(optionsVariant('knn', options({ neighbours: 5 }), {})).toBe('neighbours5');
  expect(optionsVariant('knn', options({ compat: { majorityVote: true } }), {})).toBe('votemajority');
  expect(optionsVariant('linear', options({ linear: { epochs: 100, learningRate: 0.01 } }), {})).toBe('epochs100_learningRate0.01');
  expect(optionsVariant('knn', options({ bootstrapDraws: 100 }), {})).toBe('bootstrapDraws100');
  const names = [[80], [80, 160, 170], [1]].map((milestones) => optionsVariant('linear', options({ linear: { milestones } }), {}));
  expect(new Set(names).size).toBe(3);
  const long = (epochs: number) =>
    optionsVariant(
      'linear',
      options({ linear: { epochs, learningRate: 0.12345, milestones: [1, 2, 3], momentum: 0.5, weightDecay: 0.5 } }),
      {},
    );
  expect(long(5)).toMatch(/^options_[0-9a-f]{8}$/);
  expect(long(5)).not.toBe(long(6));
});
