import { describe, expect, test } from 'vitest';
import { comparedPairs } from '../../../src/report/comparedPairs.js';
import { checkComparable, checkSystems } from '../../../src/report/comparison/checkComparable.js';
import { groupSystems, systemConfig } from '../../../src/report/comparison/systems.js';
import { sortedRows, systemsFinding } from '../../../src/report/html/comparison/systemsSection.js';
import type { SystemRow } from '../../../src/report/systemRow.js';
import { UsageError } from '../../../src/util/errors.js';
import { evaluatedRun, seeds, supervised } from './evaluatedRun.js';

const even = (_k: number, i: number) => i % 2 === 0;
const all = () => true;

describe('groupSystems', () => {
  test('runs that differ in seed and folds alone are one system; its folds are pooled, clip by clip', () => {
    const runs = [1, 0].flatMap((seed) =>
      [0, 1].map((fold) => evaluatedRun({ seed, fold, name: `s${seed}f${fold}`, isRight: (k, i) => (i + k + seed) % 4 !== 0 })),
    );
    const [system, ...others] = groupSystems(runs);
    expect(others).toEqual([]);
    expect(system).toMatchObject({
      name: 'ACL, alpha 0.3',
      seeds: [0, 1],
      runs: ['s1f0', 's1f1', 's0f0', 's0f1'],
      protocol: 'linear',
      notes: [],
      traits: { kind: 'selfSupervised', alpha: 0.3, hasMargin: true, temperature: 0.2, encoder: 'resnet18' },
    });
    expect(system.ids).toEqual([...system.ids].sort());
    expect(system.ids.length).toBe(80);
    for (const seed of [0, 1]) {
      system.ids.forEach((id, at) => {
        const [k, i] = id.split('-').map(Number);
        expect(system.labels[at]).toBe(k);
        expect(system.correct[seed][at]).toBe((i + k + seed) % 4 !== 0 ? 1 : 0);
        expect(system.predicted[seed][at]).toBe((i + k + seed) % 4 !== 0 ? k : (k + 1) % 4);
      });
    }
  });

  test('other configs, protocols and amounts of labels are other systems, with names that tell them apart', () => {
    const systems = groupSystems([
      evaluatedRun({ isRight: all }),
      evaluatedRun({ config: { loss: { contrastiveWeight: 1 } }, isRight: all }),
      evaluatedRun({ config: { loss: { name: 'ntXent', temperature: 0.5 } }, isRight: all }),
      evaluatedRun({ config: { train: { epochs: 0 } }, isRight: all }),
      evaluatedRun({ config: { encoder: { name: 'logMelStatistics' } }, isRight: all }),
      evaluatedRun({ record: { labelFraction: 0.1 }, name: 'x', isRight: all }),
    ]);
    expect(systems.map(({ name }) => name)).toEqual([
      'ACL, alpha 0.3 (linear)',
      'NT-Xent, loss.temperature 0.2 (linear)',
      'NT-Xent, loss.temperature 0.5 (linear)',
      'random weights (linear)',
      'log-mel statistics (linear)',
      'ACL, alpha 0.3 (linear, 10 % of labels)',
    ]);
    expect(new Set(systems.map(({ name }) => name)).size).toBe(6);
  });

  test("a sweep's own names stand for what a config would be called, where all runs of a system have one", () => {
    const runs = [
      evaluatedRun({ name: 'p', isRight: all }),
      evaluatedRun({ name: 'q', config: { loss: { contrastiveWeight: 1 } }, isRight: all }),
      evaluatedRun({ name: 'r', seed: 1, config: { loss: { contrastiveWeight: 1 } }, isRight: all }),
    ];
    const names = (variants: [string, string][]) => groupSystems(runs, new Map(variants)).map(({ name }) => name);
    expect(
      names([
        ['p', 'mine'],
        ['q', 'base'],
        ['r', 'base'],
      ]),
    ).toEqual(['mine', 'base']);
    expect(
      names([
        ['p', 'mine'],
        ['q', 'base'],
      ]),
    ).toEqual(['mine', 'NT-Xent']);
  });

  test('everything but seed and folds that tells evaluations apart makes other systems', () => {
    const ways = [{}, { shots: 5 }, { labelFraction: 0.5 }, { dataset: 'esc' }, { trainOn: 'clean' as const }, { checkpoint: 'last' }];
    const more = [{ protocol: 'knn' }, { split: 'validation' as const }];
    const runs = [...ways, ...more].map((record, i) => evaluatedRun({ record, name: `r${i}`, isRight: all }));
    const systems = groupSystems(runs);
    expect(systems.map(({ runs: [run] }) => run)).toEqual(runs.map(({ run }) => run));
    expect(new Set(systems.map(({ name }) => name)).size).toBe(systems.length - 1); // splits are never in one report
  });

  test('runs evaluated with other options are never pooled: another system, named by the options that differ', () => {
    const options = { epochs: 200, compat: { probeTrainMode: false }, epoch: 7, trainClips: 30 };
    const systems = groupSystems([
      evaluatedRun({ seed: 0, record: { options }, isRight: all }),
      evaluatedRun({ seed: 1, record: { options: { ...options, epoch: 9, trainClips: 31 } }, isRight: all }),
      evaluatedRun({ seed: 2, record: { options: { ...options, epochs: 5 } }, isRight: even }),
      evaluatedRun({ seed: 3, record: { options: { ...options, compat: { probeTrainMode: true } } }, isRight: even }),
    ]);
    expect(systems.map(({ seeds }) => seeds)).toEqual([[0, 1], [2], [3]]);
    const [usual, short, drifting] = systems.map(({ name }) => name);
    expect(usual).toBe('ACL, alpha 0.3, evaluation.epochs 200, evaluation.compat.probeTrainMode false');
    expect(short).toMatch(/evaluation\.epochs 5/);
    expect(drifting).toMatch(/probeTrainMode true/);
    expect(() => checkComparable(systems[0], systems[1])).toThrow(/evaluated under one protocol, .*epochs 200.*epochs 5/);
    expect(comparedPairs(systems).pairs).toEqual([]);
  });

  test('of several k-fold evaluations of one run that of most clips counts', () => {
    const folds = (...names: string[]) => names.map((fold) => ({ fold, numClips: 1, clipMicroAccuracy: 1, clipMacroAccuracy: 1 }));
    const some = evaluatedRun({ name: 'r', clipsPerClass: 10, record: { folds: folds('1', '2') }, isRight: all });
    const every = evaluatedRun({ name: 'r', record: { folds: folds('1', '2', '3') }, isRight: even });
    for (const runs of [
      [some, every],
      [every, some],
    ]) {
      const [system] = groupSystems(runs);
      expect([system.ids.length, system.correct[0].reduce((sum, right) => sum + right, 0)]).toEqual([80, 40]);
      expect(system.isKFold).toBe(true);
    }
  });

  test('of several probes of one run that with its own seed counts, and the reader is told', () => {
    const runs = [0, 1, 2].map((probe) =>
      evaluatedRun({ seed: 1, name: 'r', record: { seed: probe }, isRight: (_k, i) => i < 10 + probe }),
    );
    const [system] = groupSystems(runs);
    expect(system.seeds).toEqual([1]);
    expect(system.correct[0].reduce((sum, right) => sum + right, 0)).toBe(4 * 11);
    expect(system.notes).toEqual([expect.stringMatching(/^r was evaluated 3 times \(seeds 0, 1, 2\)/)]);
  });

  test('a seed without all folds is left out with a note; without any whole seed nothing is said', () => {
    const whole = [0, 1].map((fold) => evaluatedRun({ seed: 0, fold, name: `a${fold}`, isRight: all }));
    const half = evaluatedRun({ seed: 1, fold: 0, name: 'b', isRight: all });
    const [system] = groupSystems([...whole, half]);
    expect(system.seeds).toEqual([0]);
    expect(system.runs).toEqual(['a0', 'a1']);
    expect(system.notes).toEqual(['left out, because not all 80 clips are tested: seed 1 (40)']);
    const other = evaluatedRun({ seed: 2, fold: 1, isRight: all });
    expect(() => groupSystems([half, other])).toThrow(/at least must have all 80 clips .* got seed 1 \(40\), seed 2 \(40\)/);
  });

  test('the validation score is the mean over runs, unknown where one is', () => {
    const run = (seed: number, validationScore: number | null) => evaluatedRun({ seed, validationScore, isRight: all });
    expect(groupSystems([run(0, 0.5), run(1, 0.7)])[0].validationScore).toBeCloseTo(0.6, 12);
    expect(groupSystems([run(0, 0.5), run(1, null)])[0].validationScore).toBeNull();
  });

  test('groups come from the predictions; a clip without one is its own', () => {
    expect(new Set(groupSystems([evaluatedRun({ hasGroups: true, isRight: all })])[0].groups).size).toBe(40);
    expect(new Set(groupSystems([evaluatedRun({ isRight: all })])[0].groups).size).toBe(80);
  });

  test('seed and folds are no part of a system, everything else is', () => {
    const config = { seed: 3, data: { protocol: 'generic', testFold: '1', trainFolds: ['2'], validationFolds: ['3'] }, loss: { x: 1 } };
    expect(systemConfig(config)).toEqual({ data: { protocol: 'generic' }, loss: { x: 1 } });
    const younger = { ...config, loss: { x: 1, robust: null }, views: [null, { a: null }] };
    expect(systemConfig(younger)).toEqual({ data: { protocol: 'generic' }, loss: { x: 1 }, views: [null, { a: null }] });
  });
});

