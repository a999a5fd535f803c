/**
 * Time of bootstrap intervals: 947 test clips in 20 classes, as FSDnoisy18k has them, a JSON line each. Asserts nothing.
 *
 *     npm run build && node test/bench/statistics.mjs [replicates] [rounds]
 *
 * milliseconds = median over the rounds, of processor time (`cpu`) and by the clock (`wall`).
 */
import { pairedDifferences } from '../../dist/eval/statistics/pairedBootstrap.js';
import { stratifiedBootstrap } from '../../dist/eval/statistics/stratifiedBootstrap.js';

const [replicates = '1000', rounds = '9'] = process.argv.slice(2);
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
