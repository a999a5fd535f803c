import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { contrastiveLossOptions } from '../../src/loss/lossOptions.js';
import { drawNoise } from '../../src/method/drawNoise.js';
import { memoryBank } from '../../src/method/memoryBank.js';
import { createEncoder, encoderOptions } from '../../src/nn/createEncoder.js';
import { disposeParameters } from '../../src/nn/parameters.js';
import { projectionHeadOf } from '../../src/nn/projectionHead.js';
import { Rng } from '../../src/util/rng.js';
import { scatter } from '../ops/numeric.js';
import { availableBackends } from '../support/backends.js';

const [numClips, dim, frames, mels, temperature, momentum, numNoise] = [9, 8, 24, 16, 0.3, 0.75, 14];
const clips = Int32Array.from([6, 0, 8, 3]);

describe('the noise of a memory bank', () => {
  it('is named by seed, step and clip alone', () => {
    const options = { numRows: 50, numNoise: 70, seed: 3, step: 2 };
    const both = drawNoise(Int32Array.of(4, 1), options);
    expect([...drawNoise(Int32Array.of(1), options)]).toEqual([...both.subarray(70)]);
    expect([...drawNoise(Int32Array.of(1), { ...options, step: 3 })]).not.toEqual([...both.subarray(50)]);
    expect([...drawNoise(Int32Array.of(1), { ...options, seed: 4 })]).not.toEqual([...both.subarray(50)]);
    expect(both).toHaveLength(140);
    // One by one, from the stream that clip and step name.
    const rng = new Rng({ seed: 3, epoch: 2, clip: 4, purpose: 'memory noise' });
    expect([...both.subarray(0, 70)]).toEqual(Array.from({ length: 70 }, () => rng.integer(0, 50)));
  });

  it('is drawn evenly from all rows, the own one too', () => {
    const counts = new Array<number>(5).fill(0);
    for (const row of drawNoise(Int32Array.of(2), { numRows: 5, numNoise: 20_000, seed: 1, step: 0 })) counts[row]++;
    // Binomial: 4,000 with a deviation of 57; five of them.
    for (const count of counts) expect(Math.abs(count - 4000)).toBeLessThan(283);
  });
});

type Rows = number[][];
const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0);
const unit = (a: number[]) => a.map((value) => value / Math.hypot(...a));
const rowsOf = (tensor: tf.Tensor): Rows => (tensor as tf.Tensor2D).arraySync();

/** Equations 4 to 7 row by row: `positives` may be no rows of the memory; noise is drawn one by one. */
function naiveLoss(z: Rows, positives: Rows, memory: Rows, noiseNames: { clip: number; seed: number; step: number }[]): number {
  let total = 0;
  for (const [i, row] of z.entries()) {
    const score = (other: number[]) => Math.exp(dot(unit(row), other) / temperature);
    const normaliser = memory.reduce((sum, other) => sum + score(other), 0);
    const isData = (other: number[]) => {
      const probability = score(other) / normaliser;
      return probability / (probability + numNoise / memory.length);
    };
    total -= Math.log(isData(positives[i]));
    const { clip, seed, step } = noiseNames[i];
    const rng = new Rng({ seed, epoch: step, clip, purpose: 'memory noise' });
    for (let k = 0; k < numNoise; k++) total -= Math.log(1 - isData(memory[rng.integer(0, memory.length)]));
  }
  return total / z.length;
}

// Plain JavaScript takes seconds a step.
const quickBackends = availableBackends.filter((name) => name !== 'cpu');

