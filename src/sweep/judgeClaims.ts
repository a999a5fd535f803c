import { accuracyEvidence } from '../report/comparison/claimEvidence.js';
import { type ClaimVerdict, judged } from '../report/comparison/claims.js';
import { comparisonReplicates } from '../report/comparison/compareSystems.js';
import { type EvaluatedRun, type PredictionsOf, predictionsReader } from '../report/comparison/evaluatedRuns.js';
import type { System } from '../report/comparison/system.js';
import { groupSystems } from '../report/comparison/systems.js';
import { type ClaimPart, notTested, partOf } from '../report/comparison/verdicts.js';
import { type CollectedResults, describeEvaluation, type SweepResult } from './collectResults.js';
import type { SweepRun } from './expandSweep.js';
import type { SweepClaim } from './sweepClaim.js';
import type { SweepFolder } from './sweepFolder.js';

/**
 * A verdict on each claim of a sweep by the first evaluation on test clips (on validation clips where none is tested): the difference in
 * micro accuracy, paired over clips and seeds, of the runs of both systems that have the same seed and test fold. The rule is that of the
 * paper's claims: see `decide`.
 * @param predictionsOf reads them, or knows them already: claims about one system ask for the same ones
 */
export async function judgeClaims(
  claims: readonly SweepClaim[],
  {
    folder,
    runs,
    results,
    predictionsOf = predictionsReader(),
    replicates = comparisonReplicates,
  }: {
    folder: SweepFolder;
    runs: readonly SweepRun[];
    results: CollectedResults['results'];
    predictionsOf?: PredictionsOf;
    replicates?: number;
  },
): Promise<ClaimVerdict[]> {
  const evaluations = runs.flatMap((run) => run.evaluations);
  const judgedBy = evaluations.find(({ split }) => split === 'test') ?? evaluations[0];
  const how = judgedBy === undefined ? 'an evaluation' : describeEvaluation(judgedBy);
  const ofThis = results.filter(({ evaluation }) => judgedBy !== undefined && describeEvaluation(evaluation) === how);
  const planned = runs.map((run) => ({ run }));
  const verdicts: ClaimVerdict[] = [];
  for (const [index, { claim, published = '', cases }] of claims.entries()) {
    const parts: ClaimPart[] = [];
    for (const { better, than } of cases) {
      const name = `${better} against ${than}`;
      const pairs = commonRuns(ofThis, better, than);
      if (pairs.length === 0) {
        parts.push(notTested(name, [`runs of ${better} and ${than} with one seed and fold, evaluated by ${how}`]));
        continue;
      }
      const numPlanned = commonRuns(planned, better, than).length;
      const notes = pairs.length < numPlanned ? [how, `${pairs.length} of ${numPlanned} planned pairs of runs`] : [how];
      const [own, others] = [pairs.map(([result]) => result), pairs.map(([, result]) => result)];
      const a = await systemOf(better, own, { folder, predictionsOf });
      const b = await systemOf(than, others, { folder, predictionsOf });
      parts.push(partOf({ name, evidence: [accuracyEvidence(a, b, { systems: [a, b], replicates })], notes }));
    }
    verdicts.push(judged({ id: `sweep-${index + 1}`, claim, published, parts }));
  }
  return verdicts;
}

/** Runs of two systems side by side, those that share seed and fold. */
function commonRuns<T extends { run: SweepRun }>(all: readonly T[], a: string, b: string): [T, T][] {
  const others = all.filter(({ run }) => run.system === b);
  return all.flatMap((own): [T, T][] => {
    const other = own.run.system === a && others.find(({ run }) => run.seed === own.run.seed && run.fold === own.run.fold);
    return other ? [[own, other]] : [];
  });
}

/** The runs of one system pooled, under the name that it has in the sweep. */
async function systemOf(
  name: string,
  results: readonly SweepResult[],
  { folder, predictionsOf }: { folder: SweepFolder; predictionsOf: PredictionsOf },
): Promise<System> {
  const entries: EvaluatedRun[] = [];
  for (const { run, config, record, recordName } of results) {
    const predictions = await predictionsOf(folder.run(run.name), { name: recordName, record });
    entries.push({ run: run.name, config, evaluation: recordName, record, predictions, validationScore: null });
  }
  const [system] = groupSystems(entries);
  return { ...system, name };
}
