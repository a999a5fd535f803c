import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { claimsMarkdown } from '../../src/report/claimsMarkdown.js';
import { readEvaluations } from '../../src/run/evaluationRecord.js';
import { readTextIfThere } from '../../src/run/readTextIfThere.js';
import type { SweepResult } from '../../src/sweep/collectResults.js';
import { expandSweep, type SweepRun } from '../../src/sweep/expandSweep.js';
import { judgeClaims } from '../../src/sweep/judgeClaims.js';
import { readSweepFile } from '../../src/sweep/sweepFile.js';
import { sweepFolder } from '../../src/sweep/sweepFolder.js';
import { folderWith } from '../data/syntheticData.js';
import { writeFixtureSweep } from '../report/fixtureSweep.js';

const evaluation = { protocol: 'linear', split: 'test', checkpoint: 'best' } as const;

/** Made-up runs of three systems, and what a sweep collects of them. */
async function fixture(seeds: readonly number[]) {
  const root = await folderWith();
  const { runs: folders, predictions } = await writeFixtureSweep({
    root,
    seeds,
    systems: [
      { name: 'good', config: { loss: { temperature: 0.1 } }, skill: 0.9 },
      { name: 'poor', config: { loss: { temperature: 0.2 } }, skill: 0.4 },
      { name: 'alike', config: { loss: { temperature: 0.3 } }, skill: 0.4 },
    ],
  });
  const results: SweepResult[] = [];
  for (const folder of folders) {
    const [, name, system, fold, seed] = /(([a-z]+)-fold(\d)-seed(\d))$/.exec(folder.dir) as RegExpExecArray;
    const run: SweepRun = { name, system, command: 'pretrain', keys: {}, seed: Number(seed), fold, evaluations: [evaluation] };
    const [{ name: recordName, record }] = await readEvaluations(folder);
    const config: unknown = parse((await readTextIfThere(folder.config)) as string);
    results.push({ run, evaluation, config, record, recordName, trainingSeconds: 1, peakMebibytes: null, scores: {} });
  }
  const micro = (system: string) => {
    const clips = [...(predictions.get(system) as Map<number, Map<string, { label: string; predicted: string }>>).values()].flatMap(
      (ofSeed) => [...ofSeed.values()],
    );
    return clips.filter(({ label, predicted }) => label === predicted).length / clips.length;
  };
  return { folder: sweepFolder(root), results, runs: results.map(({ run }) => run), micro };
}

describe('claims of a sweep', () => {
  const claim = (better: string, than: string) => ({ claim: `${better} beats ${than}.`, cases: [{ better, than }] });

  it('are judged by the paired difference of the runs that both systems have', async () => {
    const { micro, ...sweep } = await fixture([0, 1, 2, 3, 4]);
    const both = {
      claim: 'good beats both.',
      published: 'by 5 points',
      cases: [claim('good', 'poor').cases[0], claim('good', 'alike').cases[0]],
    };
    const verdicts = await judgeClaims([claim('good', 'poor'), claim('poor', 'good'), claim('alike', 'poor'), both], {
      ...sweep,
      replicates: 500,
    });
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(['supported', 'notSupported', 'undecided', 'supported']);
    const [{ estimate, low, high, numSeeds }] = verdicts[0].parts[0].evidence;
    expect(estimate).toBeCloseTo(micro('good') - micro('poor'), 12);
    expect(low).toBeGreaterThan(0);
    expect(high).toBeGreaterThan(estimate);
    expect(numSeeds).toBe(5);
    expect(verdicts[3].parts.map(({ name }) => name)).toEqual(['good against poor', 'good against alike']);
    const text = claimsMarkdown(verdicts).join('\n');
    expect(text).toContain('- good beats poor. **supported**: the 95 % interval lies wholly on the claimed side.\n');
    expect(text).toMatch(/good beats both\. \*\*supported\*\*.* Published: by 5 points\.\n/);
    expect(text).toMatch(/good against poor: Micro accuracy, good minus poor: \+\d/);
  });

  it('decide nothing with one seed, take only the folds that both have, and say what is not there', async () => {
    const { folder, results, runs } = await fixture([0]);
    const some = results.filter(({ run }) => run.system === 'good' || run.fold === '1' || run.fold === '2');
    const [one] = await judgeClaims([claim('good', 'poor')], { folder, runs, results: some, replicates: 200 });
    expect(one.verdict).toBe('undecided');
    expect(one.reason).toContain('1 seed, a verdict needs 5');
    expect(one.parts[0].notes).toEqual(['linear on test', '2 of 5 planned pairs of runs']);
    const [none] = await judgeClaims([claim('good', 'poor')], {
      folder,
      runs,
      results: results.filter(({ run }) => run.system === 'good'),
    });
    expect(none.verdict).toBe('notTested');
    expect(none.reason).toContain('runs of good and poor with one seed and fold, evaluated by linear on test');
  });

  it('name systems of their sweep', async () => {
    const dir = await folderWith();
    const file = join(dir, 'sweep.yaml');
    const sweep = (than: string) => {
      const variants = [{ name: 'a' }, { name: 'b', set: { 'loss.temperature': 0.3 } }];
      writeFileSync(file, JSON.stringify({ variants, claims: [{ claim: 'a beats it', cases: [{ better: 'a', than }] }] }));
      return () => expandSweep(readSweepFile(file), { clips: [] });
    };
    expect(sweep('b')()).toHaveLength(2);
    expect(sweep('c')).toThrow(/sweep\.yaml:1:\d+: than: must name a system of this sweep \(a, b\), got "c"/);
  });
});
