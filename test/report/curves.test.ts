import { describe, expect, it } from 'vitest';
import { monitorCurvesOf, thin, trainingCurves } from '../../src/report/curves.js';
import { parseLog } from '../../src/run/readLog.js';
import { jsonLine } from '../../src/util/jsonLines.js';

const step = (n: number, more: object = {}) => ({
  kind: 'step',
  step: n,
  epoch: 1,
  loss: n / 2,
  learningRate: 0.1,
  patchesPerSecond: 100 + n,
  ...more,
});
const logOf = (...records: object[]) => parseLog(records.map(jsonLine).join(''), 'log.jsonl');

describe('trainingCurves', () => {
  it('has a curve for each loss term of the log, with the log’s numbers', () => {
    const curves = trainingCurves(
      logOf(step(1, { contrastiveLoss: 3, crossEntropyLoss: 7 }), step(2, { contrastiveLoss: Number.NaN, crossEntropyLoss: 8 })),
    );
    expect(curves.map(({ title }) => title)).toEqual([
      'Loss',
      'Contrastive loss',
      'Cross entropy loss',
      'Learning rate',
      'Patches a second',
    ]);
    const pointsOf = (title: string) => curves.find((curve) => curve.title === title)?.series[0].points;
    expect(pointsOf('Loss')).toEqual([
      [1, 0.5],
      [2, 1],
    ]);
    expect(pointsOf('Contrastive loss')).toEqual([
      [1, 3],
      [2, null],
    ]);
    expect(pointsOf('Cross entropy loss')).toEqual([
      [1, 7],
      [2, 8],
    ]);
  });

  it('draws a term that is all of the loss once', () => {
    const curves = trainingCurves(logOf(step(1, { contrastiveLoss: 0.5 }), step(2, { contrastiveLoss: 1, marginLoss: 3 })));
    expect(curves.map(({ title }) => title)).toEqual(['Loss = contrastive loss', 'Margin loss', 'Learning rate', 'Patches a second']);
  });

  it('puts the means of epochs over faint steps', () => {
    const epoch = (n: number) => ({ kind: 'epoch', step: n, epoch: n, loss: 10 * n, seconds: 1 });
    const [loss] = trainingCurves(logOf(step(1), epoch(1), step(2), epoch(2)));
    expect(loss.series.map(({ name, isFaint, points }) => [name, isFaint, points])).toEqual([
      [
        'steps',
        true,
        [
          [1, 0.5],
          [2, 1],
        ],
      ],
      [
        'mean of an epoch',
        undefined,
        [
          [1, 10],
          [2, 20],
        ],
      ],
    ]);
  });

  it('draws nothing that the log does not have', () => {
    expect(trainingCurves(logOf())).toEqual([]);
  });
});

describe('thin', () => {
  it('keeps short curves and takes means of equal runs of long ones', () => {
    const points = Array.from({ length: 10 }, (_, i) => [i + 1, i === 4 ? null : i] as const);
    expect(thin(points, 10)).toEqual(points);
    expect(thin(points, 4)).toEqual([
      [3, 1],
      [6, 4],
      [9, 7],
      [10, 9],
    ]);
  });
});

describe('monitorCurvesOf', () => {
  const monitor = (n: number, isBest: boolean) => ({
    kind: 'monitor',
    step: n,
    epoch: n,
    knnClipMacroAccuracy: n / 10,
    knnClipMicroAccuracy: n / 20,
    validationLoss: 5 - n,
    uniformity: -n,
    isBest,
  });

  it('marks the best look on the curve that chose it', () => {
    const curves = monitorCurvesOf({ log: logOf(monitor(1, true), monitor(2, true), monitor(3, false)), config: {}, hasLabels: true });
    expect(curves.find(({ title }) => title.startsWith('kNN'))?.mark).toEqual({ x: 2, y: 0.2, label: 'best' });
    expect(curves.find(({ title }) => title === 'Validation loss')?.mark).toBe(undefined);
  });

  it('shows no accuracy without labels, whatever the log holds', () => {
    const curves = monitorCurvesOf({ log: logOf(monitor(1, true)), config: {}, hasLabels: false });
    expect(curves.map(({ title }) => title)).toEqual(['Validation loss', 'Uniformity']);
    expect(curves[0].mark).toEqual({ x: 1, y: 4, label: 'best' });
  });
});
