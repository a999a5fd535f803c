import { beforeAll, describe, expect, test } from 'vitest';
import { confidentClass, confidentLearning } from '../../src/audit/confidentLearning.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { minimise } from '../../src/eval/minimise.js';
import { outOfFoldProbabilities } from '../../src/eval/outOfFold.js';
import { fitSoftmaxRegression, predictProbabilities } from '../../src/eval/softmaxRegression.js';
import { Rng } from '../../src/util/rng.js';
import golden from '../golden/audit/confident.json' with { type: 'json' };
import { availableBackends } from '../support/backends.js';

describe('confidentLearning', () => {
  test('the golden thresholds, confident joint, joint distribution and noise matrix', () => {
    const result = confidentLearning(golden.probabilities, golden.labels, 4);
    expect(result.thresholds).toBeAllClose(golden.thresholds, { atol: 1e-8 });
    expect(result.confidentJoint).toEqual(golden.confidentJoint);
    expect(result.joint.flat()).toBeAllClose(golden.joint.flat(), { atol: 1e-9 });
    expect(result.noiseMatrix.flat()).toBeAllClose(golden.noiseMatrix.flat(), { atol: 1e-9 });
    expect(result.numErrors).toBeCloseTo(golden.numErrors, 6);
  });

  test('certain and right predictions: no error, the identity as noise; one certain contradiction: one error', () => {
    const certain = [1, 0, 1, 0, 0, 1, 0, 1];
    const right = confidentLearning(certain, [0, 0, 1, 1], 2);
    expect([right.numErrors, right.noiseMatrix]).toEqual([
      0,
      [
        [1, 0],
        [0, 1],
      ],
    ]);
    // Class 1 then has the threshold 2/3, which the clip wrongly labelled 1 does not reach and the others do.
    const wrong = confidentLearning([...certain, 1, 0], [0, 0, 1, 1, 1], 2);
    expect(wrong.confidentJoint).toEqual([
      [2, 0],
      [1, 2],
    ]);
    expect(wrong.numErrors).toBeCloseTo(1, 12);
  });

  test('the confident class: none under every threshold, the likeliest of several', () => {
    expect(confidentClass([0.3, 0.4, 0.3], 0, [0.5, 0.5, 0.5])).toBeUndefined();
    expect(confidentClass([9, 9, 9, 0.3, 0.45, 0.25], 1, [0.2, 0.5, 0.2])).toBe(0);
    expect(() => confidentLearning([0.5, 0.5], [0, 1], 2)).toThrow(/2 probabilities for each of at least 1 clip, got 2 for 2/);
  });
});

describe('minimise', () => {
  test("finds the minimum of Rosenbrock's valley", async () => {
    const valley = async ([x, y]: Float64Array) => ({
      value: (1 - x) ** 2 + 100 * (y - x * x) ** 2,
      gradient: Float64Array.of(-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)),
    });
    expect(await minimise(Float64Array.of(-1.2, 1), valley, { tolerance: 1e-9 })).toBeAllClose([1, 1], { atol: 1e-5 });
  });
});

describe.each(availableBackends)('softmax regression on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  test("equals scipy's minimum of the same objective, a constant feature included", async () => {
    const given = { x: Float32Array.from(golden.x), labels: golden.labels, dim: 6, numClasses: 4, l2: golden.l2 };
    const classifier = await fitSoftmaxRegression(given);
    // The search stops at a gradient of 1e-4 of the first one.
    expect(predictProbabilities(classifier, given.x.slice(0, 48))).toBeAllClose(golden.fitted.flat(), { atol: 2e-3 });
  });
});

describe('out-of-fold probabilities', () => {
  beforeAll(() => setBackend({ backend: 'cpu' }));

  test("a clip's own label and those of its fold change nothing in its probabilities; those of other folds do", async () => {
    const n = 24;
    const rng = new Rng({ seed: 3, purpose: 'test' });
    const x = Float32Array.from({ length: n * 3 }, () => rng.normal());
    const labels = Array.from({ length: n }, (_, i) => i % 3);
    const foldOf = labels.map((_, i) => Math.floor(i / 6));
    const predict = async (given: number[], isLeftOut?: boolean[]) =>
      (await outOfFoldProbabilities({ x, dim: 3, labels: given, numClasses: 3, foldOf, numFolds: 4, candidates: [1], isLeftOut }))
        .probabilities;
    const before = await predict(labels);
    const changed = labels.map((label, i) => (foldOf[i] === 1 ? (label + 1) % 3 : label));
    const after = await predict(changed);
    expect(after.slice(18, 36)).toEqual(before.slice(18, 36));
    expect(after.slice(0, 18)).not.toEqual(before.slice(0, 18));
    // Left out: their labels teach nobody.
    const out = labels.map((_, i) => foldOf[i] === 1);
    const without = await predict(labels, out);
    expect(await predict(changed, out)).toEqual(without);
    expect(without.slice(0, 18)).not.toEqual(before.slice(0, 18));
  });
});
