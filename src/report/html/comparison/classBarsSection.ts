import type { SystemComparison } from '../../comparison/compareSystems.js';
import type { ComparisonReport } from '../../comparisonReport.js';
import { points, pointsInterval, pValueText } from '../../differenceText.js';
import { counted, integer, percent, percentInterval } from '../../format.js';
import { type Child, h, type Markup } from '../../markup.js';
import { publishedClassesImproved } from '../../published/selfSupervised.js';
import { differenceDot } from '../../svg/cellDots.js';
import { symmetricDomain } from '../../svg/cellScale.js';
import { barAxis } from '../../svg/intervalBar.js';
import { pairBar } from '../../svg/pairBar.js';
import { breakable, details, table } from '../parts.js';
import { differenceAxis } from './differenceAxis.js';

const mostFolded = 8;

/** Class by class, two systems side by side with the difference (Figure 2 of the paper); undefined without a pair. */
export function classBarsSection({ pairs, verdicts }: ComparisonReport): Child {
  if (pairs.length === 0) return undefined;
  const [first, ...others] = pairs;
  return [
    h('p', { class: 'finding' }, classesFinding(first)),
    // Where the paper is shown at all.
    verdicts !== undefined &&
      h(
        'p',
        { class: 'published' },
        `Published: ${publishedClassesImproved.numImproved} of ${publishedClassesImproved.numClasses} classes improve with the margin (${publishedClassesImproved.source}; ${publishedClassesImproved.note}).`,
      ),
    classBars(first),
    others
      .slice(0, mostFolded)
      .map((pair) => details(`The same for ${pair.a} and ${pair.b}`, h('p', {}, classesFinding(pair)), classBars(pair))),
    others.length > mostFolded &&
      h('p', { class: 'soft' }, `The class tables of ${counted(others.length - mostFolded, 'further pair')} are in report.json.`),
  ];
}

export function classesFinding({ a, b, perClass, numClassesBetter }: SystemComparison): string {
  const clear = perClass.filter(({ holmPValue }) => holmPValue < 0.05);
  const interval = `95 % interval ${Math.round(numClassesBetter.low)}–${Math.round(numClassesBetter.high)}`;
  const named = clear.map(({ label, difference }) => `${label} (${points(difference.estimate)})`).join(', ');
  const single =
    clear.length === 0
      ? 'no single class differs clearly after Holm’s correction'
      : `after Holm’s correction ${clear.length} ${clear.length === 1 ? 'class differs' : 'classes differ'} clearly: ${named}`;
  return `${a} has a higher recall than ${b} in ${numClassesBetter.estimate} of ${perClass.length} classes (${interval}); ${single}.`;
}

function classBars({ a, b, perClass }: SystemComparison): Markup {
  const domain = symmetricDomain(
    perClass.flatMap(({ difference }) => [difference.low, difference.high].filter(Number.isFinite)),
    0.1,
  );
  const order = [...perClass].sort((x, y) => y.difference.estimate - x.difference.estimate);
  return h(
    'div',
    {},
    h(
      'ul',
      { class: 'legend' },
      h(
        'li',
        {},
        h(
          'svg',
          { class: 'line-sample', viewBox: '0 0 34 14', 'aria-hidden': 'true' },
          h('rect', { class: 'tint-0 stroke-0 outline', x: 1, y: 2, width: 32, height: 10 }),
        ),
        `${a} (filled, above)`,
      ),
      h(
        'li',
        {},
        h(
          'svg',
          { class: 'line-sample', viewBox: '0 0 34 14', 'aria-hidden': 'true' },
          h('rect', { class: 'hollow-bar stroke-1', x: 1, y: 2, width: 32, height: 10 }),
        ),
        `${b} (hollow, below)`,
      ),
    ),
    table({
      kind: 'class-pairs',
      caption: 'Recall of each class and its difference in percentage points, with 95 % intervals; largest gain first',
      columns: [
        { head: 'Class' },
        { head: 'Clips', isNumber: true, isWide: true },
        { head: ['Recall', barAxis()], isPlot: true },
        { head: 'First', isNumber: true, isWide: true },
        { head: 'Second', isNumber: true, isWide: true },
        { head: ['Difference', differenceAxis(domain)], isPlot: true },
        { head: 'Points', isNumber: true },
        { head: 'p, Holm', isNumber: true, isWide: true },
      ],
      rows: order.map((one) => ({
        cells: [
          breakable(one.label),
          integer(one.numClips),
          pairBar({
            label: `${one.label}: ${a} ${percent(one.a.estimate)} [${percentInterval(intervalOf(one.a))}], ${b} ${percent(one.b.estimate)} [${percentInterval(intervalOf(one.b))}]`,
            pair: [
              { value: one.a.estimate, interval: intervalOf(one.a) },
              { value: one.b.estimate, interval: intervalOf(one.b) },
            ],
          }),
          percent(one.a.estimate),
          percent(one.b.estimate),
          differenceDot({
            label: `${one.label}: ${points(one.difference.estimate)} points [${pointsInterval(one.difference)}]`,
            value: one.difference.estimate,
            interval: intervalOf(one.difference),
            domain,
          }),
          [points(one.difference.estimate), ' ', h('span', { class: 'interval-text' }, `[${pointsInterval(one.difference)}]`)],
          pValueText(one.holmPValue),
        ],
      })),
    }),
  );
}

function intervalOf({ low, high }: { low: number; high: number }): [number, number] | null {
  return Number.isFinite(low) && Number.isFinite(high) ? [low, high] : null;
}
