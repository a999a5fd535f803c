import { claimsMarkdown } from '../report/claimsMarkdown.js';
import { correlationText, scoreCorrelations } from '../report/scoreCorrelations.js';
import { writeFileAtomic } from '../util/atomicFile.js';
import { type CsvValue, formatCsv } from '../util/csv.js';
import { groupBy } from '../util/groupBy.js';
import { chooseSettings } from './chooseSettings.js';
import { type ChosenSettings, settingText } from './chosenSettings.js';
import { type CollectedResults, collectResults, describeEvaluation } from './collectResults.js';
import type { PlannedRun, SweepRun } from './expandSweep.js';
import { judgeClaims } from './judgeClaims.js';
import { type OverSeeds, type SystemSummary, summariseSystems } from './summariseSystems.js';
import type { SweepClaim } from './sweepClaim.js';
import type { SweepEvaluation } from './sweepFile.js';
import type { SweepFolder } from './sweepFolder.js';

/** Writes table.csv and table.md from what is there. Claims take a second: leave them out while the sweep runs. */
export async function writeTables(
  folder: SweepFolder,
  runs: readonly PlannedRun[],
  { claims = [], settings }: { claims?: readonly SweepClaim[]; settings?: ChosenSettings | undefined } = {},
): Promise<CollectedResults & { markdown: string }> {
  const collected = await collectResults(folder, runs);
  const verdicts = await judgeClaims(claims, { folder, runs, results: collected.results });
  const claimsText = verdicts.length === 0 ? '' : `\n## Claims\n\n${claimsMarkdown(verdicts).join('\n')}\n`;
  const markdown = markdownTable(runs, collected) + settingsMarkdown(runs, collected.results, settings) + claimsText;
  await writeFileAtomic(folder.tableCsv, csvTable(runs, collected));
  await writeFileAtomic(folder.tableMarkdown, markdown);
  return { ...collected, markdown };
}

/** Which setting of each variant is the best, where it has several; which were chosen before, where another sweep did. */
function settingsMarkdown(runs: readonly SweepRun[], results: CollectedResults['results'], given: ChosenSettings | undefined): string {
  const chosen = given ?? chooseSettings(runs, results).settings;
  if (chosen === undefined || chosen.variants.length === 0) return '';
  const { from, by, variants } = chosen;
  const where = from === undefined ? '' : `, in ${from}`;
  const lines = variants.map(({ name, keys, tried }) => {
    const others = tried.slice(1).map((one) => `${settingText(one.keys)}: ${share(one.accuracy)}`);
    return `| ${[name, settingText(keys), share(tried[0].accuracy), others.join('; ')].join(' | ')} |`;
  });
  return [
    '',
    '## Settings',
    '',
    `The best by macro accuracy in %, ${by}${where}.`,
    '',
    '| variant | best | | others |',
    '|---|---|---:|---|',
    ...lines,
    '',
  ].join('\n');
}

const share = (accuracy: number): string => (100 * accuracy).toFixed(1);

/** A row a run and evaluation. Shares from 0 to 1; empty = not defined, or not a key of the run. */
export function csvTable(runs: readonly SweepRun[], { results }: Pick<CollectedResults, 'results'>): string {
  const keys = [...new Set(runs.flatMap((run) => Object.keys(run.keys)))];
  const hasVariants = runs.some(({ variant }) => variant !== undefined);
  const columns = [
    ...[
      'run',
      'system',
      ...(hasVariants ? ['variant'] : []),
      ...keys,
      'seed',
      'fold',
      'protocol',
      'labelFraction',
      'shots',
      'trainOn',
      'split',
    ],
    ...['clipMicroAccuracy', 'clipMacroAccuracy', 'patchWeightedAccuracy', 'top3Accuracy', 'numClips', 'checkpoint', 'checkpointEpoch'],
    ...['trainingSeconds', 'peakMebibytes', 'evaluationSeconds'],
  ];
  const rows = results.map(({ run, evaluation, record, trainingSeconds, peakMebibytes }): CsvValue[] => [
    ...[run.name, run.system, ...(hasVariants ? [run.variant] : []), ...keys.map((key) => cell(run.keys[key])), run.seed, run.fold],
    ...[evaluation.protocol, evaluation.labelFraction, evaluation.shots, evaluation.trainOn, evaluation.split],
    ...[record.clipMicroAccuracy, record.clipMacroAccuracy, record.patchWeightedAccuracy, record.top3Accuracy, record.numClips],
    ...[record.checkpoint, record.checkpointEpoch, trainingSeconds, peakMebibytes],
    Number(
      Object.values(record.seconds)
        .reduce((sum, seconds) => sum + seconds, 0)
        .toFixed(3),
    ),
  ]);
  return formatCsv(columns, rows);
}

