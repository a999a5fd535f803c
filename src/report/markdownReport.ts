import type { RunReport } from './collectRun.js';
import { comparisonMarkdown } from './comparisonMarkdown.js';
import { dateTime, integer, percent, percentInterval } from './format.js';
import { helpedSentence } from './helpedSentence.js';
import { mostRunsInFull } from './html/comparisonSections.js';
import { bestText, clipCounts, lossOptionsText, notesOf, resultText, trainingText } from './html/summary.js';
import { markdownTable } from './markdownTable.js';
import { escapeMarkdown } from './markup.js';
import type { ReportContent } from './reportContent.js';
import { mainEvaluation, type ResultRow, resultRows } from './resultRows.js';
import { transferMarkdown } from './transferMarkdown.js';

/** report.md: the summary and the tables, for a pull request or a notebook. */
export function markdownReport({ runs, comparison, time, version }: ReportContent): string {
  const lines = [
    `# ${runs.length === 1 ? escapeMarkdown(runs[0].name) : `${runs.length} runs`}`,
    '',
    `Written ${dateTime(time)} by audiossl ${version}.`,
    '',
  ];
  const rows = resultRows(runs);
  const isSingle = runs.length === 1;
  if (isSingle) lines.push(...summaryLines(runs[0], '##'));
  if (comparison !== undefined) lines.push(...comparisonMarkdown(comparison));
  lines.push(comparison === undefined ? '## Results' : '## Every evaluation', '');
  if (rows.length === 0) {
    lines.push(
      runs.every((run) => !run.hasLabels) ? 'The training data has no labels, so there is no accuracy to report.' : 'Not evaluated yet.',
      '',
    );
  } else {
    const hasRuns = runs.length > 1;
    lines.push(
      ...markdownTable(
        [...(hasRuns ? ['Run'] : []), 'Predictor', 'Split', 'Seed', 'Clips', 'Micro', 'Macro', 'Top-3', 'Patch-weighted'],
        hasRuns ? 4 : 3,
        rows.map((row) => resultCells(row, hasRuns)),
      ),
      '',
    );
    lines.push('Accuracy counts clips; square brackets hold 95 % intervals.', '');
  }
  for (const run of runs.length <= mostRunsInFull ? runs : []) {
    if (isSingle) lines.push(...resultLines(run, '##'));
    else lines.push(...summaryLines(run, '###'), ...resultLines(run, '###'));
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

/** The classes of the main evaluation, and what other data say. */
function resultLines(run: RunReport, heading: string): string[] {
  const lines: string[] = [];
  const main = mainEvaluation(run);
  if (main !== undefined) {
    lines.push(`${heading} Class by class`, '', `${escapeMarkdown(main.name)}:`, '');
    const rows = main.record.perClass.map(({ label, numClips, recall, interval }) => [
      escapeMarkdown(label),
      integer(numClips),
      percent(recall),
      percentInterval(interval),
    ]);
    lines.push(...markdownTable(['Class', 'Clips', 'Recall', '95 % interval'], 1, rows), '');
  }
  if (run.transfers.length > 0) lines.push(`${heading} Other data`, '', ...transferMarkdown(run.transfers, `${heading}#`));
  return lines;
}

/** Whether training helped, and the facts. */
function summaryLines(run: RunReport, heading: string): string[] {
  const start = run.log.starts.at(-1);
  const facts: [string, string][] = [
    ['Data', start === undefined ? '' : `${start.dataset ?? ''} (${run.hasLabels ? `${start.classNames.length} classes` : 'no labels'})`],
    ['Clips', clipCounts(run)],
    ['Loss', lossOptionsText(run)],
    ['Training', trainingText(run)],
    ['Best checkpoint', bestText(run)],
    ['Result', resultText(run)],
    ['Looks at the test split', String(run.testAccess.length)],
    ['Seed', start === undefined ? '' : String(start.seed)],
    ['Config (sha256)', run.configHash],
  ];
  const notes = [...run.warnings.map((text) => `**Warning:** ${escapeMarkdown(text)}`), ...notesOf(run).map(escapeMarkdown)];
  return [
    `${heading} ${heading === '##' ? 'Summary' : escapeMarkdown(run.name)}`,
    '',
    escapeMarkdown(helpedSentence(run)),
    '',
    ...facts.filter(([, value]) => value !== '').map(([name, value]) => `- ${name}: ${escapeMarkdown(value)}`),
    '',
    ...(notes.length === 0 ? [] : [...notes.map((note) => `- ${note}`), '']),
  ];
}

function resultCells(row: ResultRow, hasRuns: boolean): string[] {
  const one = (value: number, interval: readonly [number, number] | null, deviation: number | undefined) =>
    deviation !== undefined
      ? `${percent(value)} ± ${(100 * deviation).toFixed(1)}`
      : interval === null
        ? percent(value)
        : `${percent(value)} [${percentInterval(interval)}]`;
  const name =
    row.kind === 'mean'
      ? `${row.predictor}, mean ± standard deviation`
      : row.kind === 'baseline'
        ? `baseline: ${row.predictor}`
        : row.predictor;
  return [
    ...(hasRuns ? [escapeMarkdown(row.run)] : []),
    escapeMarkdown(row.checkpoint === 'best' ? name : `${name} (${row.checkpoint})`),
    row.split,
    row.meanOf !== undefined ? `${row.meanOf.count} ${row.meanOf.what}` : String(row.seed),
    integer(row.numClips),
    one(row.clipMicroAccuracy, row.clipMicroAccuracyInterval, row.clipMicroAccuracyDeviation),
    one(row.clipMacroAccuracy, row.clipMacroAccuracyInterval, row.clipMacroAccuracyDeviation),
    percent(row.top3Accuracy),
    percent(row.patchWeightedAccuracy),
  ];
}
