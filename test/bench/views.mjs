/**
 * Time of making views: the released pipeline and every other augmentation, 128 patches of 101 x 96, a JSON line each. Asserts nothing.
 *
 *     npm run build && node test/bench/views.mjs [backend] [number of patches] [rounds]
 *
 * milliseconds = median over the rounds of drawing the numbers plus applying them (the result is read back, so nothing is left pending).
 */
import * as tf from '@tensorflow/tfjs-core';
import { applyViews } from '../../dist/augment/applyViews.js';
import { sampleViews } from '../../dist/augment/sampleViews.js';
import { viewsOptions } from '../../dist/augment/viewsOptions.js';
import { setBackend } from '../../dist/backend/setBackend.js';

const [backend = 'auto', count = '128', rounds = '9'] = process.argv.slice(2);
const size = { patchFrames: 101, nMels: 96 };
const numPatches = Number(count);
const { name, threads } = await setBackend({ backend });
const shape = [numPatches, size.patchFrames, size.nMels];
const patches = tf.randomNormal(shape, -1, 2);
const backgrounds = tf.randomNormal(shape, -1, 2);
const clips = Array.from({ length: numPatches }, (_, i) => i);

async function milliseconds(views, epoch) {
  const start = performance.now();
  const plan = sampleViews(views, { seed: 1, epoch, clips, view: 0, ...size });
  const out = applyViews(patches, plan, { backgrounds });
  const last = tf.slice(out, [numPatches - 1, 0, 0], [1, 1, 1]);
  await last.data();
  const elapsed = performance.now() - start;
  tf.dispose([out, last]);
  return elapsed;
}

const names = ['mixBack', 'timeShift', 'frequencyShift', 'randomResizedCrop', 'timeReversal', 'compander', 'specAugment', 'gaussianNoise'];
const lists = [
  ['released', viewsOptions.parse(undefined)],
  ...[...names, 'gaussianBlur'].map((op) => [op, viewsOptions.parse([{ name: op }])]),
];
for (const [label, views] of lists) {
  const times = [];
  for (let round = -2; round < Number(rounds); round++) {
    const elapsed = await milliseconds(views, round + 2);
    if (round >= 0) times.push(elapsed);
  }
  const median = times.sort((a, b) => a - b)[times.length >> 1];
  console.log(
    JSON.stringify({ bench: 'views', views: label, backend: name, threads, numPatches, milliseconds: Number(median.toFixed(2)) }),
  );
}
