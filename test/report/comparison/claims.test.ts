import { describe, expect, test } from 'vitest';
import { type ClaimVerdict, claimVerdicts } from '../../../src/report/comparison/claims.js';
import type { EvaluatedRun } from '../../../src/report/comparison/evaluatedRuns.js';
import type { AnalysedRun } from '../../../src/report/comparison/featureClaim.js';
import { groupSystems } from '../../../src/report/comparison/systems.js';
import { combine, decide, type Evidence, notTested, partOf } from '../../../src/report/comparison/verdicts.js';
import { seeds, supervised } from './evaluatedRun.js';

const replicates = 200;
const judge = (runs: EvaluatedRun[], analyses: AnalysedRun[] = []) =>
  Object.fromEntries(claimVerdicts({ systems: groupSystems(runs), analyses, replicates }).map((claim) => [claim.id, claim])) as Record<
    ClaimVerdict['id'],
    ClaimVerdict
  >;

const weight = (contrastiveWeight: number) => ({ config: { loss: { contrastiveWeight } } });
/** The clip shares of a class that are right differ by two of twenty between classes: an interval has a width. */
const share = (base: number) => (seed: number, k: number) => base + (k % 2) + (seed % 2);

describe('decide', () => {
  const at = (low: number, high: number, numSeeds = 5): Evidence => ({
    ...{ what: '', estimate: (low + high) / 2, low, high, numSeeds },
    claimed: { above: 0 },
  });

  test('wholly on, wholly against, on both sides, on the border', () => {
    expect(decide(at(0.01, 0.2)).verdict).toBe('supported');
    expect(decide(at(-0.2, -0.01)).verdict).toBe('notSupported');
    expect(decide(at(-0.01, 0.2)).verdict).toBe('undecided');
    expect(decide(at(0, 0.2)).verdict).toBe('undecided');
    expect(decide(at(-0.2, 0)).verdict).toBe('undecided');
    expect(decide(at(Number.NaN, Number.NaN)).verdict).toBe('undecided');
  });

  test('four seeds decide nothing, however far off', () => {
    expect(decide(at(0.5, 0.6, 4))).toEqual({
      verdict: 'undecided',
      reason: '4 seeds, a verdict needs 5; the 95 % interval lies on the claimed side',
    });
    expect(decide(at(-0.6, -0.5, 1)).verdict).toBe('undecided');
  });

  test('a count is held against at least so many', () => {
    const count = (low: number, high: number) => decide({ ...at(low, high), claimed: { atLeast: 13 } }).verdict;
    expect([count(13, 17), count(12, 17), count(9, 13), count(9, 12)]).toEqual(['supported', 'undecided', 'undecided', 'notSupported']);
  });

  test('parts: one against refutes, all must be tested, or one where that is enough', () => {
    const part = (low: number, high: number) => partOf({ name: 'x', evidence: [at(low, high)] });
    const [yes, no, open, none] = [part(0.1, 0.2), part(-0.2, -0.1), part(-0.1, 0.1), notTested('y', ['runs'])];
    expect(combine([yes, yes])).toBe('supported');
    expect(combine([yes, open])).toBe('undecided');
    expect(combine([yes, open, no, none])).toBe('notSupported');
    expect(combine([yes, none])).toBe('notTested');
    expect(combine([yes, none], { needsAll: false })).toBe('supported');
    expect(combine([none, none], { needsAll: false })).toBe('notTested');
    expect(partOf({ name: 'x', evidence: [at(0.1, 0.2), at(-0.2, -0.1)] }).verdict).toBe('notSupported');
    expect(partOf({ name: 'x', evidence: [at(0.1, 0.2), at(-0.2, 0.1)] }).verdict).toBe('undecided');
  });
});

