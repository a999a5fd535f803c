import { claimsMarkdown } from './claimsMarkdown.js';
import type { ComparisonReport } from './comparisonReport.js';
import { points, pointsInterval, pValueText } from './differenceText.js';
import { integer, percent, percentInterval } from './format.js';
import { classesFinding } from './html/comparison/classBarsSection.js';
import { pairsFinding } from './html/comparison/pairsSection.js';
import { paperFinding } from './html/comparison/paperTablesSection.js';
import { curvesFinding } from './html/comparison/systemCurvesSection.js';
import { sortedRows, systemsFinding } from './html/comparison/systemsSection.js';
import { verdictsFinding } from './html/comparison/verdictsSection.js';
import { markdownTable } from './markdownTable.js';
import { escapeMarkdown } from './markup.js';
import type { PaperRow } from './paperTables.js';
import { xText } from './systemCurve.js';
import type { SystemRow } from './systemRow.js';

/** The comparison of several runs, section by section as on the page. */
export function comparisonMarkdown({
  rows,
  pairs,
  split,
  alphaCurves,
  temperatureCurves,
  batchSizeCurves,
  table1,
  table2,
  verdicts,
  sweepClaims,
  onValidation,
}: ComparisonReport): string[] {
  const lines = ['## Systems', '', ...systemsTable({ rows, split })];
  if (onValidation !== undefined) {
    lines.push('## On the validation clips', '');
    lines.push(...('refused' in onValidation ? [escapeMarkdown(onValidation.refused), ''] : systemsTable(onValidation)));
  }
  if (pairs.length > 0) {
    lines.push('## Differences', '', escapeMarkdown(pairsFinding(pairs)), '');
    lines.push(
      ...markdownTable(
        ['First − second', 'Seeds', 'Micro, points', 'Macro, points', 'p (macro)', 'McNemar, p a seed'],
        1,
        pairs.map((pair) => [
          escapeMarkdown(`${pair.a} − ${pair.b}`),
          integer(pair.numSeeds),
          ...[pair.micro.difference, pair.macro.difference].map((one) => `${points(one.estimate)} [${pointsInterval(one)}]`),
          pValueText(pair.macro.difference.pValue),
          pair.mcnemar.map(({ pValue }) => pValueText(pValue)).join(', '),
        ]),
      ),
      '',
    );
    const [first] = pairs;
    lines.push('## Class by class', '', escapeMarkdown(classesFinding(first)), '');
    lines.push(
      ...markdownTable(
        ['Class', 'Clips', escapeMarkdown(first.a), escapeMarkdown(first.b), 'Difference, points', 'p, Holm'],
        1,
        first.perClass.map((one) => [
          escapeMarkdown(one.label),
          integer(one.numClips),
          ...[one.a, one.b].map(({ estimate, low, high }) => `${percent(estimate)} [${percentInterval([low, high])}]`),
          `${points(one.difference.estimate)} [${pointsInterval(one.difference)}]`,
          pValueText(one.holmPValue),
        ]),
      ),
      '',
    );
  }
  for (const curve of [...alphaCurves, ...temperatureCurves, ...batchSizeCurves]) {
    lines.push(`## ${escapeMarkdown(curve.title)}`, '', escapeMarkdown(curvesFinding(curve)), '');
    lines.push(
      ...markdownTable(
        ['Series', escapeMarkdown(curve.xLabel), escapeMarkdown(curve.yLabel)],
        1,
        curve.series.flatMap((series) =>
          series.points.map(({ x, y, interval }) => {
            const text = (value: number) => (curve.isPercent ? (100 * value).toFixed(1) : value.toFixed(4));
            return [
              escapeMarkdown(series.name),
              xText(curve, x),
              `${text(y)}${curve.isPercent ? ' %' : ''}${interval === null ? '' : ` [${text(interval[0])}–${text(interval[1])}]`}`,
            ];
          }),
        ),
      ),
      '',
      ...(curve.publishedNote === '' ? [] : [escapeMarkdown(curve.publishedNote), '']),
    );
  }
  const paperRows = [...(table1 ?? []).flatMap(({ base, margin }) => [base, margin]), ...(table2 ?? [])];
  if (paperRows.length > 0) lines.push('## Tables of the paper', '', escapeMarkdown(paperFinding(paperRows)), '');
  if (table1 !== undefined) {
    lines.push(
      ...markdownTable(
        ['Table 1', 'Cross entropy', 'With the margin', 'Difference, points', 'Published', 'Published, margin'],
        1,
        table1.map(({ subset, base, margin, difference }) => [
          subset,
          paperText(base),
          paperText(margin),
          difference === undefined ? '–' : `${points(difference.estimate)} [${pointsInterval(difference)}]`,
          `${base.published.percent} %`,
          `${margin.published.percent} %`,
        ]),
      ),
      '',
    );
  }
  if (table2 !== undefined) {
    lines.push(
      ...markdownTable(
        ['Table 2', 'Measured', 'Published'],
        1,
        table2.map((row) => [escapeMarkdown(row.name), paperText(row), `${row.published.percent} %`]),
      ),
      '',
    );
  }
  for (const [title, whose, claims] of [
    ['Claims of the sweep', 'the sweep’s', sweepClaims],
    ['The paper’s claims', 'the paper’s', verdicts],
  ] as const) {
    if (claims === undefined) continue;
    lines.push(`## ${title}`, '', escapeMarkdown(verdictsFinding(claims, whose)), '', ...claimsMarkdown(claims), '');
  }
  return [...lines, ''];
}

function scoreText({ estimate, low, high, seeds }: SystemRow['micro']): string {
  const spread = seeds.standardDeviation === null ? '' : ` ± ${(100 * seeds.standardDeviation).toFixed(1)}`;
  return `${percent(estimate)}${spread} [${percentInterval([low, high])}]`;
}

function paperText({ row, note }: PaperRow): string {
  return row === undefined ? escapeMarkdown(note) : scoreText(row.micro);
}

function systemsTable({ rows, split }: Pick<ComparisonReport, 'rows' | 'split'>): string[] {
  return [
    escapeMarkdown(systemsFinding(sortedRows(rows))),
    '',
    ...markdownTable(
      ['System', 'Protocol', 'Seeds', 'Clips', 'Micro', 'Macro', 'Patch-weighted', 'Top-3'],
      2,
      sortedRows(rows).map(({ system, micro, macro, patchWeighted, top3 }) => [
        escapeMarkdown(system.name),
        escapeMarkdown(system.protocol),
        integer(system.seeds.length),
        integer(system.ids.length),
        scoreText(micro),
        scoreText(macro),
        percent(patchWeighted?.mean),
        percent(top3?.mean),
      ]),
    ),
    '',
    `On ${split} clips; mean ± standard deviation over seeds, square brackets hold 95 % bootstrap intervals over seeds and clips.`,
    '',
  ];
}
