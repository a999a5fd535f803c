import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { auditLabels } from '../../src/audit/auditLabels.js';
import { clipNeighbours } from '../../src/audit/clipNeighbours.js';
import { detectionOf, flipLabels, scoreDetection } from '../../src/audit/flipLabels.js';
import { reachableShares } from '../../src/audit/reachableShares.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { groupFolds } from '../../src/eval/groupFolds.js';
import { Rng } from '../../src/util/rng.js';

beforeAll(() => setBackend({ backend: 'cpu' }));

const classNames = ['bell', 'dog', 'rain'];

describe('groupFolds', () => {
  test('keeps groups together, uses every clip, and spreads each class within one group of even', () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 60 }), fc.nat(1000), (numGroups, seed) => {
        const rng = new Rng({ seed, purpose: 'test' });
        const clips = Array.from({ length: numGroups }, (_, g) =>
          Array.from({ length: rng.integer(1, 4) }, () => ({ group: `g${g}`, label: g % 3 })),
        ).flat();
        const labels = clips.map(({ label }) => label);
        const foldOf = groupFolds({ labels, groups: clips.map(({ group }) => group), classNames, numFolds: 3, seed });
        expect(new Set(clips.map(({ group }, i) => `${group} ${foldOf[i]}`)).size).toBe(numGroups);
        for (const label of [0, 1, 2]) {
          const counts = [0, 0, 0];
          clips.forEach((clip, i) => {
            if (clip.label === label) counts[foldOf[i]]++;
          });
          expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(3);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('the seed names the folds; a class in one fold alone is refused by its name', () => {
    const labels = Array.from({ length: 30 }, (_, i) => i % 3);
    const groups = labels.map((_, i) => `g${i}`);
    const folds = (seed: number) => [...groupFolds({ labels, groups, classNames, numFolds: 5, seed })];
    expect(folds(1)).toEqual(folds(1));
    expect(folds(1)).not.toEqual(folds(2));
    expect(() => groupFolds({ labels: [0, 0, 1, 1], groups: ['a', 'a', 'b', 'c'], classNames, numFolds: 2, seed: 0 })).toThrow(
      /^groupFolds: .* all 2 of bell are in one/,
    );
  });
});

test('clipNeighbours equals the loop over all clips of other groups; clips left out ask but are not asked', async () => {
  const [n, dim] = [17, 5];
  const rng = new Rng({ seed: 1, purpose: 'test' });
  const embeddings = Float32Array.from({ length: n * dim }, () => rng.normal());
  const groups = Array.from({ length: n }, (_, i) => `g${i % 6}`);
  const isLeftOut = groups.map((_, i) => i % 4 === 0);
  const row = (i: number) => [...embeddings.slice(i * dim, (i + 1) * dim)];
  const cosine = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i], 0) / Math.hypot(...a) / Math.hypot(...b);
  const { clips, cosines } = await clipNeighbours({ embeddings, dim, groups, numNeighbours: 4, isLeftOut, blockRows: 5 });
  for (let clip = 0; clip < n; clip++) {
    const others = groups.flatMap((group, i) => (group !== groups[clip] && !isLeftOut[i] ? [i] : []));
    const expected = others.sort((a, b) => cosine(row(clip), row(b)) - cosine(row(clip), row(a))).slice(0, 4);
    expect([...clips[clip]]).toEqual(expected);
    expect(cosines[clip]).toBeAllClose(
      expected.map((i) => cosine(row(clip), row(i))),
      { atol: 1e-5 },
    );
  }
  await expect(clipNeighbours({ embeddings, dim, groups: groups.map(() => 'a'), numNeighbours: 4 })).rejects.toThrow(/at least 2 groups/);
});

test('reachableShares: a class smaller than the number of neighbours is measured by what it could give', () => {
  // Class 1 has two clips, of the groups b and c: clip 1 can meet one of them, clip 0 both.
  const shares = reachableShares({
    neighbours: [
      [1, 2, 3],
      [0, 2, 3],
      [0, 1, 3],
      [0, 1, 2],
    ],
    labels: [0, 1, 1, 0],
    groups: ['a', 'b', 'c', 'd'],
    numClasses: 2,
  });
  expect([...shares]).toEqual([1, 1, 1, 1, 1, 1, 1, 1]);
  const some = reachableShares({
    neighbours: [[3, 4], [0], [0], [0], [0]],
    labels: [0, 1, 0, 1, 0],
    groups: ['a', 'a', 'b', 'c', 'd'],
    numClasses: 2,
  });
  // Clip 0: of class 0 there are two outside its group (one is a neighbour), of class 1 one (it is).
  expect([...some.slice(0, 2)]).toEqual([0.5, 1]);
});

