import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { EvaluationRecord } from '../../src/run/evaluationRecord.js';
import { writeEvaluation } from '../../src/run/evaluationRecord.js';
import { createRun } from '../../src/run/runFolder.js';
import { findEvaluation, matchesEvaluation } from '../../src/sweep/runState.js';
import type { SweepEvaluation } from '../../src/sweep/sweepFile.js';
import { sha256 } from '../../src/util/hash.js';
import { folderWith } from '../data/syntheticData.js';

const wanted: SweepEvaluation = { protocol: 'linear', split: 'test', checkpoint: 'best' };
const made = {
  ...{ protocol: 'linear', split: 'test', checkpoint: 'best', seed: 3, trainOn: null, labelFraction: null, shots: null },
  ...{ dataset: null, fold: null, folds: [] },
} as unknown as EvaluationRecord;

describe('matchesEvaluation', () => {
  it('knows the record of an evaluation by everything that was asked for, and by nothing that was not', () => {
    expect(matchesEvaluation(made, wanted, 3)).toBe(true);
    expect(matchesEvaluation(made, wanted, 2)).toBe(false);
    const asked: Partial<SweepEvaluation>[] = [
      ...[{ protocol: 'knn' as const }, { split: 'validation' as const }, { checkpoint: 'last' as const }],
      ...[{ labelFraction: 0.1 }, { shots: 5 }, { trainOn: 'clean' as const }],
    ];
    for (const more of asked) {
      expect(matchesEvaluation(made, { ...wanted, ...more }, 3), JSON.stringify(more)).toBe(false);
      expect(matchesEvaluation({ ...made, ...more }, { ...wanted, ...more }, 3), JSON.stringify(more)).toBe(true);
      expect(matchesEvaluation({ ...made, ...more }, wanted, 3), JSON.stringify(more)).toBe(false);
    }
    // Made by hand in the same folder: other data, folds.
    const others = [
      { dataset: 'esc10' },
      { fold: '1' },
      { folds: [{ fold: '1', numClips: 1, clipMicroAccuracy: 1, clipMacroAccuracy: 1 }] },
    ];
    for (const other of others) expect(matchesEvaluation({ ...made, ...other }, wanted, 3), JSON.stringify(other)).toBe(false);
  });

  it('takes the record of all labels for a share of 1, which is what evaluate writes', () => {
    expect(matchesEvaluation(made, { ...wanted, labelFraction: 1 }, 3)).toBe(true);
    expect(matchesEvaluation({ ...made, labelFraction: 0.5 }, { ...wanted, labelFraction: 1 }, 3)).toBe(false);
  });
});

describe('findEvaluation', () => {
  it('finds only what was made of the checkpoint that is there now', async () => {
    const { run } = await createRun(await folderWith());
    const record = {
      ...{ ...made, schemaVersion: 1 as const, checkpointSha256: sha256('weights'), time: '', command: [], classNames: ['a'] },
      ...{ numClips: 1, clipMicroAccuracy: 1, clipMicroAccuracyInterval: null, clipMacroAccuracy: 1, clipMacroAccuracyInterval: null },
      ...{ patchWeightedAccuracy: null, top3Accuracy: null, perClass: [{ label: 'a', numClips: 1, recall: 1, interval: null }] },
      ...{ confusion: [[1]], versions: {}, frontEndHash: 'f', configHash: 'c' },
    };
    await writeEvaluation(run, record);
    expect(await findEvaluation(run, wanted, 3)).toBeUndefined();
    writeFileSync(run.bestCheckpoint, 'weights');
    expect(await findEvaluation(run, wanted, 3)).toMatchObject({ checkpointSha256: sha256('weights') });
    writeFileSync(run.bestCheckpoint, 'later weights');
    expect(await findEvaluation(run, wanted, 3)).toBeUndefined();
  });
});
