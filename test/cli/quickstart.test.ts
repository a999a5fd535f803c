import { dirname, join, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { quickstartSteps } from '../../src/cli/quickstart/quickstartSteps.js';
import { resultTable } from '../../src/cli/quickstart.js';
import type { EvaluationRecord } from '../../src/run/evaluationRecord.js';
import { runFolder } from '../../src/run/runFolder.js';
import { codeBlocks } from '../support/pages.js';

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

describe('README.md', () => {
  it('shows what the quickstart prints', () => {
    const [{ text }] = codeBlocks('').filter(({ page }) => page === 'README.md');
    const rows = [...text.matchAll(/^(\S.*?) {2,}(\d+\.\d)(?: +(\d+\.\d) to (\d+\.\d))? +(\d+\.\d)$/gm)].map(([, name, ...numbers]) => {
      const [micro, low, high, macro] = numbers.map((number) => Number(number) / 100);
      const clipMicroAccuracyInterval = low > 0 ? [low, high] : null;
      return { name, clipMicroAccuracy: micro, clipMicroAccuracyInterval, clipMacroAccuracy: macro };
    });
    const [numClips, epoch] = [/the (\d+) test clips/, /epoch (\d+)/].map((number) => Number(number.exec(text)?.[1]));
    const baselines = rows.slice(0, 3);
    const made = ['knn', 'linear'].map((protocol, i) => {
      const { name: _, ...scores } = rows[3 + i];
      return {
        ...record('whitened', '', 0),
        ...scores,
        protocol,
        baselines,
        numClips,
        checkpointEpoch: epoch,
      } as unknown as EvaluationRecord;
    });
    const end = text.slice(text.indexOf('\nreport '));
    expect(`${resultTable(made)}${end}`).toBe(text);
    const { report, whitenedCheckpoint } = runFolder('runs/quickstart/run');
    const paths = [join(report, 'report.html'), 'runs/quickstart/embeddings.npz', whitenedCheckpoint];
    expect(end.trim().split(/\n| {2,}/).filter((_, i) => i % 2 === 1)).toEqual(paths); // biome-ignore format: one line
  });
});

describe('the steps of the quickstart', () => {
  const steps = (model: string | undefined) =>
    quickstartSteps({ data: 'data/esc10', config: 'c.yaml', out: 'q', epochs: 3, engine: ['--threads', '1'], model });

  /** Everything that a command makes: `transfer` keeps its feature stores in `features` beside its results. */
  const made = (args: string[]): string[] => {
    const at = args.indexOf('--out');
    if (at < 0) return [];
    const out = args[at + 1];
    return args[0] === 'transfer' ? [out, join(dirname(out), 'features', 'esc10-0')] : [out];
  };

  it.each(['models/m.safetensors', undefined])('make files that are not within one another (model %s)', (model) => {
    const paths = steps(model).flatMap(({ args }) => made(args));
    for (const [i, path] of paths.entries()) {
      for (const [j, other] of paths.entries()) expect(i !== j && (path + sep).startsWith(other + sep), `${path} in ${other}`).toBe(false);
    }
  });

  it('begin with the encoder that comes with the package, where there is one', () => {
    const names = (model: string | undefined) => steps(model).map(({ args }) => args[0]);
    const trained = ['features', 'pretrain', 'evaluate', 'evaluate', 'report', 'embed'];
    expect(names(undefined)).toEqual(trained);
    expect(names('m')).toEqual(['embed', 'transfer', ...trained]);
    expect(steps('m').find(({ args }) => args[0] === 'pretrain')?.args).toEqual(expect.arrayContaining(['train.epochs=3', '--resume']));
  });
});