describe('flips', () => {
  test('the share asked for gets another class, uniformly, as the seed says', () => {
    const labels = Array.from({ length: 900 }, (_, i) => classNames[i % 3]);
    const { labels: flipped, isFlipped } = flipLabels({ labels, share: 0.5, seed: 4 });
    expect(isFlipped.filter(Boolean)).toHaveLength(450);
    flipped.forEach((label, i) => {
      expect(label !== labels[i]).toBe(isFlipped[i]);
    });
    const fromBell = flipped.filter((_, i) => isFlipped[i] && labels[i] === 'bell');
    // Binomial with n of about 150: four standard deviations are 0.16.
    expect(Math.abs(fromBell.filter((label) => label === 'dog').length / fromBell.length - 0.5)).toBeLessThan(0.16);
    expect(flipLabels({ labels, share: 0.5, seed: 4 }).labels).toEqual(flipped);
    expect(flipLabels({ labels, share: 0.5, seed: 5 }).labels).not.toEqual(flipped);
    expect(() => flipLabels({ labels, share: 1, seed: 0 })).toThrow(/between 0 and 1, got 1/);
    expect(() => flipLabels({ labels: ['a', 'b'], share: 0.1, seed: 0 })).toThrow(/1 of the 2 labels at least, got 0.1/);
    expect(() => flipLabels({ labels: ['a', 'a'], share: 0.5, seed: 0 })).toThrow(/at least 2 classes, got 1/);
  });

  test('precision, recall and average precision of a ranking by hand', () => {
    const found = scoreDetection([3, 0, 2, 1, 4], 3, [false, true, true, true, false]);
    expect(found).toEqual({
      numClips: 5,
      numFlipped: 3,
      numSuspected: 3,
      precision: 2 / 3,
      recall: 2 / 3,
      precisionAtFlipped: 2 / 3,
      averagePrecision: (1 + 2 / 3 + 3 / 4) / 3,
      randomPrecision: 0.6,
    });
    expect(scoreDetection([0, 1], 0, [true, false])).toMatchObject({ precision: 0, recall: 0 });
  });
});

/** Clips around a centre a class; two takes a recording. */
function clusters(n: number, dim: number, spread: number, seed: number) {
  const rng = new Rng({ seed, purpose: 'test' });
  const centres = classNames.map(() => Array.from({ length: dim }, () => rng.normal()));
  const truth = Array.from({ length: n }, (_, i) => Math.floor(i / 2) % 3);
  const embeddings = Float32Array.from({ length: n * dim }, (_, i) => centres[truth[Math.floor(i / dim)]][i % dim] + spread * rng.normal());
  return { embeddings, truth: truth.map((label) => classNames[label]), groups: truth.map((_, i) => `take${Math.floor(i / 2)}`) };
}

describe('auditLabels', () => {
  test('finds flipped labels among clusters, with their true class as the suggestion', async () => {
    const { embeddings, truth, groups } = clusters(90, 8, 0.35, 2);
    const { labels, isFlipped } = flipLabels({ labels: truth, share: 0.15, seed: 1 });
    const clips = labels.map((label, i) => ({ id: `${i}.wav`, label, group: groups[i] }));
    const audit = await auditLabels({ embeddings, dim: 8, clips, numNeighbours: 10, seed: 1 });
    const { precision, recall, averagePrecision } = detectionOf(audit, isFlipped);
    expect([precision, recall, averagePrecision].every((value) => value > 0.9)).toBe(true);
    expect(audit.numSuspected).toBeGreaterThan(11);
    for (const clip of audit.clips) if (clip.isSuspected && isFlipped[clip.index]) expect(clip.suggested).toBe(truth[clip.index]);
    expect(audit.clips.map(({ rank }) => rank)).toEqual(clips.map((_, i) => i + 1));
    expect(audit.clips.map(({ score }) => score)).toEqual([...audit.clips.map(({ score }) => score)].sort((a, b) => b - a));
    expect(audit.clips.filter(({ isSuspected }) => isSuspected)).toHaveLength(audit.numSuspected);
    for (const clip of audit.clips) {
      expect(clip.neighbours.every(({ index }) => groups[index] !== clip.group)).toBe(true);
      expect(clip.suggested).not.toBe(clip.label);
    }
  });

  test('labels that say nothing are found at chance: two equal takes of a recording never vouch for one another', async () => {
    const rng = new Rng({ seed: 9, purpose: 'test' });
    const rows = Array.from({ length: 90 }, () => Array.from({ length: 6 }, () => rng.normal()));
    const embeddings = Float32Array.from(rows.flatMap((row) => [...row, ...row]).flat());
    const clips = Array.from({ length: 180 }, (_, i) => ({
      id: `${i}`,
      label: classNames[Math.floor(i / 2) % 3],
      group: `g${Math.floor(i / 2)}`,
    }));
    const audit = await auditLabels({ embeddings, dim: 6, clips, numPasses: 1 });
    // Chance 1/3 with a standard error of 0.05 over 90 recordings; a leak would give nearly 1.
    expect(audit.outOfFoldAccuracy).toBeLessThan(0.53);
    const agreement = audit.clips.reduce((sum, clip) => sum + clip.neighbourAgreement, 0) / 180;
    expect(Math.abs(agreement - 1 / 3)).toBeLessThan(0.08);
  });

  test('one class, a class of one recording, no clips: one line that names it', async () => {
    const audit = (clips: { label: string; group: string }[]) =>
      auditLabels({
        embeddings: new Float32Array(clips.length * 2).fill(1),
        dim: 2,
        clips: clips.map((clip, i) => ({ id: `${i}`, ...clip })),
      });
    await expect(audit([])).rejects.toThrow(/^auditLabels: needs clips with labels, got none$/);
    const dogs = ['a', 'b'].map((group) => ({ label: 'dog', group }));
    await expect(audit(dogs)).rejects.toThrow(/^auditLabels: needs clips of at least 2 classes, all 2 are dog$/);
    await expect(audit([...dogs, { label: 'rain', group: 'c' }])).rejects.toThrow(
      /at least 2 groups \(recordings\), rain has 1 of one; add clips/,
    );
  });
});
