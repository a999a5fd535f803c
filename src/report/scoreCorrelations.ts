import { spearman } from '../eval/statistics/spearman.js';

/** Numbers that a look has without any label, and whether a lower one is better. */
export const labelFreeScores = [
  { key: 'effectiveRank', name: 'effective rank', isBestLow: false },
  { key: 'alignmentPlusUniformity', name: '-(alignment + uniformity)', isBestLow: true },
  { key: 'validationLoss', name: '-validation loss', isBestLow: true },
] as const;
export type LabelFreeScores = Partial<Record<(typeof labelFreeScores)[number]['key'], number | null>>;

/** Those of them that a look has. */
export const scoresOfLook = (look: LabelFreeScores | undefined): Record<string, number | null> =>
  Object.fromEntries(labelFreeScores.flatMap(({ key }) => (look?.[key] === undefined ? [] : [[key, look[key]]])));

/**
 * How far the order of runs by a score that needs no labels is that by their accuracy: Spearman's correlation over the runs that have both;
 * 1 = the same order. Scores that under three runs have are left out.
 */
export function scoreCorrelations(
  runs: readonly { scores: LabelFreeScores; accuracy: number }[],
): { name: string; correlation: number; numRuns: number }[] {
  return labelFreeScores.flatMap(({ key, name, isBestLow }) => {
    const known = runs.flatMap(({ scores, accuracy }) => {
      const score = scores[key];
      return typeof score === 'number' ? [{ score: isBestLow ? -score : score, accuracy }] : [];
    });
    const correlation = spearman(
      known.map(({ score }) => score),
      known.map(({ accuracy }) => accuracy),
    );
    return correlation === null ? [] : [{ name, correlation, numRuns: known.length }];
  });
}

/** The same in a sentence; empty where there are too few runs. */
export function correlationText(correlations: ReturnType<typeof scoreCorrelations>): string {
  return correlations.map(({ name, correlation, numRuns }) => `${name} ${correlation.toFixed(2)} (${numRuns} runs)`).join(', ');
}
