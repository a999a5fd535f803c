import { groupBy } from '../util/groupBy.js';
import type { ChosenSettings } from './chosenSettings.js';
import { type CollectedResults, describeEvaluation } from './collectResults.js';
import type { SweepRun } from './expandSweep.js';
import { summariseSystems } from './summariseSystems.js';

/**
 * Of each variant that has several settings the one with the highest macro accuracy by the first evaluation on validation clips, all folds
 * of a seed pooled, the mean over seeds; of equal ones the first in the file. The test split has no say.
 * `settings` is undefined where nothing is evaluated on validation; `missing`: systems that lack runs, whose variants are left out.
 */
export function chooseSettings(
  runs: readonly SweepRun[],
  results: CollectedResults['results'],
): { settings: ChosenSettings | undefined; missing: string[] } {
  const evaluation = runs.flatMap(({ evaluations }) => evaluations).find(({ split }) => split === 'validation');
  if (evaluation === undefined) return { settings: undefined, missing: [] };
  const by = describeEvaluation(evaluation);
  const ofVariants = runs.filter(({ baseline, variant }) => baseline === undefined && variant !== undefined);
  const accuracies = new Map(
    summariseSystems(ofVariants, results)
      .filter((summary) => describeEvaluation(summary.evaluation) === by && summary.numRuns === summary.numPlanned)
      .map(({ system, scores }) => [system, scores.clipMacroAccuracy?.mean]),
  );
  const missing: string[] = [];
  const variants = [...groupBy(ofVariants, ({ variant }) => variant as string)].flatMap(([name, members]) => {
    const systems = [...new Map(members.map((run) => [run.system, run.keys as ChosenSettings['variants'][number]['keys']]))];
    if (systems.length < 2) return [];
    const tried = systems.flatMap(([system, keys]) => {
      const accuracy = accuracies.get(system);
      if (accuracy === undefined) missing.push(system);
      return accuracy === undefined ? [] : [{ keys, accuracy }];
    });
    if (tried.length < systems.length) return [];
    tried.sort((a, b) => b.accuracy - a.accuracy);
    return [{ name, keys: tried[0].keys, tried }];
  });
  return { settings: { by, variants }, missing };
}
