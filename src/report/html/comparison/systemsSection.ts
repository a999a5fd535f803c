import type { SeedSummary } from '../../../eval/statistics/seedSummary.js';
import { groupBy } from '../../../util/groupBy.js';
import { isUntrained } from '../../comparison/systemTraits.js';
import type { ComparisonReport } from '../../comparisonReport.js';
import { counted, integer, percent, percentInterval } from '../../format.js';
import { type Child, h } from '../../markup.js';
import { protocolRank } from '../../protocolOrder.js';
import { intervalDot } from '../../svg/cellDots.js';
import { barAxis } from '../../svg/intervalBar.js';
import type { SystemRow } from '../../systemRow.js';
import { empty, table } from '../parts.js';

/** Every system with its accuracies, their spread over seeds and their intervals, best first. */
export function systemsSection({ rows, split, runsLeftOut }: Pick<ComparisonReport, 'rows' | 'split' | 'runsLeftOut'>): Child {
  const sorted = sortedRows(rows);
  const best = sorted[0];
  const { classNames, ids } = best.system;
  const chance = 1 / classNames.length;
  const has = (key: 'patchWeighted' | 'top3') => rows.some((row) => row[key] !== null);
  const notes = rows.flatMap(({ system }) => system.notes.map((note) => `${system.name}: ${note}`));
  return [
    h('p', { class: 'finding' }, systemsFinding(sorted)),
    h(
      'p',
      {},
      `A system is all runs whose config is equal but for the seed and the folds of the data; the clips of its folds are pooled, so that every seed predicts each of the ${counted(ids.length, `${split} clip`)} once. `,
      h('em', {}, 'Micro'),
      ' is the share of all clips that are right, ',
      h('em', {}, 'macro'),
      ` the mean of the recalls of the ${counted(classNames.length, 'class', 'classes')}. Numbers are means over seeds, ± the standard deviation over seeds; square brackets hold 95 % bootstrap intervals over seeds and clips. The dashed line is chance, ${percent(chance)}.`,
      split === 'validation' && ' These are validation clips, on which checkpoints were chosen, and their numbers flatter.',
    ),
    table({
      kind: 'results',
      caption: `Accuracy of every system on the ${split} clips, one protocol after the other, highest macro accuracy first`,
      columns: [
        { head: 'System' },
        { head: 'Seeds', isNumber: true, isWide: true },
        { head: 'Runs', isNumber: true, isWide: true },
        { head: 'Micro', isNumber: true },
        { head: 'Macro', isNumber: true },
        { head: ['Macro', barAxis()], isPlot: true },
        ...(has('patchWeighted') ? [{ head: 'Patch-weighted', isNumber: true, isWide: true }] : []),
        ...(has('top3') ? [{ head: 'Top-3', isNumber: true, isWide: true }] : []),
      ],
      rows: sorted.map((row) => ({
        kind: isBaseline(row) ? 'baseline' : undefined,
        cells: [
          row.system.name,
          integer(row.system.seeds.length),
          integer(row.system.runs.length),
          score(row.micro),
          score(row.macro),
          intervalDot({
            label: `${row.system.name}: macro ${percent(row.macro.estimate)} [${percentInterval([row.macro.low, row.macro.high])}]`,
            value: row.macro.estimate,
            interval: [row.macro.low, row.macro.high],
            reference: chance,
            colour: isBaseline(row) ? 6 : 0,
          }),
          ...(has('patchWeighted') ? [seedsText(row.patchWeighted)] : []),
          ...(has('top3') ? [seedsText(row.top3)] : []),
        ],
      })),
    }),
    has('patchWeighted') &&
      h(
        'p',
        { class: 'soft' },
        'Patch-weighted accuracy gives each clip the weight of its number of patches, the “micro” accuracy of the paper’s self-supervised systems; it is here for comparison with those only.',
      ),
    runsLeftOut.length > 0 && empty(`Left out, without an evaluation on the ${split} clips: ${runsLeftOut.join(', ')}.`),
    notes.length > 0 &&
      h(
        'ul',
        { class: 'soft' },
        notes.map((note) => h('li', {}, note)),
      ),
  ];
}

/** Which system stands first under each protocol, and that this alone decides nothing. */
export function systemsFinding(sorted: readonly SystemRow[]): string {
  const byProtocol = [...groupBy(sorted, ({ system }) => system.protocol)];
  const leads = byProtocol.map(([protocol, [best, second]]) => {
    const interval = `95 % interval ${percentInterval([best.macro.low, best.macro.high])}, ${counted(best.system.seeds.length, 'seed')}`;
    const lead = `${byProtocol.length > 1 ? `Under ${protocol}, ` : ''}${best.system.name} has the highest macro accuracy, ${percent(best.macro.estimate)} (${interval})`;
    return second === undefined ? lead : `${lead}, before ${second.system.name} with ${percent(second.macro.estimate)}`;
  });
  return `${leads.join('. ')}${sorted.length > 1 ? '; whether a difference is more than chance is said under “Differences”' : ''}.`;
}

/** Protocols apart, then by macro accuracy. */
export function sortedRows(rows: readonly SystemRow[]): SystemRow[] {
  return [...rows].sort((a, b) => protocolRank(a.system) - protocolRank(b.system) || b.macro.estimate - a.macro.estimate);
}

function isBaseline({ system }: SystemRow): boolean {
  return isUntrained(system.traits);
}

function score({ estimate, low, high, seeds }: SystemRow['micro']): Child {
  return [
    percent(estimate),
    seeds.standardDeviation === null ? '' : ` ± ${(100 * seeds.standardDeviation).toFixed(1)}`,
    ' ',
    h('span', { class: 'interval-text' }, `[${percentInterval([low, high])}]`),
  ];
}

function seedsText(summary: SeedSummary | null): string {
  if (summary === null) return '–';
  return `${percent(summary.mean)}${summary.standardDeviation === null ? '' : ` ± ${(100 * summary.standardDeviation).toFixed(1)}`}`;
}
