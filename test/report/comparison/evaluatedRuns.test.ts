import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RunReport } from '../../../src/report/collectRun.js';
import { readEvaluatedRuns } from '../../../src/report/comparison/evaluatedRuns.js';
import { type EvaluationRecord, evaluationName } from '../../../src/run/evaluationRecord.js';
import { writePredictions } from '../../../src/run/predictions.js';
import { createRun } from '../../../src/run/runFolder.js';
import { temporaryFolder } from '../../support/temporaryFolder.js';
import { classNames, evaluatedRun } from './evaluatedRun.js';

const folder = temporaryFolder();

/** A run's report with evaluations that are this and that; their predictions are written. */
async function reportWith(name: string, records: Partial<EvaluationRecord>[], monitors: object[] = []): Promise<RunReport> {
  const { run } = await createRun(join(folder, name));
  const { record, predictions } = evaluatedRun({ clipsPerClass: 2, isRight: () => true });
  const evaluations = records.map((more) => {
    const whole = { ...record, ...more };
    return { name: evaluationName(whole), record: whole };
  });
  for (const evaluation of evaluations) await writePredictions(run, evaluation.name, { classNames, predictions: [...predictions] });
  return { name, dir: run.dir, config: {}, evaluations, log: { monitors } } as unknown as RunReport;
}

test('folds whose clips stand in a pooled record do not count twice, other folds and other evaluations do', async () => {
  const folds = ['1', '2'].map((fold) => ({ fold, numClips: 4, clipMicroAccuracy: 1, clipMacroAccuracy: 1 }));
  const report = await reportWith('folds', [
    ...[{ fold: '1' }, { fold: '2' }, { folds }, {}],
    ...[{ fold: '3' }, { fold: '1', seed: 7 }, { fold: '1', protocol: 'knn' }, { fold: '1', shots: 5 }, { split: 'validation' as const }],
  ]);
  expect((await readEvaluatedRuns([report], 'test')).map(({ evaluation }) => evaluation)).toEqual([
    ...['linear-folds1_2-test-best-seed0', 'linear-test-best-seed0'],
    ...['linear-fold3-test-best-seed0', 'linear-fold1-test-best-seed7', 'knn-fold1-test-best-seed0', 'linear-shots5-fold1-test-best-seed0'],
  ]);
});

test('systems are chosen between by the validation accuracy of these very weights, labels and seed', async () => {
  const looks = [0.5, 0.9, 0.7].map((value, i) => ({ isBest: i < 2, clipMacroAccuracy: value, knnClipMacroAccuracy: value / 2 }));
  const scoreOf = async (name: string, records: Partial<EvaluationRecord>[]) =>
    (await readEvaluatedRuns([await reportWith(name, records, looks)], 'test'))[0].validationScore;
  const twin = (more: Partial<EvaluationRecord>) => ({ split: 'validation' as const, clipMacroAccuracy: 0.3, ...more });
  expect(await scoreOf('twin', [{}, twin({})])).toBe(0.3);
  expect(await scoreOf('otherSeed', [{}, twin({ seed: 1 })])).toBeNull();
  expect(await scoreOf('otherLabels', [{}, twin({ labelFraction: 0.1 })])).toBeNull();
  expect(await scoreOf('epoch', [{ options: { validationClipMacroAccuracy: 0.8 } }])).toBe(0.8);
  expect(await scoreOf('best', [{ protocol: 'classifier' }])).toBe(0.9);
  expect(await scoreOf('last', [{ protocol: 'classifier', checkpoint: 'last' }])).toBe(0.7);
  expect(await scoreOf('path', [{ protocol: 'classifier', checkpoint: '/a/file.safetensors' }])).toBeNull();
  expect(await scoreOf('neighbours', [{ protocol: 'knn' }])).toBe(0.45);
});
