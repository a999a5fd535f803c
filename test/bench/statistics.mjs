/**
 * Time of bootstrap intervals, of 947 test clips in 20 classes, as FSDnoisy18k has them, and of the linear probe on cached features of
 * 20,000 patches x 512 with its default options, in two shapes; a JSON line each. Asserts nothing.
 *
 *     npm run build && node test/bench/statistics.mjs [replicates] [rounds] [epochs of the probe]
 *
 * milliseconds = median over the rounds, of processor time (`cpu`) and by the clock (`wall`). The probe runs once, on the default backend.
 */
import { setBackend } from '../../dist/backend/setBackend.js';
import { cachedFeatures } from '../../dist/eval/cachedFeatures.js';
import { linearProbeOptions } from '../../dist/eval/evaluationOptions.js';
import { trainLinearProbe } from '../../dist/eval/linearProbe.js';
import { pairedDifferences } from '../../dist/eval/statistics/pairedBootstrap.js';
import { stratifiedBootstrap } from '../../dist/eval/statistics/stratifiedBootstrap.js';
import { Rng } from '../../dist/util/rng.js';

const [replicates = '1000', rounds = '9', epochs = '200'] = process.argv.slice(2);
const numClips = 947;
const labels = Array.from({ length: numClips }, (_, i) => i % 20);
const groups = labels.map((_, i) => `recording${Math.floor(i / 1.2)}`);
const correct = (seed) => Uint8Array.from(labels, (_, i) => ((i * 2654435761 + seed * 40503) % 1000 < 740 ? 1 : 0));
const seeds = (n, from) => Array.from({ length: n }, (_, s) => correct(from + s));

const cases = {
  'stratifiedBootstrap, 1 seed': (options) => stratifiedBootstrap({ correct: seeds(1, 0), ...options }),
  'stratifiedBootstrap, 5 seeds': (options) => stratifiedBootstrap({ correct: seeds(5, 0), ...options }),
  'pairedDifferences, 1 seed': (options) => pairedDifferences({ a: seeds(1, 0), b: seeds(1, 9), ...options }),
  'pairedDifferences, 5 seeds': (options) => pairedDifferences({ a: seeds(5, 0), b: seeds(5, 9), ...options }),
};
const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
for (const [name, run] of Object.entries(cases)) {
  const [cpu, wall] = [[], []];
  for (let round = 0; round < Number(rounds); round++) {
    const [usage, start] = [process.cpuUsage(), performance.now()];
    run({ labels, groups, replicates: Number(replicates), seed: round });
    const { user, system } = process.cpuUsage(usage);
    cpu.push((user + system) / 1000);
    wall.push(performance.now() - start);
  }
  const milliseconds = { cpu: Number(median(cpu).toFixed(1)), wall: Number(median(wall).toFixed(1)) };
  console.log(JSON.stringify({ name, numClips, replicates: Number(replicates), milliseconds }));
}

const { name: backend, threads } = await setBackend({});
const [dim, numClasses] = [512, 20];
const rng = new Rng({ seed: 1, purpose: 'bench' });
/** Normal rows, the class of the clip added to one dimension. */
function patchesOf(clips, patchesPerClip) {
  const clipOfPatch = Uint32Array.from({ length: clips * patchesPerClip }, (_, patch) => Math.floor(patch / patchesPerClip));
  const h = Float32Array.from({ length: clipOfPatch.length * dim }, () => rng.normal());
  clipOfPatch.forEach((clip, patch) => {
    h[patch * dim + (clip % numClasses)] += 2;
  });
  return { h, dim, clipOfPatch };
}
for (const [clips, patchesPerClip] of [
  [20_000, 1],
  [2_000, 10],
]) {
  const [train, validation] = [patchesOf(clips, patchesPerClip), patchesOf(clips / 10, patchesPerClip)];
  const labelsOf = (count) => Uint32Array.from({ length: count }, (_, clip) => clip % numClasses);
  const options = linearProbeOptions.parse({ epochs: Number(epochs) });
  const start = performance.now();
  const features = cachedFeatures({
    ...{ train, trainLabels: labelsOf(clips), validation, validationLabels: labelsOf(clips / 10) },
    ...{ standardise: options.standardise, seed: 1 },
  });
  await trainLinearProbe({ features, numClasses, options, seed: 1 });
  features.dispose();
  const seconds = Number(((performance.now() - start) / 1000).toFixed(2));
  console.log(JSON.stringify({ name: 'trainLinearProbe', backend, threads, clips, patchesPerClip, dim, numClasses, epochs: options.epochs, seconds }));
}
