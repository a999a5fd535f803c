import { describe, expect, it } from 'vitest';
import { resultTable } from '../../src/cli/quickstart.js';
import type { EvaluationRecord } from '../../src/run/evaluationRecord.js';

const record = (checkpoint: string, time: string, rate: number) =>
  ({
    protocol: 'linear',
    split: 'test',
    checkpoint,
    checkpointEpoch: 3,
    seed: 0,
    time,
    numClips: 80,
    clipMicroAccuracy: rate,
    clipMicroAccuracyInterval: [rate - 0.1, rate + 0.1],
    clipMacroAccuracy: rate,
    baselines: [],
  }) as unknown as EvaluationRecord;

describe('the table of the quickstart', () => {
  it('shows the evaluation made last, whatever the names of those that are there', () => {
    const newer = record('best', '2024-05-02T10:00:00.000Z', 0.5);
    const older = record('last', '2024-05-01T10:00:00.000Z', 0.25);
    const table = resultTable([newer, older]);
    expect(table).toContain('checkpoint best');
    expect(table).toMatch(/linear classifier +50\.0 +40\.0 to 60\.0 +50\.0\n/);
    expect(table).toContain('one clip is 1.25 points');
  });
});
