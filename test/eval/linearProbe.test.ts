import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { cachedFeatures } from '../../src/eval/cachedFeatures.js';
import { linearProbeOptions } from '../../src/eval/evaluationOptions.js';
import { classifierRows, classifyClips, trainLinearProbe } from '../../src/eval/linearProbe.js';
import { Rng } from '../../src/util/rng.js';
import { availableBackends } from '../support/backends.js';

const [dim, numClasses, numClips] = [6, 3, 26];
const labels = Array.from({ length: numClips }, (_, i) => (i * 5) % numClasses);
/** Two patches a clip, the second one twice the first: a draw shows in the result. */
function makeClips(seed: number) {
  const rng = new Rng({ seed, purpose: 'test' });
  const h = new Float32Array(2 * numClips * dim);
  for (let clip = 0; clip < numClips; clip++) {
    for (let i = 0; i < dim; i++) {
      const value = rng.normal() + (i === labels[clip] ? 1.5 : 0);
      h[2 * clip * dim + i] = value;
      h[(2 * clip + 1) * dim + i] = 2 * value;
    }
  }
  return { h, dim, clipOfPatch: Uint32Array.from({ length: 2 * numClips }, (_, i) => i >> 1) };
}
const [train, validation] = [makeClips(1), makeClips(2)];
const options = linearProbeOptions.parse({
  epochs: 7,
  batchSize: 8,
  learningRate: 0.02,
  milestones: [1, 3],
  factor: 0.5,
  weightDecay: 0.01,
});

/** PyTorch's SGD on nn.Linear and cross-entropy, written out: weight [class][dim], bias apart, one sample after the other. */
function oracle(seed: number): { weight: number[][]; bias: number[] }[] {
  const rng = new Rng({ seed, purpose: 'probeWeights' });
  const bound = 1 / Math.sqrt(dim);
  const weight = Array.from({ length: numClasses }, () => Array<number>(dim).fill(0));
  const bias = Array<number>(numClasses).fill(0);
  for (let i = 0; i < dim; i++) for (let c = 0; c < numClasses; c++) weight[c][i] = Math.fround(rng.uniform(-bound, bound));
  for (let c = 0; c < numClasses; c++) bias[c] = Math.fround(rng.uniform(-bound, bound));
  const [velocity, biasVelocity] = [weight.map((row) => row.map(() => 0)), bias.map(() => 0)];
  const epochs: { weight: number[][]; bias: number[] }[] = [];
  for (let epoch = 1; epoch <= options.epochs; epoch++) {
    const order = new Rng({ seed, epoch, purpose: 'probeOrder' }).permutation(numClips);
    const draws = new Rng({ seed, epoch, purpose: 'probePatch' });
    const patchOf = labels.map((_, clip) => draws.integer(2 * clip, 2 * clip + 2));
    const rate = epoch <= 1 ? 0.02 : epoch <= 3 ? 0.01 : 0.005;
    for (let first = 0; first < numClips; first += 8) {
      const batch = Array.from(order.subarray(first, first + 8));
      const gradient = weight.map((row) => row.map((value) => 0.01 * value));
      const biasGradient = bias.map((value) => 0.01 * value);
      for (const clip of batch) {
        const x = train.h.subarray(patchOf[clip] * dim, (patchOf[clip] + 1) * dim);
        const logits = weight.map((row, c) => row.reduce((sum, value, i) => sum + value * x[i], bias[c]));
        const total = logits.reduce((sum, value) => sum + Math.exp(value), 0);
        for (let c = 0; c < numClasses; c++) {
          const error = (Math.exp(logits[c]) / total - (labels[clip] === c ? 1 : 0)) / batch.length;
          biasGradient[c] += error;
          for (let i = 0; i < dim; i++) gradient[c][i] += error * x[i];
        }
      }
      for (let c = 0; c < numClasses; c++) {
        biasVelocity[c] = 0.9 * biasVelocity[c] + biasGradient[c];
        bias[c] -= rate * biasVelocity[c];
        for (let i = 0; i < dim; i++) {
          velocity[c][i] = 0.9 * velocity[c][i] + gradient[c][i];
          weight[c][i] -= rate * velocity[c][i];
        }
      }
    }
    epochs.push({ weight: weight.map((row) => [...row]), bias: [...bias] });
  }
  return epochs;
}

/** Mean softmax over the two patches of each clip. */
function probabilitiesOf({ weight, bias }: { weight: number[][]; bias: number[] }, h: Float32Array): number[][] {
  return labels.map((_, clip) => {
    const mean = Array<number>(numClasses).fill(0);
    for (const patch of [2 * clip, 2 * clip + 1]) {
      const logits = weight.map((row, c) => row.reduce((sum, value, i) => sum + value * h[patch * dim + i], bias[c]));
      const total = logits.reduce((sum, value) => sum + Math.exp(value), 0);
      for (let c = 0; c < numClasses; c++) mean[c] += Math.exp(logits[c]) / total / 2;
    }
    return mean;
  });
}

/** Mean recall of the classes. */
function macro(probabilities: number[][]): number {
  const right = probabilities.map((row, clip) => row.indexOf(Math.max(...row)) === labels[clip]);
  const recalls = Array.from({ length: numClasses }, (_, c) => {
    const ofClass = right.filter((_, clip) => labels[clip] === c);
    return ofClass.filter(Boolean).length / ofClass.length;
  });
  return recalls.reduce((a, b) => a + b, 0) / numClasses;
}