describe('claimVerdicts', () => {
  test('without runs nothing is tested, and what is missing is said', () => {
    const claims = judge([]);
    for (const claim of Object.values(claims)) {
      expect(claim.verdict).toBe('notTested');
      for (const { missing } of claim.parts) expect(missing.join()).toMatch(/audiossl|loss\.contrastiveWeight/);
    }
    expect(claims.marginHelpsSupervised.parts.map(({ name }) => name)).toEqual(['all', 'noisy', 'noisySmall', 'clean']);
    expect(claims.marginHelpsSupervised.reason).toMatch(/data\.protocol=clean --set loss\.crossEntropyWeight=1/);
  });

  test('a known difference is found, its sign turns the verdict, four seeds leave it open', () => {
    const runs = (n: number, acl: number, base: number) => [...seeds(n, weight(0.3), share(acl)), ...seeds(n, weight(1), share(base))];
    expect(judge(runs(5, 17, 10))).toMatchObject({ aclBeatsNtXent: { verdict: 'supported' }, classesImprove: { verdict: 'supported' } });
    expect(judge(runs(5, 10, 17))).toMatchObject({
      aclBeatsNtXent: { verdict: 'notSupported' },
      classesImprove: { verdict: 'notSupported' },
    });
    expect(judge(runs(4, 17, 10)).aclBeatsNtXent).toMatchObject({ verdict: 'undecided', reason: expect.stringMatching(/^4 seeds/) });
    expect(judge(runs(5, 12, 12)).aclBeatsNtXent.verdict).toBe('undecided');
    const [{ evidence }] = judge(runs(5, 17, 10)).aclBeatsNtXent.parts;
    expect(evidence[0]).toMatchObject({ what: 'micro accuracy, ACL, alpha 0.3 minus NT-Xent', numSeeds: 5, claimed: { above: 0 } });
    expect(evidence[0].estimate).toBeCloseTo(7 / 20, 12);
  });

  test('the share of classes, where half improve and half worsen', () => {
    const [acl, base] = [(_s: number, k: number) => (k < 2 ? 18 : 4), () => 11];
    const claim = judge([...seeds(5, weight(0.3), acl), ...seeds(5, weight(1), base)]).classesImprove;
    // 13 of 20 is 65 %: 3 of 4 classes; 2 improve in every draw.
    expect(claim.parts[0].evidence[0]).toMatchObject({ estimate: 2, low: 2, high: 2, claimed: { atLeast: 3 } });
    expect(claim.verdict).toBe('notSupported');
    expect(claim.parts[0].notes).toContain('the data have 4 classes: the claim is held to the same share, 65 %');
  });

  test('on data without those subsets any supervised systems stand for all clips', () => {
    const runs = (subset: string, right: number, alpha: number) =>
      seeds(5, { config: supervised(subset, alpha), record: { protocol: 'classifier' } }, share(right));
    const other = judge([...runs('generic', 17, 0.5), ...runs('generic', 10, 1)]).marginHelpsSupervised;
    expect(other.parts.map(({ name, verdict }) => [name, verdict])).toEqual([
      ['all', 'supported'],
      ...['noisy', 'noisySmall', 'clean'].map((name) => [name, 'notTested']),
    ]);
    const small = judge([...runs('clean', 17, 0.5), ...runs('clean', 10, 1)]).marginHelpsSupervised;
    expect(small.parts.filter(({ verdict }) => verdict !== 'notTested').map(({ name }) => name)).toEqual(['clean']);
  });

  test('the validation clips choose alpha, never the clips that are compared', () => {
    const best = seeds(5, { ...weight(0.3), validationScore: 0.5 }, share(17));
    const chosen = seeds(5, { ...weight(0.7), validationScore: 0.6 }, share(3));
    const base = seeds(5, { ...weight(1), validationScore: 0.4 }, share(10));
    const claim = judge([...best, ...chosen, ...base]).aclBeatsNtXent;
    expect(claim.verdict).toBe('notSupported');
    expect(claim.parts[0].evidence[0].what).toMatch(/ACL, alpha 0.7 minus/);
    expect(claim.parts[0].notes[0]).toMatch(/ACL, alpha 0.7 has the best validation macro accuracy of 2/);
    const unknown = judge([...best, ...seeds(5, weight(0.7), share(3)), ...base]).aclBeatsNtXent;
    expect(unknown).toMatchObject({ verdict: 'notTested', reason: expect.stringMatching(/ACL, alpha 0.7 on the validation clips/) });
  });

  test('the setting nearest to the paper speaks, not one that differs in more than the margin', () => {
    const at = (temperature: number, contrastiveWeight: number) => ({ config: { loss: { temperature, contrastiveWeight } } });
    const runs = [
      ...[...seeds(5, at(0.5, 0.3), share(5)), ...seeds(5, at(0.5, 1), share(15))],
      ...[...seeds(5, at(0.2, 0.3), share(15)), ...seeds(5, at(0.2, 1), share(5))],
    ];
    expect(judge(runs).aclBeatsNtXent.verdict).toBe('supported');
    const apart = [...seeds(5, at(0.5, 0.3), share(15)), ...seeds(5, at(0.2, 1), share(5))];
    expect(judge(apart).aclBeatsNtXent).toMatchObject({
      verdict: 'notTested',
      reason: expect.stringMatching(/differ in the margin term alone/),
    });
  });

  test('the margin on the four subsets: one against it refutes the claim, a missing one leaves it untested', () => {
    const subset = (name: string, margin: number, base: number) => [
      ...seeds(5, { config: supervised(name, 0.5), record: { protocol: 'classifier' } }, share(margin)),
      ...seeds(5, { config: supervised(name, 1), record: { protocol: 'classifier' } }, share(base)),
    ];
    const three = [...subset('all', 15, 8), ...subset('noisy', 14, 8), ...subset('noisySmall', 15, 6)];
    expect(judge(three).marginHelpsSupervised).toMatchObject({
      verdict: 'notTested',
      reason: expect.stringMatching(/data\.protocol=clean/),
    });
    expect(judge([...three, ...subset('clean', 16, 8)]).marginHelpsSupervised.verdict).toBe('supported');
    const refuted = judge([...three, ...subset('clean', 8, 16)]).marginHelpsSupervised;
    expect(refuted.verdict).toBe('notSupported');
    expect(refuted.parts.map(({ verdict }) => verdict)).toEqual(['supported', 'supported', 'supported', 'notSupported']);
    expect(refuted.reason).toMatch(/^clean: /);
    expect(judge([...three, ...subset('clean', 10, 10)]).marginHelpsSupervised.verdict).toBe('undecided');
  });

  test('self-supervised against supervised on all clips, with other protocols and front ends', () => {
    const classifier = { protocol: 'classifier', frontEndHash: 'c'.repeat(64) };
    const runs = (ours: number, theirs: number) => [
      ...seeds(5, weight(1), share(ours)),
      ...seeds(5, { config: supervised('all', 1), record: classifier }, share(theirs)),
    ];
    const claim = judge(runs(16, 9)).selfSupervisedBeatsSupervised;
    expect(claim.verdict).toBe('supported');
    expect(claim.parts.map(({ verdict }) => verdict)).toEqual(['supported', 'notTested']);
    expect(judge(runs(9, 16)).selfSupervisedBeatsSupervised.verdict).toBe('notSupported');
    const clean = seeds(5, { config: supervised('clean', 1), record: classifier }, share(9));
    expect(judge([...seeds(5, weight(1), share(16)), ...clean]).selfSupervisedBeatsSupervised.verdict).toBe('notTested');
  });

  test('the best alpha: inside against outside, each chosen by validation', () => {
    const alpha = (value: number, validationScore: number, right: number) => seeds(5, { ...weight(value), validationScore }, share(right));
    const runs = (inside: number, outside: number) => [
      ...alpha(0.1, 0.3, 5),
      ...alpha(0.3, 0.6, inside),
      ...alpha(0.4, 0.5, 5),
      ...alpha(0.7, 0.5, outside),
      ...alpha(1, 0.4, 5),
    ];
    const claim = judge(runs(17, 10)).bestAlpha;
    expect(claim.verdict).toBe('supported');
    expect(claim.parts[0].evidence[0].what).toBe('micro accuracy, ACL, alpha 0.3 minus ACL, alpha 0.7');
    expect(claim.parts[0].notes[0]).toBe('alphas tried: 0.1, 0.3, 0.4, 0.7, 1');
    expect(judge(runs(10, 17)).bestAlpha.verdict).toBe('notSupported');
    const two = judge([...alpha(0.3, 0.6, 17), ...alpha(1, 0.4, 5)]).bestAlpha;
    expect(two).toMatchObject({
      verdict: 'notTested',
      parts: [{ missing: [expect.stringMatching(/below 0.2/), expect.stringMatching(/between 0.4 and 1/)] }],
    });
  });

  test('few labels, few shots, other data and folds of their own are not what is claimed', () => {
    for (const record of [{ labelFraction: 0.1 }, { shots: 5 }, { dataset: 'esc' }, { trainOn: 'clean' as const }, { fold: '1' }]) {
      const runs = [...seeds(5, { ...weight(0.3), record }, share(17)), ...seeds(5, { ...weight(1), record }, share(5))];
      expect(judge(runs).aclBeatsNtXent.verdict, JSON.stringify(record)).toBe('notTested');
    }
  });
});