describe('what cannot be compared is one clear line', () => {
  const one = (run: Parameters<typeof evaluatedRun>[0]) => groupSystems([evaluatedRun(run)])[0];
  const message = (act: () => unknown): string => {
    try {
      act();
    } catch (error) {
      expect(error).toBeInstanceOf(UsageError);
      expect((error as Error).message).not.toContain('\n');
      return (error as Error).message;
    }
    throw new Error('did not throw');
  };
  const ntXent = { loss: { contrastiveWeight: 1 } };

  test('another dataset: other classes, other clips, other labels', () => {
    const mine = one({ name: 'mine', isRight: all });
    const theirs = { ...mine, name: 'NT-Xent', runs: ['theirs'], classNames: ['a', 'b', 'c', 'd', 'e'] };
    expect(message(() => checkComparable(mine, theirs))).toMatch(
      /ACL, alpha 0.3 \(mine\) and NT-Xent \(theirs\): .* one dataset, got the classes bark, clap, drip, engine and a, b, c \.\.\. \(5\)/,
    );
    const fewer = one({ name: 'fewer', config: ntXent, clipsPerClass: 18, isRight: all });
    expect(message(() => checkComparable(mine, fewer))).toMatch(/the same clips, got 80 and 72, 72 of them in both; evaluate the folds/);
    const foreign = { ...mine, ids: mine.ids.map((id) => `x${id}`) };
    expect(message(() => checkComparable(mine, foreign))).toMatch(/80 and 80, 0 of them in both; these are different datasets/);
    const relabelled = { ...mine, labels: mine.labels.map((label) => 3 - label) };
    expect(message(() => checkComparable(mine, relabelled))).toMatch(/one label in all runs, 0-0 has bark and engine/);
    const within = [evaluatedRun({ seed: 0, isRight: all }), evaluatedRun({ seed: 1, isRight: all })];
    within[1].predictions = within[1].predictions.map((p) => ({ ...p, label: 'bark' }));
    expect(message(() => groupSystems(within))).toMatch(/one label in all runs, 1-0 has clap and in .* bark/);
  });

  test('mixed front ends, within a system and between two; supervised and self-supervised ones may differ', () => {
    const other = { frontEndHash: 'b'.repeat(64) };
    const mixed = [evaluatedRun({ seed: 0, name: 'p', isRight: all }), evaluatedRun({ seed: 1, name: 'q', record: other, isRight: all })];
    expect(message(() => groupSystems(mixed))).toMatch(/one front end, got aaaaaaaaaaaa \(p\) and bbbbbbbbbbbb \(q\)/);
    const [a, b] = [one({ name: 'p', isRight: all }), one({ name: 'q', config: ntXent, record: other, isRight: all })];
    expect(message(() => checkComparable(a, b))).toMatch(/one front end, p has aaaaaaaaaaaa and q bbbbbbbbbbbb/);
    expect(message(() => checkSystems([a, b]))).toMatch(/one front end/);
    const own = one({ config: supervised('all', 1), record: { ...other, protocol: 'classifier' }, isRight: all });
    expect(() => checkComparable(a, own)).not.toThrow();
    expect(() => checkSystems([a, own])).not.toThrow();
  });

  test('other protocols, other splits', () => {
    const a = one({ isRight: all });
    const knn = one({ config: ntXent, record: { protocol: 'knn' }, isRight: all });
    expect(message(() => checkComparable(a, knn))).toMatch(/one protocol, ACL, alpha 0.3 is linear \(best\) and NT-Xent knn \(best\)/);
    const validation = one({ config: ntXent, record: { split: 'validation' }, isRight: all });
    expect(message(() => checkComparable(a, validation))).toMatch(/one split, got test and validation/);
  });

  test('one seed twice, and predictions of unknown classes', () => {
    const twice = [evaluatedRun({ name: 'x', isRight: all }), evaluatedRun({ name: 'y', isRight: even })];
    expect(message(() => groupSystems(twice))).toMatch(/x and y \(seed 0\) both test 0-0/);
    const unknown = evaluatedRun({ name: 'x', isRight: all });
    unknown.predictions = [{ ...unknown.predictions[0], predicted: 'moo' }];
    expect(message(() => groupSystems([unknown]))).toMatch(/clip 0-0 has "moo"/);
  });

  test('evaluations on other data and on folds of their own may have clips of their own', () => {
    const mine = one({ isRight: all });
    const transfer = one({ config: ntXent, clipsPerClass: 5, record: { dataset: 'esc' }, isRight: all });
    expect(() => checkSystems([mine, transfer])).not.toThrow();
    expect(() => checkSystems([mine, { ...transfer, dataset: null }])).toThrow(/same clips/);
  });
});

