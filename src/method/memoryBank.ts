import * as tf from '@tensorflow/tfjs-core';
import { contrastiveObjective, type MarginRows } from '../loss/contrastiveObjective.js';
import { countPlaces, memoryPairs, type Pairs } from '../loss/pairs.js';
import type { DropoutKey } from '../ops/dropout.js';
import { pairLabels } from '../ops/rows.js';
import { unitRows } from '../ops/unitRows.js';
import { AudiosslError } from '../util/errors.js';
import { drawNoise } from './drawNoise.js';
import type { MethodParts } from './methodParts.js';
import { type PretrainMethod, pretrainMethod } from './pretrainMethod.js';
import { projectionMemory } from './projectionMemory.js';

/**
 * Instance discrimination with a memory bank (Wu et al. 2018, "Unsupervised Feature Learning via Non-Parametric Instance Discrimination"):
 * every training clip has a row in a memory; one view of a clip asks for its own row, with noise drawn evenly from all rows, the own one
 * included (`P_n = 1 / N`). With the loss `nce` these are equations 4 to 7, Z taken over the whole memory for each view where the authors
 * estimate it once; with infoNce and `numNoise` null equation 2, the softmax over all rows. After the step the rows of its clips are moved
 * by `momentum`, as in the authors' code; the proximal term of equation 8 is left out.
 *
 * The loss sees `[views, clips]` cosines, so that a step's work grows with the training clips. A look at validation clips, which have no
 * row, takes the second view's projection as the first one's row. A margin term sees the projections and the rows that they ask for.
 * Checkpoint: `memory.rows`. On several ranks each moves the rows of all, so that all memories stay the same.
 */
export function memoryBank(
  { encoder, encoderParameters, head, headParameters, loss }: MethodParts,
  { momentum, numNoise, numClips, seed }: { momentum: number; numNoise: number | null; numClips: number; seed: number },
): PretrainMethod {
  const objective = contrastiveObjective(loss);
  const memory = projectionMemory({ numClips, dim: head.outputSize, momentum, seed });
  const { rows } = memory;
  /** Places in the memory, int32 `[clips, numNoise]`. */
  const noiseOf = (clips: Int32Array, numNoise: number, { seed, step }: Pick<DropoutKey, 'seed' | 'step'>): tf.Tensor2D =>
    tf.tensor2d(drawNoise(clips, { seed, step, numRows: numClips, numNoise }), [clips.length, numNoise], 'int32');
  /** Each clip with its own row and noise: drawn, or all other rows. */
  const pairsOf = (z: tf.Tensor2D, own: tf.Tensor1D, clips: Int32Array, key: DropoutKey | undefined): Pairs => {
    if (numNoise !== null) return memoryPairs(z, rows, { positives: own, noise: noiseOf(clips, numNoise, key as DropoutKey) });
    const isPositive = countPlaces(tf.expandDims(own, 1), numClips);
    return { anchors: z, candidates: rows, isPositive, isNegative: tf.sub(1, isPositive) };
  };

  /** The views' own rows are their positives. */
  function trainingPairs(z: tf.Tensor2D, clips: Int32Array, key: DropoutKey | undefined): { pairs: Pairs; marginRows: MarginRows } {
    const own = tf.tensor1d(clips, 'int32');
    // Rows of the memory have length 1 already. Assigned, as a copy would read the masks, which nobody may need.
    const pairs = Object.assign(pairsOf(z, own, clips, key), { cosines: tf.matMul(unitRows(z), rows, false, true) });
    return {
      pairs,
      marginRows: {
        get embeddings(): never {
          throw new AudiosslError('memoryBank: has no embeddings of its rows: marginOn must be projection, got embedding');
        },
        get projections() {
          return tf.concat([z, tf.gather(rows, own)], 0);
        },
        labels: pairLabels(clips.length),
      },
    };
  }

  /** The other views' projections are the positives; noise is the memory's, the same at every look. */
  function lookPairs(h: tf.Tensor2D, z: tf.Tensor2D): { pairs: Pairs; marginRows: MarginRows } {
    const n = z.shape[0] / 2;
    const [first, second] = tf.split<tf.Tensor2D>(unitRows(z), 2);
    const others = tf.zeros<tf.Rank.R2>([n, n]);
    const clips = Int32Array.from({ length: n }, (_, clip) => clip);
    const [none, ones] = [tf.zeros<tf.Rank.R2>([n, numClips]), tf.ones<tf.Rank.R2>([n, numClips])];
    const beside = (left: tf.Tensor2D, right: tf.Tensor2D): tf.Tensor2D => tf.concat([left, right], 1);
    return {
      pairs: {
        anchors: first,
        candidates: tf.concat([second, rows], 0),
        cosines: beside(tf.matMul(first, second, false, true), tf.matMul(first, rows, false, true)),
        isPositive: beside(tf.eye(n), none),
        isNegative: beside(others, numNoise === null ? ones : countPlaces(noiseOf(clips, numNoise, { seed, step: 0 }), numClips)),
        population: beside(others, ones),
      },
      marginRows: { embeddings: h, projections: z, labels: pairLabels(n) },
    };
  }

  return pretrainMethod({
    networks: { encoder: encoderParameters, projectionHead: headParameters },
    untrained: { memory: memory.parameters },
    numViews: 1,
    forward(views, { isTraining, dropout, clips, spread }) {
      if (isTraining) requireContext(spread.numOwn, clips, numNoise === null || dropout !== undefined);
      const h = encoder.forward(encoderParameters, views, { isTraining, dropout });
      const z = head.forward(headParameters, h, { isTraining });
      const { pairs, marginRows } = isTraining
        ? trainingPairs(spread.see(z, 1), spread.seeNumbers(clips as Int32Array), dropout)
        : lookPairs(spread.see(h, 2), spread.see(z, 2));
      return { h, z, ...objective.compute(pairs, marginRows) };
    },
    // The memory is the run's, one and the same on all ranks.
    afterStep: ({ z }, { clips, spread }) =>
      tf.tidy(() => memory.update(spread.collectNumbers(clips as Int32Array), spread.collect(z as tf.Tensor2D, 1))),
    updatesPerStep: 1,
    valueAtChance: () => objective.valueAtChance(numNoise ?? numClips - 1),
  });
}

/** Before anything is on the tape. */
function requireContext(numClips: number, clips: Int32Array | undefined, isNamed: boolean): void {
  if (clips?.length !== numClips) {
    throw new AudiosslError(
      `memoryBank: a step needs the place of each clip among the training clips, got ${clips?.length ?? 'none'} for ${numClips} clips`,
    );
  }
  if (!isNamed) throw new AudiosslError('memoryBank: a step that draws noise needs what names it: dropout {seed, step}');
}
