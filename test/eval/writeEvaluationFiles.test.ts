import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ScoredClips } from '../../src/eval/scoredClips.js';
import { writeEvaluationFiles } from '../../src/eval/writeEvaluationFiles.js';
import type { EvaluationInput } from '../../src/run/evaluationRecord.js';
import { createRun } from '../../src/run/runFolder.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const folder = temporaryFolder();

const record: EvaluationInput = {
  ...{ schemaVersion: 1, protocol: 'knn', split: 'validation', checkpoint: 'best', checkpointSha256: '', seed: 0, time: '', command: [] },
  ...{ classNames: ['a'], numClips: 1, clipMicroAccuracy: 1, clipMicroAccuracyInterval: null, clipMacroAccuracy: 1 },
  ...{ clipMacroAccuracyInterval: null, patchWeightedAccuracy: null, top3Accuracy: null, confusion: [[1]] },
  ...{ perClass: [{ label: 'a', numClips: 1, recall: 1, interval: null }], versions: {}, frontEndHash: '', configHash: '' },
};
const clips: ScoredClips = {
  ...{ ids: ['x'], labels: [0], groups: ['x'], predicted: [0], probabilities: [[1]], topThree: [[0]], numPatches: [1] },
  embeddings: { data: new Float32Array(2), dim: 2 },
};

test('an evaluation that is made again leaves nothing of the one before beside it', async () => {
  const { run } = await createRun(join(folder, 'run'));
  const write = (more: Partial<EvaluationInput>, withEmbeddings: boolean) =>
    writeEvaluationFiles({ run, name: 'knn-validation-best-seed0', record: { ...record, ...more }, clips, withEmbeddings });
  const endings = async () => (await readdir(run.evaluations)).map((file) => file.replace('knn-validation-best-seed0', '')).sort();
  await write({}, true);
  expect(await endings()).toEqual(['.embeddings.npy', '.json', '.predictions.csv']);
  // Stopped before its record: what is there is no evaluation.
  await expect(write({ confusion: [[2]] }, true)).rejects.toThrow(/must hold numClips 1 clips/);
  expect(await endings()).toEqual(['.embeddings.npy', '.predictions.csv']);
  await write({}, false);
  expect(await endings()).toEqual(['.json', '.predictions.csv']);
});
