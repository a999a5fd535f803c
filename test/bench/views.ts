/**
 * Time of making views: the released pipeline and every other augmentation, 128 patches of 101 x 96, a JSON line each. Asserts nothing.
 *
 *     npm run build && npx esbuild test/bench/views.ts --bundle --platform=node --format=esm --packages=external \
 *       --outfile=test/bench/views.mjs && node test/bench/views.mjs [backend] [number of patches] [rounds]
 *
 * milliseconds = median over the rounds of drawing the numbers plus applying them (the result is read back, so nothing is left pending).
 */
import * as tf from '@tensorflow/tfjs-core';
import { applyViews } from '../../src/augment/applyViews.js';
import { sampleViews } from '../../src/augment/sampleViews.js';
import { type ViewsOptions, viewsOptions } from '../../src/augment/viewsOptions.js';
import { type BackendName, setBackend } from '../../src/backend/setBackend.js';

const [backend = 'auto', count = '128', rounds = '9'] = process.argv.slice(2);
const size = { patchFrames: 101, nMels: 96 };
const numPatches = Number(count);
const { name, threads } = await setBackend({ backend: backend as BackendName });
const shape: [number, number, number] = [numPatches, size.patchFrames, size.nMels];
const patches = tf.randomNormal<tf.Rank.R3>(shape, -1, 2);
const backgrounds = tf.randomNormal<tf.Rank.R3>(shape, -1, 2);
const clips = Array.from({ length: numPatches }, (_, i) => i);

async function milliseconds(views: ViewsOptions, epoch: number): Promise<number> {
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
const lists: [string, ViewsOptions][] = [
  ['released', viewsOptions.parse(undefined)],
  ...[...names, 'gaussianBlur'].map((op): [string, ViewsOptions] => [op, viewsOptions.parse([{ name: op }])]),
];
for (const [label, views] of lists) {
  const times: number[] = [];
  for (let round = -2; round < Number(rounds); round++) {
    const elapsed = await milliseconds(views, round + 2);
    if (round >= 0) times.push(elapsed);
  }
  const median = times.sort((a, b) => a - b)[times.length >> 1];
  console.log(
    JSON.stringify({ bench: 'views', views: label, backend: name, threads, numPatches, milliseconds: Number(median.toFixed(2)) }),
  );
}