function cell(value: unknown): CsvValue {
  return value === undefined || typeof value === 'string' || typeof value === 'number' ? value : JSON.stringify(value);
}

/** A table a protocol and split, a row a system; below what is missing. */
export function markdownTable(runs: readonly SweepRun[], { results, missing }: CollectedResults): string {
  const groups = new Map<string, SystemSummary[]>();
  for (const summary of summariseSystems(runs, results)) {
    const title = titleOf(summary);
    groups.set(title, [...(groups.get(title) ?? []), summary]);
  }
  const correlations = new Map(
    [...groupBy(results, titleOf)].map(([title, ofTitle]) => [
      title,
      scoreCorrelations(ofTitle.map(({ scores, record }) => ({ scores, accuracy: record.clipMacroAccuracy }))),
    ]),
  );
  const hasFolds = runs.some(({ fold }) => fold !== undefined);
  const lines = [
    `Accuracy in %: mean and standard deviation over seeds${hasFolds ? ', the folds of a seed pooled: each clip is tested once a seed' : ''}.`,
    'Training is the median of the runs, peak memory the most of any of them.',
    'Differences between systems are judged by the paired tests of `audiossl report`, not by these columns.',
  ];
  for (const [title, summaries] of groups) {
    lines.push(
      '',
      `## ${title}`,
      '',
      '| system | clip micro | clip macro | patch-weighted | top-3 | seeds | runs | clips | training, s | peak, MiB |',
      '|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|',
      ...summaries.map((summary) => `| ${rowOf(summary).join(' | ')} |`),
    );
    const text = correlationText(correlations.get(title) ?? []);
    if (text !== '') lines.push('', `Spearman’s correlation of label-free scores with the macro accuracy: ${text}.`);
  }
  if (missing.length > 0) {
    lines.push(
      '',
      `## Missing: ${missing.length} of ${runs.length} runs`,
      '',
      ...missing.map(({ run, what }) => `- ${run.name}: ${what.join('; ')}`),
    );
  }
  return `${lines.join('\n')}\n`;
}

const titleOf = ({ evaluation }: { evaluation: SweepEvaluation }): string => describeEvaluation(evaluation);

function rowOf({ system, scores, numSeeds, numClips, trainingSeconds, peakMebibytes, ...numbers }: SystemSummary): (string | number)[] {
  return [
    ...[system, ...Object.values(scores).map(percent), numSeeds, runsText(numbers), numClips === 0 ? '–' : numClips],
    ...[trainingSeconds?.toFixed(0) ?? '–', peakMebibytes ?? '–'],
  ];
}

/** Runs in the means: none of a seed that lacks a fold, so what is done already stands beside. */
function runsText({ numRuns, numDone, numPlanned }: Pick<SystemSummary, 'numRuns' | 'numDone' | 'numPlanned'>): string {
  if (numRuns === numPlanned) return String(numRuns);
  return `${numRuns} of ${numPlanned}${numDone === numRuns ? '' : ` (${numDone} done)`}`;
}

function percent(value: OverSeeds | null): string {
  if (value === null) return '–';
  const deviation = value.standardDeviation === null ? '' : ` ± ${(100 * value.standardDeviation).toFixed(1)}`;
  return `${(100 * value.mean).toFixed(1)}${deviation}`;
}
