// How well the label audit finds labels that are known to be wrong: flips a share of the labels at random, audits, and prints JSON lines.
//
//     npm run build && node test/bench/labelAudit.mjs --model RUN --features STORE [--flip 0.2] [--seeds 5] [--split all|train|...]
//
// One line a seed with precision and recall of the clips that the audit suspects, then one line a scoring rule with means over the seeds:
// the rules rank by self-confidence, normalised margin, neighbours, their mean, or the mean of their ranks, after one look or two.
import { parseArgs } from 'node:util';
import { auditLabels } from '../../dist/audit/auditLabels.js';
import { detectionOf, flipLabels, scoreDetection } from '../../dist/audit/flipLabels.js';
import { setBackend } from '../../dist/backend/setBackend.js';
import { FeatureStore } from '../../dist/data/FeatureStore.js';
import { clipMeans, embedClips } from '../../dist/embed/embedClips.js';
import { loadModel } from '../../dist/model/loadModel.js';

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    features: { type: 'string' },
    flip: { type: 'string', default: '0.2' },
    seeds: { type: 'string', default: '5' },
    split: { type: 'string', default: 'all' },
    neighbours: { type: 'string', default: '20' },
    threads: { type: 'string', default: '2' },
  },
});
if (values.model === undefined || values.features === undefined) throw new Error('--model and --features are needed');
await setBackend({ threads: Number(values.threads) });
const store = await FeatureStore.open(values.features);
const model = await loadModel(values.model);
const indices = store.clips.flatMap((clip, i) => (values.split === 'all' || clip.split === values.split ? [i] : []));
const patches = await embedClips({ model, store, clips: indices });
const embeddings = clipMeans(patches, indices.length);
const share = Number(values.flip);
const print = (line) => console.log(JSON.stringify(line, (_, value) => (typeof value === 'number' ? Number(value.toFixed(4)) : value)));

/** Order of clips by several quantities, low = suspicious: the mean of their ranks, ties sharing a mean rank. */
const byRanks = (clips, ...keys) => {
  const sums = new Float64Array(clips.length);
  for (const key of keys) {
    const order = [...clips].sort((a, b) => key(a) - key(b));
    for (let i = 0; i < order.length; ) {
      let j = i;
      while (j + 1 < order.length && key(order[j + 1]) === key(order[i])) j++;
      for (let k = i; k <= j; k++) sums[order[k].index] += (i + j) / 2;
      i = j + 1;
    }
  }
  return [...sums.keys()].sort((a, b) => sums[a] - sums[b] || a - b);
};
const self = (clip) => clip.outOfFoldProbability;
const margin = (clip) => clip.normalisedMargin;
const knn = (clip) => clip.neighbourAgreement;
const rules = {
  score: (clips) => clips.map(({ index }) => index),
  selfConfidence: (clips) => byRanks(clips, self),
  normalisedMargin: (clips) => byRanks(clips, margin),
  neighbours: (clips) => byRanks(clips, knn),
  'ranks of self-confidence and neighbours': (clips) => byRanks(clips, self, knn),
  'ranks of margin and neighbours': (clips) => byRanks(clips, margin, knn),
};
const results = new Map();
for (let seed = 0; seed < Number(values.seeds); seed++) {
  const truth = indices.map((i) => store.clips[i].label);
  const { labels, isFlipped } = flipLabels({ labels: truth, share, seed });
  const clips = indices.map((i, k) => ({ id: store.clips[i].id, label: labels[k], group: store.clips[i].group ?? store.clips[i].id }));
  for (const numPasses of [1, 2]) {
    const before = process.cpuUsage();
    const audit = await auditLabels({ embeddings, dim: patches.dim, clips, numNeighbours: Number(values.neighbours), numPasses, seed });
    const { user, system } = process.cpuUsage(before);
    const byIndex = [...audit.clips].sort((a, b) => a.index - b.index);
    print({ seed, looks: numPasses, ...detectionOf(audit, isFlipped), estimatedNumErrors: audit.estimatedNumErrors, cpuSeconds: (user + system) / 1e6 });
    for (const [name, order] of Object.entries(rules)) {
      const clipsInOrder = name === 'score' ? audit.clips : byIndex;
      const key = `${name}, ${numPasses === 1 ? '1 look' : '2 looks'}`;
      results.set(key, [...(results.get(key) ?? []), scoreDetection(order(clipsInOrder), audit.numSuspected, isFlipped)]);
    }
  }
}
for (const [rule, list] of results) {
  const mean = (key) => list.reduce((sum, one) => sum + one[key], 0) / list.length;
  print({ rule, ...Object.fromEntries(['averagePrecision', 'precisionAtFlipped', 'precision', 'recall', 'randomPrecision'].map((key) => [key, mean(key)])) });
}
model.dispose();
await store.close();
