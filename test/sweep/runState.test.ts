import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { evaluationOptions } from '../../src/eval/evaluationOptions.js';
import { protocolOptions } from '../../src/eval/writeEvaluationFiles.js';
import type { EvaluationRecord } from '../../src/run/evaluationRecord.js';
import { writeEvaluation } from '../../src/run/evaluationRecord.js';
import { createRun } from '../../src/run/runFolder.js';
import { findEvaluation, matchesEvaluation } from '../../src/sweep/runState.js';
import type { SweepEvaluation } from '../../src/sweep/sweepFile.js';
import { sha256 } from '../../src/util/hash.js';
import { folderWith } from '../data/syntheticData.js';

const options = evaluationOptions.parse({});
const as = { seed: 3, options };
const wanted: SweepEvaluation = { protocol: 'linear', split: 'test', checkpoint: 'best' };
const made = {
  ...{ protocol: 'linear', split: 'test', checkpoint: 'best', seed: 3, trainOn: null, labelFraction: null, shots: null },
  ...{ dataset: null, fold: null, folds: [], options: {} },
} as unknown as EvaluationRecord;

describe('matchesEvaluation', () => {
  it('knows the record of an evaluation by everything that was asked for, and by nothing that was not', () => {
    expect(matchesEvaluation(made, wanted, as)).toBe(true);
    expect(matchesEvaluation(made, wanted, { ...as, seed: 2 })).toBe(false);
    const asked: Partial<SweepEvaluation>[] = [
      ...[{ protocol: 'knn' as const }, { split: 'validation' as const }, { checkpoint: 'last' as const }],
      ...[{ labelFraction: 0.1 }, { shots: 5 }, { trainOn: 'clean' as const }],
    ];
    for (const more of asked) {
      expect(matchesEvaluation(made, { ...wanted, ...more }, as), JSON.stringify(more)).toBe(false);
      expect(matchesEvaluation({ ...made, ...more }, { ...wanted, ...more }, as), JSON.stringify(more)).toBe(true);
      expect(matchesEvaluation({ ...made, ...more }, wanted, as), JSON.stringify(more)).toBe(false);
    }
    // Made by hand in the same folder: other data, folds.
    const others = [
      { dataset: 'esc10' },
      { fold: '1' },
      { folds: [{ fold: '1', numClips: 1, clipMicroAccuracy: 1, clipMacroAccuracy: 1 }] },
    ];
    for (const other of others) expect(matchesEvaluation({ ...made, ...other }, wanted, as), JSON.stringify(other)).toBe(false);
  });

  it('takes the record of all labels for a share of 1, which is what evaluate writes', () => {
    expect(matchesEvaluation(made, { ...wanted, labelFraction: 1 }, as)).toBe(true);
    expect(matchesEvaluation({ ...made, labelFraction: 0.5 }, { ...wanted, labelFraction: 1 }, as)).toBe(false);
  });

  it('does not take an evaluation that was made by hand with other options for its own', () => {
    const withOptions = (given: EvaluationRecord['options']) => ({ ...made, options: given });
    const own = { ...protocolOptions('linear', options), epoch: 17, trainClips: 9, seenInTraining: 2, embeddingBatchSize: 3 };
    expect(matchesEvaluation(withOptions(own), wanted, as)).toBe(true);
    expect(matchesEvaluation(withOptions({ ...own, epochs: 5 }), wanted, as)).toBe(false);
    expect(matchesEvaluation(withOptions({ ...own, milestones: [80] }), wanted, as)).toBe(false);
    expect(matchesEvaluation(withOptions({ ...own, compat: { probeTrainMode: true } }), wanted, as)).toBe(false);
    const few = { ...as, options: evaluationOptions.parse({ linear: { epochs: 5 } }) };
    expect(matchesEvaluation(withOptions({ ...own, epochs: 5 }), wanted, few)).toBe(true);
    // The bank may be smaller than the neighbours wanted: how many were asked tells nothing.
    const byNeighbours = { ...withOptions({ ...protocolOptions('knn', options), neighbours: 31 }), protocol: 'knn' };
    expect(matchesEvaluation(byNeighbours, { ...wanted, protocol: 'knn' }, as)).toBe(true);
    const fewer = { ...as, options: evaluationOptions.parse({ neighbours: 50 }) };
    expect(matchesEvaluation(byNeighbours, { ...wanted, protocol: 'knn' }, fewer)).toBe(false);
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
    expect(await findEvaluation(run, wanted, as)).toBeUndefined();
    writeFileSync(run.bestCheckpoint, 'weights');
    expect(await findEvaluation(run, wanted, as)).toMatchObject({ checkpointSha256: sha256('weights') });
    writeFileSync(run.bestCheckpoint, 'later weights');
    expect(await findEvaluation(run, wanted, as)).toBeUndefined();
  });
});