describe.each(quickBackends)('instance discrimination with a memory bank on %s', (backend) => {
  beforeAll(() => setBackend({ backend }));

  const encoder = createEncoder(encoderOptions.parse({ name: 'vgg' }), { nMels: mels });
  const head = projectionHeadOf(encoder, { hiddenSize: 16, outputSize: dim });
  const viewsOf = (rows: number, from: number) =>
    tf.tensor3d(Float32Array.from(scatter(rows * frames * mels, from, 2)), [rows, frames, mels]);
  function create(loss: object, noise: number | null = numNoise) {
    const [encoderParameters, headParameters] = [encoder, head].map((network) => network.createParameters({ seed: 1 }));
    const parts = { encoder, encoderParameters, head, headParameters, loss: contrastiveLossOptions.parse(loss) };
    const method = memoryBank(parts, { momentum, numNoise: noise, numClips, seed: 5 });
    const project = (views: tf.Tensor3D, isTraining: boolean) =>
      tf.tidy(() => rowsOf(head.forward(headParameters, encoder.forward(encoderParameters, views, { isTraining }), { isTraining })));
    const dispose = () => {
      for (const parameters of [encoderParameters, headParameters, method.own]) disposeParameters(parameters);
    };
    return { method, project, memory: method.own.get('memory.rows') as tf.Variable, dispose };
  }

  it('has the loss of loops over clips and draws, moves the rows of the batch and keeps the bits of all others', () => {
    const { method, project, memory, dispose } = create({ name: 'nce', temperature });
    for (const row of rowsOf(memory)) expect(Math.hypot(...row)).toBeCloseTo(1, 6);
    for (const step of [0, 1]) {
      const views = viewsOf(clips.length, 10 + step);
      const before = rowsOf(memory);
      const z = project(views, true);
      const { gradients, loss } = method.step(views, { clips, dropout: { seed: 4, step } });
      tf.dispose([views, ...gradients.values()]);
      const own = [...clips].map((clip) => before[clip]);
      const names = [...clips].map((clip) => ({ clip, seed: 4, step }));
      // Float32 against float64 over 14 terms a row of a size of 1.
      expect([loss]).toBeAllClose([naiveLoss(z, own, before, names)], { rtol: 1e-5, atol: 1e-5 });
      for (const [clip, row] of rowsOf(memory).entries()) {
        const i = clips.indexOf(clip);
        if (i < 0) expect(row).toEqual(before[clip]);
        else {
          const moved = unit(before[clip].map((value, k) => momentum * value + (1 - momentum) * unit(z[i])[k]));
          expect(row).toBeAllClose(moved, { rtol: 1e-5, atol: 1e-6 });
        }
      }
    }
    dispose();
  });

  it('looks at clips that it has no row for by their other view, alike at every look and without a trace', () => {
    const { method, project, memory, dispose } = create({ name: 'nce', temperature });
    const views = viewsOf(6, 20);
    const before = rowsOf(memory);
    const { contrastiveLoss, embeddings } = method.evaluate(views);
    expect(embeddings.length).toBe(6 * encoder.embeddingSize);
    const z = project(views, false);
    const names = [0, 1, 2].map((clip) => ({ clip, seed: 5, step: 0 }));
    const expected = naiveLoss(z.slice(0, 3), z.slice(3).map(unit), before, names);
    expect([contrastiveLoss]).toBeAllClose([expected], { rtol: 1e-5, atol: 1e-5 });
    expect(method.evaluate(views).contrastiveLoss).toBe(contrastiveLoss);
    expect(rowsOf(memory)).toEqual(before);
    views.dispose();
    dispose();
  });

  it('is with InfoNCE and without drawing the softmax over all rows, with a margin between projections and their rows', () => {
    const { method, project, memory, dispose } = create(
      { name: 'infoNce', temperature, angularMargin: { contrastiveWeight: 0.5, marginOn: 'projection', marginRadians: 0.7 } },
      null,
    );
    const views = viewsOf(clips.length, 30);
    const before = rowsOf(memory);
    const z = project(views, true).map(unit);
    const { gradients, contrastiveLoss, marginLoss } = method.step(views, { clips });
    const rows = [...z, ...[...clips].map((clip) => before[clip])];
    const losses = z.map((row, i) => {
      const scores = before.map((other) => Math.exp(dot(row, other) / temperature));
      return -Math.log(scores[clips[i]] / scores.reduce((a, b) => a + b));
    });
    expect([contrastiveLoss]).toBeAllClose([losses.reduce((a, b) => a + b) / losses.length], { rtol: 1e-5, atol: 1e-5 });
    // The margin term by its defaults: weights times the means of squared angles of positives, and of what negatives lack of the margin.
    const terms: Record<string, number[]> = { positive: [], negative: [] };
    for (const [i, a] of rows.entries()) {
      for (const [j, b] of rows.entries()) {
        if (i === j) continue;
        const angle = Math.acos(Math.min(1, Math.max(-1, dot(a, b))));
        if (i % clips.length === j % clips.length) terms.positive.push(angle ** 2);
        else terms.negative.push(Math.max(0, 0.7 - angle) ** 2);
      }
    }
    const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
    expect([marginLoss as number]).toBeAllClose([10.24 * mean(terms.positive) + 2600.96 * mean(terms.negative)], {
      rtol: 1e-4,
      atol: 1e-4,
    });
    tf.dispose([views, ...gradients.values()]);
    dispose();
  });

  it('says what a step lacks', () => {
    const { method, dispose } = create({ name: 'nce' });
    const views = viewsOf(4, 40);
    const step = (context: object) => () => method.step(views, context);
    expect(step({ dropout: { seed: 1, step: 0 } })).toThrow('place of each clip among the training clips, got none for 4 clips');
    expect(step({ clips })).toThrow('a step that draws noise needs what names it: dropout {seed, step}');
    views.dispose();
    dispose();
  });
});