describe('comparedPairs', () => {
  const compare = (runs: Parameters<typeof groupSystems>[0]) => {
    const { pairs, numLeftOut } = comparedPairs(groupSystems(runs));
    return { names: pairs.map(([a, b]) => `${a.name} - ${b.name}`), numLeftOut };
  };
  const weight = (contrastiveWeight: number) => evaluatedRun({ config: { loss: { contrastiveWeight } }, isRight: all });
  const random = evaluatedRun({ config: { train: { epochs: 0 } }, isRight: all });
  const logMel = evaluatedRun({ config: { encoder: { name: 'logMelStatistics' } }, isRight: all });

  test('few: each against each, the method first in each pair, what differs in the margin alone before the others', () => {
    const { names, numLeftOut } = compare([logMel, weight(1), random, weight(0.3)]);
    expect(names[0]).toBe('ACL, alpha 0.3 - NT-Xent');
    expect([...names].sort()).toEqual([
      'ACL, alpha 0.3 - NT-Xent',
      'ACL, alpha 0.3 - log-mel statistics',
      'ACL, alpha 0.3 - random weights',
      'NT-Xent - log-mel statistics',
      'NT-Xent - random weights',
      'random weights - log-mel statistics',
    ]);
    expect(numLeftOut).toBe(0);
  });

  test('more: against the system without the margin and the baselines, not each against each; the others are counted', () => {
    const { names, numLeftOut } = compare([weight(0.1), weight(0.2), weight(0.3), weight(0.4), weight(0.5), weight(1), random]);
    expect(names).toContain('ACL, alpha 0.1 - NT-Xent');
    expect(names).toContain('NT-Xent - random weights');
    expect(names).not.toContain('ACL, alpha 0.1 - ACL, alpha 0.3');
    expect(names.length).toBe(5 + 6);
    expect(numLeftOut).toBe((7 * 6) / 2 - 11);
  });

  test('across protocols only where neither stands under the protocol of the other', () => {
    const own = evaluatedRun({ config: supervised('all', 0.7), record: { protocol: 'classifier' }, isRight: all });
    const probed = evaluatedRun({ config: supervised('all', 0.7), record: { protocol: 'linear' }, isRight: all });
    expect(compare([own, random]).names).toEqual(['supervised + margin, alpha 0.7 (classifier) - random weights (linear)']);
    expect(compare([own, probed, random]).names).toEqual(['supervised + margin, alpha 0.7 (linear) - random weights (linear)']);
  });

  test('never across protocols', () => {
    const knn = evaluatedRun({ config: { loss: { contrastiveWeight: 1 } }, record: { protocol: 'knn' }, isRight: all });
    expect(compare([weight(0.3), knn])).toEqual({ names: [], numLeftOut: 0 });
  });
});

