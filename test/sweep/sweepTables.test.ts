import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EvaluationRecord } from '../../src/run/evaluationRecord.js';
import type { SweepRun } from '../../src/sweep/expandSweep.js';
import { poolFolds } from '../../src/sweep/poolFolds.js';
import { csvTable, markdownTable } from '../../src/sweep/sweepTables.js';

const evaluation = { protocol: 'linear', split: 'test', checkpoint: 'best' } as const;

/** A record of clips given as [label, predicted]. */
function recordOf(clips: readonly (readonly [number, number])[], numClasses: number): EvaluationRecord {
  const confusion = Array.from({ length: numClasses }, () => new Array<number>(numClasses).fill(0));
  for (const [label, predicted] of clips) confusion[label][predicted]++;
  const scores = { confusion, numClips: clips.length, numPatches: null, patchWeightedAccuracy: null, top3Accuracy: null };
  return {
    ...scores,
    clipMicroAccuracy: 0.25,
    clipMacroAccuracy: 0.5,
    checkpoint: 'best',
    checkpointEpoch: 4,
    seconds: { a: 1, b: 0.5 },
  } as unknown as EvaluationRecord;
}

function runOf(system: string, seed: number, fold: string, keys: Record<string, unknown> = {}): SweepRun {
  return { name: `${system}-fold${fold}-seed${seed}`, system, command: 'pretrain', keys, seed, fold, evaluations: [evaluation] };
}

describe('poolFolds', () => {
  it('is the accuracy of all clips counted one by one', () => {
    const clip = fc.tuple(fc.nat(3), fc.nat(3));
    fc.assert(
      fc.property(fc.array(fc.array(clip, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 4 }), (folds) => {
        const pooled = poolFolds(folds.map((clips) => recordOf(clips, 4)));
        const all = folds.flat();
        const share = (clips: typeof all) => clips.filter(([label, predicted]) => label === predicted).length / clips.length;
        const classes = [...new Set(all.map(([label]) => label))];
        const macro = classes.reduce((sum, label) => sum + share(all.filter((one) => one[0] === label)), 0) / classes.length;
        expect(pooled.numClips).toBe(all.length);
        expect(pooled.clipMicroAccuracy).toBeCloseTo(share(all), 12);
        expect(pooled.clipMacroAccuracy).toBeCloseTo(macro, 12);
      }),
    );
  });

  it('weighs the other accuracies by clips and patches, and has none where a fold has none', () => {
    const base = recordOf([[0, 0]], 2);
    const folds = [
      { ...base, numClips: 1, numPatches: 30, patchWeightedAccuracy: 1, top3Accuracy: 0.5 },
      { ...base, numClips: 3, numPatches: 10, patchWeightedAccuracy: 0.2, top3Accuracy: 0.9 },
    ];
    expect(poolFolds(folds)).toMatchObject({ patchWeightedAccuracy: 0.8, top3Accuracy: 0.8 });
    expect(poolFolds([...folds, base])).toMatchObject({ patchWeightedAccuracy: null, top3Accuracy: null });
  });
});

describe('tables of a sweep', () => {
  const right = (clips: number, of: number) => ({
    ...recordOf(
      Array.from({ length: of }, (_, i) => [0, i < clips ? 0 : 1] as const),
      2,
    ),
    clipMacroAccuracy: clips / of,
  });
  const runs = [0, 1, 2].flatMap((seed) => ['1', '2'].map((fold) => runOf('a', seed, fold, { 'loss.temperature': 0.1 })));
  const result = (index: number, record: EvaluationRecord) => ({
    run: runs[index],
    evaluation,
    config: {},
    record,
    recordName: 'linear-test',
    ...{ trainingSeconds: 7 + index, peakMebibytes: index === 3 ? null : 500 - index },
    scores: { effectiveRank: index },
  });

  it('gives mean and deviation over seeds of the pooled folds, complete seeds only', () => {
    // Seed 0: 1 of 2 and 5 of 8 clips = 60 %; seed 1: 8 of 10 = 80 %; seed 2 lacks a fold.
    const results = [
      result(0, right(1, 2)),
      result(1, right(5, 8)),
      result(2, right(2, 2)),
      result(3, right(6, 8)),
      result(4, right(2, 2)),
    ];
    const text = markdownTable(runs, { results, missing: [{ run: runs[5], what: ['training', 'linear on test'] }] });
    expect(text).toContain('## linear on test');
    expect(text).toContain('| a | 70.0 ± 14.1 | 70.0 ± 14.1 | – | – | 2 | 4 of 6 (5 done) | 10 | 9 | 500 |');
    // Accuracies 50, 62.5, 100, 75 and 100 % by rising rank: ranks 1 2 4.5 3 4.5 against 1 to 5 (the closed form with ties by hand).
    expect(text).toContain('label-free scores with the macro accuracy: effective rank 0.82 (5 runs).');
    expect(text).toContain('## Missing: 1 of 6 runs\n\n- a-fold2-seed2: training; linear on test\n');
  });

  it('has a row a run and evaluation', () => {
    const baseline = runOf('logMel', 0, '1');
    const results = [{ ...result(0, right(1, 2)), run: baseline, ...{ trainingSeconds: 0, peakMebibytes: null } }, result(1, right(5, 8))];
    const [header, ...rows] = csvTable([baseline, ...runs], { results })
      .trimEnd()
      .split('\n');
    expect(header).toBe(
      'run,system,loss.temperature,seed,fold,protocol,labelFraction,shots,trainOn,split,clipMicroAccuracy,clipMacroAccuracy,' +
        'patchWeightedAccuracy,top3Accuracy,numClips,checkpoint,checkpointEpoch,trainingSeconds,peakMebibytes,evaluationSeconds',
    );
    expect(rows).toEqual([
      'logMel-fold1-seed0,logMel,,0,1,linear,,,,test,0.25,0.5,,,2,best,4,0,,1.5',
      'a-fold2-seed0,a,0.1,0,2,linear,,,,test,0.25,0.625,,,8,best,4,8,499,1.5',
    ]);
  });
});