describe('features', () => {
  const analysis = (temperature: number, alpha: number, seed: number, uniformity: number, tolerance: number): AnalysedRun => ({
    run: `t${temperature}a${alpha}s${seed}`,
    config: { seed, loss: { name: 'angularContrastive', temperature, contrastiveWeight: alpha } },
    record: {
      checkpoint: 'best',
      seed: 0,
      uniformity: { h: -1, z: uniformity },
      tolerance: { h: 0.5, z: tolerance },
    } as AnalysedRun['record'],
  });
  const grid = (numSeeds: number, temperatures: number[], rise: (temperature: number) => number) =>
    temperatures.flatMap((t) =>
      Array.from({ length: numSeeds }, (_, s) => [
        analysis(t, 1, s, -0.4 + 0.01 * s, 0.9 + 0.002 * s),
        analysis(t, 0.3, s, -0.4 + 0.013 * s + rise(t), 0.9 + 0.001 * s + 0.2 * rise(t)),
      ]).flat(),
    );
  const verdict = (analyses: AnalysedRun[]) => judge([], analyses).featuresTighten;

  test('rises everywhere, falls at one temperature, too few seeds, one temperature', () => {
    expect(verdict(grid(5, [0.1, 0.2], () => 0.1)).verdict).toBe('supported');
    const mixed = verdict(grid(5, [0.1, 0.2], (t) => (t === 0.1 ? 0.1 : -0.1)));
    expect(mixed.parts.map((part) => [part.name, part.verdict])).toEqual([
      ['temperature 0.1, alpha 0.3', 'supported'],
      ['temperature 0.2, alpha 0.3', 'notSupported'],
    ]);
    expect(mixed.verdict).toBe('notSupported');
    expect(verdict(grid(3, [0.1, 0.2], () => 0.1)).verdict).toBe('undecided');
    expect(verdict(grid(5, [0.1], () => 0.1))).toMatchObject({ verdict: 'notTested', reason: expect.stringMatching(/got 0.1/) });
  });

  test('a system is held against the one that differs in the margin alone, fold by fold', () => {
    const at = (run: AnalysedRun, more: object): AnalysedRun => ({ ...run, config: { ...(run.config as object), ...more } });
    const other = { encoder: { name: 'vgg' } };
    const runs = grid(5, [0.1, 0.2], () => 0.1);
    // Another encoder, of which everything is far higher: it must be nobody's counterpart but its own.
    const strangers = grid(5, [0.1, 0.2], () => -0.1).map((run) =>
      at({ ...run, record: { ...run.record, uniformity: { h: 0, z: (run.record.uniformity.z as number) + 3 } } }, other),
    );
    for (const order of [
      [...runs, ...strangers],
      [...strangers, ...runs],
    ]) {
      const { parts } = verdict(order);
      const names = ['undefined', 'vgg'].flatMap((encoder) =>
        [0.1, 0.2].map((t) => `temperature ${t}, alpha 0.3, ${encoder === 'vgg' ? 'vgg' : ''}, margin on , checkpoint best`),
      );
      expect(parts.map(({ name }) => name).sort()).toEqual(names.sort());
      const estimates = parts.map(({ name, evidence }) => [name.includes('vgg'), evidence[1].estimate.toFixed(3)]);
      expect(estimates).toEqual(
        expect.arrayContaining([
          [false, '0.106'],
          [true, '-0.094'],
        ]),
      );
      expect(new Set(estimates.map(String)).size).toBe(2);
    }
    // Checkpoints are not mixed either.
    const last = runs.map((run) => ({ ...run, record: { ...run.record, checkpoint: 'last' } }));
    const mixed = [...runs.filter((run) => run.run.includes('a1s')), ...last.filter((run) => !run.run.includes('a1s'))];
    expect(verdict(mixed).verdict).toBe('notTested');

    // Folds: one system has the first alone, of the others nothing can be said; the mean over the common ones counts.
    const fold = (testFold: string, rise: number) => grid(5, [0.1, 0.2], () => rise).map((run) => at(run, { data: { testFold } }));
    const extra = fold('3', 5).filter((run) => !run.run.includes('a1s'));
    const [part] = verdict([...fold('1', 0.1), ...fold('2', 0.3), ...extra]).parts;
    expect(part.evidence[1].estimate).toBeCloseTo(0.206, 12);
    expect(part.evidence[1].numSeeds).toBe(5);
  });

  test('differences are paired by the runs’ seeds', () => {
    const [{ evidence }] = verdict(grid(5, [0.1, 0.2], () => 0.1)).parts;
    // 0.1 + 0.003 s for s = 0 .. 4.
    expect(evidence[1].estimate).toBeCloseTo(0.106, 12);
    expect(evidence[1].low).toBeGreaterThanOrEqual(0.1 - 1e-12);
    expect(evidence[1].high).toBeLessThanOrEqual(0.112 + 1e-12);
    const shuffled = verdict([...grid(5, [0.1, 0.2], () => 0.1)].reverse()).parts[0].evidence;
    expect(shuffled[1].estimate).toBeCloseTo(0.106, 12);
  });
});
