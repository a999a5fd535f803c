import type { SystemComparison } from '../../comparison/compareSystems.js';
import { minSeedsOfVerdict } from '../../comparison/verdicts.js';
import type { ComparisonReport } from '../../comparisonReport.js';
import { points, pointsInterval, pValueText } from '../../differenceText.js';
import { counted, integer } from '../../format.js';
import { type Child, h } from '../../markup.js';
import { differenceDot } from '../../svg/cellDots.js';
import { symmetricDomain } from '../../svg/cellScale.js';
import { details, empty, table } from '../parts.js';
import { differenceAxis } from './differenceAxis.js';

/** Every pair of systems: the difference with its paired interval, and McNemar's test of each seed. */
export function pairsSection({ pairs, numPairsLeftOut }: Pick<ComparisonReport, 'pairs' | 'numPairsLeftOut'>): Child {
  if (pairs.length === 0) return empty('There is only one system, or none two that were evaluated alike: nothing to compare.');
  const domain = symmetricDomain(pairs.flatMap(({ macro }) => [macro.difference.low, macro.difference.high]));
  const notes = [...new Set(pairs.flatMap((pair) => pair.notes))];
  return [
    h('p', { class: 'finding' }, pairsFinding(pairs)),
    h(
      'p',
      {},
      'Differences are percentage points, the first system minus the second, on the same clips. An interval that does not contain 0 says that the difference is more than the luck of these clips and seeds; with many pairs one such interval in twenty is to be expected by chance. McNemar’s test counts, in one seed, the clips that only one of the two has right.',
    ),
    table({
      kind: 'results',
      caption: 'Paired differences with 95 % intervals',
      columns: [
        { head: 'First − second' },
        { head: 'Seeds', isNumber: true, isWide: true },
        { head: 'Micro', isNumber: true },
        { head: 'Macro', isNumber: true },
        { head: ['Macro', differenceAxis(domain)], isPlot: true },
        { head: 'p (macro)', isNumber: true, isWide: true },
        { head: 'McNemar, seeds with p < 0.05', isNumber: true, isWide: true },
      ],
      rows: pairs.map((pair) => ({
        cells: [
          [pair.a, ' − ', pair.b],
          integer(pair.numSeeds),
          difference(pair.micro.difference),
          difference(pair.macro.difference),
          differenceDot({
            label: `${pair.a} minus ${pair.b}: ${points(pair.macro.difference.estimate)} points [${pointsInterval(pair.macro.difference)}]`,
            value: pair.macro.difference.estimate,
            interval: [pair.macro.difference.low, pair.macro.difference.high],
            domain,
          }),
          pValueText(pair.macro.difference.pValue),
          pair.mcnemar.length === 0 ? '–' : `${pair.mcnemar.filter(({ pValue }) => pValue < 0.05).length} of ${pair.mcnemar.length}`,
        ],
      })),
    }),
    numPairsLeftOut > 0 &&
      empty(
        `${counted(numPairsLeftOut, 'further pair')} of these systems are left out: shown are those that differ in the margin alone, trained systems against baselines, and supervised against self-supervised ones.`,
      ),
    h(
      'ul',
      { class: 'soft' },
      notes.map((note) => h('li', {}, note)),
    ),
    pairs.some(({ mcnemar }) => mcnemar.length > 0) &&
      details(
        'Counts of McNemar’s tests',
        table({
          caption: 'Clips that only one of the two systems has right',
          columns: [
            { head: 'Pair' },
            { head: 'Seed', isNumber: true },
            { head: 'Only the first', isNumber: true },
            { head: 'Only the second', isNumber: true },
            { head: 'p', isNumber: true },
          ],
          rows: pairs.flatMap((pair) =>
            pair.mcnemar.map((test) => ({
              cells: [`${pair.a} − ${pair.b}`, String(test.seed), integer(test.aOnly), integer(test.bOnly), pValueText(test.pValue)],
            })),
          ),
        }),
      ),
  ];
}

/** One sentence: how many differences are clear, and the first of them. */
export function pairsFinding(pairs: readonly SystemComparison[]): string {
  const numSeeds = Math.min(...pairs.map((pair) => pair.numSeeds));
  const caution = numSeeds < minSeedsOfVerdict ? ` With ${counted(numSeeds, 'seed')} this says little about other seeds.` : '';
  return `${differencesFinding(pairs)}${caution}`;
}

function differencesFinding(pairs: readonly SystemComparison[]): string {
  const clear = pairs.filter(({ macro: { difference: one } }) => one.low > 0 || one.high < 0);
  if (pairs.length === 1) {
    const [{ a, b, macro }] = pairs;
    const size = `${a} minus ${b} is ${points(macro.difference.estimate)} points of macro accuracy, 95 % interval ${pointsInterval(macro.difference)}`;
    return clear.length === 0
      ? `${size}: it contains 0, so these runs do not decide between the two.`
      : `${size}: ${macro.difference.low > 0 ? a : b} is better on these clips.`;
  }
  if (clear.length === 0) return `None of the ${pairs.length} differences in macro accuracy is clear: all 95 % intervals contain 0.`;
  const words = clear
    .slice(0, 3)
    .map(({ a, b, macro }) => (macro.difference.low > 0 ? `${a} is better than ${b}` : `${b} is better than ${a}`));
  return `Of ${pairs.length} differences in macro accuracy ${clear.length} ${clear.length === 1 ? 'is' : 'are'} clear (the 95 % interval does not contain 0): ${words.join('; ')}${clear.length > 3 ? `; and ${clear.length - 3} more` : ''}.`;
}

function difference({ estimate, low, high }: { estimate: number; low: number; high: number }): Child {
  return [points(estimate), ' ', h('span', { class: 'interval-text' }, `[${pointsInterval({ low, high })}]`)];
}