test('seeds() draws what it says', () => {
  const [system] = groupSystems(seeds(3, {}, (seed) => 10 + seed));
  expect(system.correct.map((right) => right.reduce((sum, value) => sum + value, 0))).toEqual([40, 44, 48]);
});

describe('systemsFinding', () => {
  const row = (name: string, protocol: string, estimate: number) =>
    ({ system: { name, protocol, seeds: [0] }, macro: { estimate, low: estimate - 0.1, high: estimate + 0.1 } }) as unknown as SystemRow;
  const rows = [row('A', 'linear', 0.5), row('B', 'linear', 0.4), row('A', 'classifier', 0.3)];

  test('names the first of each protocol, since accuracies under two protocols have no order', () => {
    expect(systemsFinding(rows.slice(0, 2))).toBe(
      'A has the highest macro accuracy, 50.0 % (95 % interval 40.0–60.0, 1 seed), before B with 40.0 %; whether a difference is more than chance is said under “Differences”.',
    );
    expect(systemsFinding(sortedRows(rows))).toBe(
      'Under classifier, A has the highest macro accuracy, 30.0 % (95 % interval 20.0–40.0, 1 seed). Under linear, A has the highest macro accuracy, 50.0 % (95 % interval 40.0–60.0, 1 seed), before B with 40.0 %; whether a difference is more than chance is said under “Differences”.',
    );
    expect(systemsFinding(rows.slice(0, 1))).toBe('A has the highest macro accuracy, 50.0 % (95 % interval 40.0–60.0, 1 seed).');
  });
});