describe.each(availableBackends)('the linear probe on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  test("equals PyTorch's SGD written out, at the epoch that is best on validation", async () => {
    const epochs = oracle(11);
    const accuracies = epochs.map((state) => macro(probabilitiesOf(state, validation.h)));
    const best = accuracies.indexOf(Math.max(...accuracies));
    const features = cachedFeatures({ train, trainLabels: labels, validation, validationLabels: labels, seed: 11 });
    const probe = await trainLinearProbe({ features, numClasses, options, seed: 11 });
    features.dispose();
    // After the first milestone, so that the schedule shows in the weights.
    expect(best).toBeGreaterThan(0);
    expect(probe.epoch).toBe(best + 1);
    expect(probe.validationClipMacroAccuracy).toBeCloseTo(accuracies[best], 12);
    const { weight, bias } = epochs[best];
    const expected = [...Array.from({ length: dim }, (_, i) => weight.map((row) => row[i])).flat(), ...bias];
    // float32 against double over up to 28 steps.
    expect(probe.weights).toBeAllClose(expected, { atol: 2e-5 });
    const rows = classifierRows(validation);
    const { predicted, probabilities } = await classifyClips(probe, rows, numClips);
    rows.x.dispose();
    const wanted = probabilitiesOf(epochs[best], validation.h);
    expect(probabilities.flat()).toBeAllClose(wanted.flat(), { atol: 2e-5 });
    expect(predicted).toEqual(wanted.map((row) => row.indexOf(Math.max(...row))));
    expect(tf.memory().numTensors).toBe(0);
  });
});

describe('the linear probe', () => {
  beforeAll(() => setBackend({ backend: 'cpu' }));

  test('standardised: trains on embeddings of mean 0 and variance 1 over the training patches, and scales what it classifies alike', async () => {
    // By hand: the training patches' mean and population variance, epsilon 1e-5, put to both sets.
    const patchesOf = ({ h }: { h: Float32Array }, i: number) => Array.from({ length: 2 * numClips }, (_, row) => h[row * dim + i]);
    const meanOf = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    const means = Array.from({ length: dim }, (_, i) => meanOf(patchesOf(train, i)));
    const variances = means.map((mean, i) => meanOf(patchesOf(train, i).map((value) => (value - mean) ** 2)));
    const scaled = ({ h, ...set }: typeof train) => ({
      ...set,
      h: h.map((value, i) => (value - means[i % dim]) / Math.sqrt(variances[i % dim] + 1e-5)),
    });
    const probeOf = async (sets: { train: typeof train; validation: typeof train; standardise: boolean }) => {
      const features = cachedFeatures({ ...sets, trainLabels: labels, validationLabels: labels, seed: 3 });
      const probe = await trainLinearProbe({ features, numClasses, options, seed: 3 });
      const rows = classifierRows(sets.validation, features.scaling);
      const { probabilities } = await classifyClips(probe, rows, numClips);
      features.dispose();
      rows.x.dispose();
      return { weights: probe.weights, probabilities: probabilities.flat() };
    };
    const standardised = await probeOf({ train, validation, standardise: true });
    const byHand = await probeOf({ train: scaled(train), validation: scaled(validation), standardise: false });
    const asTheyAre = await probeOf({ train, validation, standardise: false });
    // float32 against values scaled in double.
    expect(standardised.weights).toBeAllClose(byHand.weights, { atol: 1e-5 });
    expect(standardised.probabilities).toBeAllClose(byHand.probabilities, { atol: 1e-5 });
    expect(Math.max(...asTheyAre.weights.map((value, i) => Math.abs(value - byHand.weights[i])))).toBeGreaterThan(1e-2);
  });

  const run = async (seed: number) => {
    const features = cachedFeatures({ train, trainLabels: labels, validation, validationLabels: labels, seed });
    const probe = await trainLinearProbe({ features, numClasses, options, seed });
    features.dispose();
    return probe;
  };

  test('the seed names the result', async () => {
    expect(await run(5)).toEqual(await run(5));
    expect((await run(6)).weights).not.toEqual((await run(5)).weights);
  });

  test('is stopped by its signal and lets go of its tensors', async () => {
    const features = cachedFeatures({ train, trainLabels: labels, validation, validationLabels: labels, seed: 1 });
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error('enough'));
    await expect(trainLinearProbe({ features, numClasses, options, seed: 1, onProgress, signal: controller.signal })).rejects.toThrow(
      'enough',
    );
    features.dispose();
    expect(tf.memory().numTensors).toBe(0);
  });

  test('heeds its signal between two steps of an epoch', async () => {
    const features = cachedFeatures({ train, trainLabels: labels, validation, validationLabels: labels, seed: 1 });
    const controller = new AbortController();
    let steps = 0;
    const counted: typeof features = {
      ...features,
      drawEpoch(epoch, order) {
        const draw = features.drawEpoch(epoch, order);
        return (first, count) => {
          // As a signal of the process comes: when the event loop has its turn, here after a step that took long.
          if (++steps === 2) {
            setImmediate(() => controller.abort(new Error('enough')));
            for (const start = performance.now(); performance.now() - start < 25; );
          }
          return draw(first, count);
        };
      },
    };
    const probe = trainLinearProbe({ features: counted, numClasses, options, seed: 1, signal: controller.signal });
    await expect(probe).rejects.toThrow('enough');
    // An epoch has four steps.
    expect(steps).toBe(2);
    features.dispose();
    expect(tf.memory().numTensors).toBe(0);
  });

  test('without validation clips there is nothing to choose the epoch by', async () => {
    const features = {
      ...cachedFeatures({ train, trainLabels: labels, validation, validationLabels: labels, seed: 1 }),
      validationLabels: [],
    };
    await expect(trainLinearProbe({ features, numClasses, options, seed: 1 })).rejects.toThrow(/26 training and 0 validation clips/);
    features.dispose();
  });
});
