import { seedSummary } from '../eval/statistics/seedSummary.js';
import { groupBy } from '../util/groupBy.js';
import type { RunReport } from './collectRun.js';
import { withoutLossWeights } from './comparedPairs.js';
import type { System } from './comparison/system.js';
import { capital } from './format.js';
import { publishedFeatures, publishedFeaturesNote, publishedFeaturesSource } from './published/features.js';
import { isPaperData } from './published/isPaperData.js';
import { type SystemCurve, type SystemSeries, sorted } from './systemCurve.js';
import type { SystemRow } from './systemRow.js';

/** Accuracy, uniformity and tolerance against the temperature of the contrastive loss, without and with the margin (Figure 3 for NT-Xent). */
export function temperatureCurves(rows: readonly SystemRow[], reports: readonly RunReport[]): SystemCurve[] {
  const curves: SystemCurve[] = [];
  for (const group of groupBy(
    rows.filter(({ system }) => system.traits.temperature !== null),
    (row) => withoutTemperature(row.system),
  ).values()) {
    if (new Set(group.map(({ system }) => system.traits.temperature)).size < 2) continue;
    const notes: string[] = [];
    const arms = ([false, true] as const).map((hasMargin) =>
      bestPerTemperature(
        group.filter(({ system }) => system.traits.hasMargin === hasMargin),
        notes,
      ),
    );
    const { kind, loss } = group[0].system.traits;
    const isPapers = kind === 'selfSupervised';
    const names = isPapers ? ['NT-Xent', 'ACL'] : [loss, `${loss} + margin`];
    const measured = (value: (row: SystemRow) => { y: number; interval: [number, number] | null } | undefined): SystemSeries[] =>
      arms.flatMap((arm, i) => {
        const points = arm.flatMap((row) => {
          const point = value(row);
          return point === undefined ? [] : [{ x: row.system.traits.temperature ?? 0, ...point, system: row.system.name }];
        });
        return points.length === 0 ? [] : [{ name: `${names[i]}, measured`, isPublished: false, points: sorted(points) }];
      });
    const published = (value: (row: (typeof publishedFeatures)[number]['base']) => number): SystemSeries[] =>
      (isPapers ? (['base', 'acl'] as const) : []).map((arm, i) => ({
        name: `${names[i]}, published`,
        isPublished: true,
        points: publishedFeatures.map((row) => ({ x: row.temperature, y: value(row[arm]), interval: null, system: null })),
      }));
    const common = {
      xLabel: isPapers ? 'temperature of NT-Xent' : 'temperature',
      isOtherData: !isPaperData(group[0].system),
      notes,
      publishedNote: isPapers ? `Published: ${publishedFeaturesSource}; ${publishedFeaturesNote}.` : '',
    };
    const accuracy = measured(({ macro }) => ({ y: macro.estimate, interval: [macro.low, macro.high] }));
    curves.push({
      ...common,
      title: `Macro accuracy against temperature, ${group[0].system.protocol}`,
      yLabel: 'macro accuracy (published: patch-weighted)',
      isPercent: true,
      series: [...accuracy, ...published((row) => row.linearPercent / 100)],
    });
    for (const quantity of ['uniformity', 'tolerance'] as const) {
      const own = measured((row) => featureOf(row.system, reports, quantity));
      if (own.length === 0) {
        notes.push(`${capital(quantity)} is not measured for these runs: audiossl analyze RUN does.`);
        continue;
      }
      curves.push({
        ...common,
        title: `${quantity === 'uniformity' ? 'Uniformity as the paper prints it' : 'Tolerance'}, z, against temperature`,
        yLabel: quantity === 'uniformity' ? '−log mean exp(−2 d²), lower = less even' : 'mean cosine within a class',
        isPercent: false,
        series: [...own, ...published((row) => (quantity === 'uniformity' ? -row.uniformity : row.tolerance))],
      });
    }
  }
  return curves;
}

/** Mean over the system's runs; without an interval: an analysis holds one number a run. */
function featureOf(
  system: System,
  reports: readonly RunReport[],
  quantity: 'uniformity' | 'tolerance',
): { y: number; interval: null } | undefined {
  const values = reports
    .filter(({ name }) => system.runs.includes(name))
    .flatMap(({ featureAnalyses }) => featureAnalyses.filter(({ record }) => record.split === system.split).slice(0, 1))
    .flatMap(({ record }) => record[quantity]?.z ?? []);
  if (values.length === 0) return undefined;
  const { mean } = seedSummary(values);
  // The sign of the paper's tables: they print minus the logarithm.
  return { y: quantity === 'uniformity' ? -mean : mean, interval: null };
}

/** Of several alphas at one temperature the one that is best on validation clips, as far as every one has a number there; else the first. */
function bestPerTemperature(rows: readonly SystemRow[], notes: string[]): SystemRow[] {
  return [...groupBy(rows, ({ system }) => String(system.traits.temperature)).values()].map((own) => {
    if (own.length === 1) return own[0];
    const isKnown = own.every(({ system }) => system.validationScore !== null);
    const best = isKnown ? [...own].sort((a, b) => (b.system.validationScore ?? 0) - (a.system.validationScore ?? 0))[0] : own[0];
    notes.push(
      `Temperature ${own[0].system.traits.temperature}: ${best.system.name} of ${own.length} systems, ${isKnown ? 'the best on validation clips' : 'the first, as not all have a validation accuracy'}.`,
    );
    return best;
  });
}

function withoutTemperature(system: System): string {
  const { config, protocolKey } = system;
  const rest = { ...(config as Record<string, unknown>) };
  const { temperature: _temperature, ...loss } = (rest.loss ?? {}) as Record<string, unknown>;
  return withoutLossWeights({ config: { ...rest, loss }, protocolKey });
}
