import { seedSummary } from '../eval/statistics/seedSummary.js';
import { canonicalJson } from '../util/hash.js';
import type { RunReport } from './collectRun.js';
import { withoutLossWeights } from './comparedPairs.js';
import type { System } from './comparison/system.js';
import type { SystemRow } from './comparisonReport.js';
import { publishedFeatures, publishedFeaturesNote, publishedFeaturesSource } from './published/features.js';
import { type PublishedAccuracy, selectedOnTest } from './published/publishedAccuracy.js';
import { publishedSelfSupervisedSweep } from './published/selfSupervised.js';
import { publishedSupervisedSweep } from './published/supervised.js';

/** A curve of measured systems over one key, or of published numbers. */
export interface SystemSeries {
  name: string;
  isPublished: boolean;
  points: { x: number; y: number; interval: [number, number] | null; system: string | null }[];
}

/** One chart: a quantity against a key in which the systems differ. */
export interface SystemCurve {
  title: string;
  xLabel: string;
  yLabel: string;
  isPercent: boolean;
  series: SystemSeries[];
  /** Where the published numbers come from, and what weakens them. */
  publishedNote: string;
  /** The paper's data and these runs' data are not the same: the shape may be compared, not the height. */
  isOtherData: boolean;
  notes: string[];
}

/** Accuracy against the paper's alpha, wherever systems differ in nothing else: contrastiveWeight or crossEntropyWeight. */
export function alphaCurves(rows: readonly SystemRow[]): SystemCurve[] {
  const curves: SystemCurve[] = [];
  for (const group of groupsOf(
    rows.filter(({ system }) => system.traits.alpha !== null),
    (row) => `${row.system.traits.kind} ${withoutLossWeights(row.system)}`,
  )) {
    const { system } = group[0];
    const isSupervised = system.traits.kind === 'supervised';
    const metric = isSupervised ? 'micro' : 'macro';
    const notes: string[] = [];
    const withMargin = groupsOf(
      group.filter((row) => row.system.traits.hasMargin),
      (row) => canonicalJson(marginOptions(row.system)),
    );
    const plain = group.filter((row) => !row.system.traits.hasMargin);
    if (plain.length > 1) notes.push(`At alpha 1 stands ${plain[0].system.name}; the others there are in the table of systems.`);
    const series = withMargin.map((own): SystemSeries => {
      const points = [...own, ...plain.slice(0, 1)].map((row) => ({
        x: row.system.traits.alpha ?? 1,
        y: row[metric].estimate,
        interval: [row[metric].low, row[metric].high] as [number, number],
        system: row.system.name,
      }));
      return {
        name:
          withMargin.length > 1
            ? marginName(
                own[0].system,
                withMargin.map(([one]) => one.system),
              )
            : 'measured',
        isPublished: false,
        points: sorted(points),
      };
    });
    if (!series.some(({ points }) => new Set(points.map(({ x }) => x)).size > 1)) continue;
    const published = publishedAlphas(system);
    curves.push({
      title: alphaTitle(system, metric, rows),
      xLabel: `${isSupervised ? 'crossEntropyWeight' : 'contrastiveWeight'} (the paper’s alpha; 1 = no margin)`,
      yLabel: `${metric} accuracy`,
      isPercent: true,
      series: [
        ...series,
        ...(published.length === 0
          ? []
          : [
              {
                name: `published, FSDnoisy18k, ${metric}`,
                isPublished: true,
                points: sorted(published.map(({ alpha, percent }) => ({ x: alpha ?? 1, y: percent / 100, interval: null, system: null }))),
              },
            ]),
      ],
      publishedNote: published.length === 0 ? '' : `Published: ${published[0].source}; ${published[0].note}; ${selectedOnTest}.`,
      isOtherData: !isPaperData(system),
      notes,
    });
  }
  return curves;
}

/** Accuracy, uniformity and tolerance against the temperature of NT-Xent, without and with the margin (Figure 3). */
export function temperatureCurves(rows: readonly SystemRow[], reports: readonly RunReport[]): SystemCurve[] {
  const curves: SystemCurve[] = [];
  for (const group of groupsOf(
    rows.filter(({ system }) => system.traits.temperature !== null),
    (row) => withoutTemperature(row.system),
  )) {
    if (new Set(group.map(({ system }) => system.traits.temperature)).size < 2) continue;
    const notes: string[] = [];
    const arms = ([false, true] as const).map((hasMargin) =>
      bestPerTemperature(
        group.filter(({ system }) => system.traits.hasMargin === hasMargin),
        notes,
      ),
    );
    const names = ['NT-Xent', 'ACL'];
    const measured = (value: (row: SystemRow) => { y: number; interval: [number, number] | null } | undefined): SystemSeries[] =>
      arms.flatMap((arm, i) => {
        const points = arm.flatMap((row) => {
          const point = value(row);
          return point === undefined ? [] : [{ x: row.system.traits.temperature ?? 0, ...point, system: row.system.name }];
        });
        return points.length === 0 ? [] : [{ name: `${names[i]}, measured`, isPublished: false, points: sorted(points) }];
      });
    const published = (value: (row: (typeof publishedFeatures)[number]['base']) => number): SystemSeries[] =>
      (['base', 'acl'] as const).map((arm, i) => ({
        name: `${names[i]}, published`,
        isPublished: true,
        points: publishedFeatures.map((row) => ({ x: row.temperature, y: value(row[arm]), interval: null, system: null })),
      }));
    const common = {
      xLabel: 'temperature of NT-Xent',
      isOtherData: !isPaperData(group[0].system),
      notes,
      publishedNote: `Published: ${publishedFeaturesSource}; ${publishedFeaturesNote}.`,
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
  return groupsOf(rows, ({ system }) => String(system.traits.temperature)).map((own) => {
    if (own.length === 1) return own[0];
    const isKnown = own.every(({ system }) => system.validationScore !== null);
    const best = isKnown ? [...own].sort((a, b) => (b.system.validationScore ?? 0) - (a.system.validationScore ?? 0))[0] : own[0];
    notes.push(
      `Temperature ${own[0].system.traits.temperature}: ${best.system.name} of ${own.length} systems, ${isKnown ? 'the best on validation clips' : 'the first, as not all have a validation accuracy'}.`,
    );
    return best;
  });
}

/** The temperature and the subset are said where they tell charts apart. */
function alphaTitle({ traits, protocol }: System, metric: string, rows: readonly SystemRow[]): string {
  const key = traits.kind === 'supervised' ? 'crossEntropyWeight' : 'contrastiveWeight';
  const alike = rows.filter(({ system }) => system.traits.kind === traits.kind);
  const differ = (value: (system: System) => unknown) => new Set(alike.map(({ system }) => value(system))).size > 1;
  return [
    `${capital(metric)} accuracy against ${key}`,
    differ((system) => system.traits.protocol) && traits.protocol,
    differ((system) => system.traits.temperature) && `temperature ${traits.temperature}`,
    differ((system) => system.traits.encoder) && traits.encoder,
    protocol,
  ]
    .filter((part) => part !== false && part !== '')
    .join(', ');
}

function publishedAlphas(system: System): readonly PublishedAccuracy[] {
  if (system.traits.kind === 'supervised') {
    const subset = system.traits.protocol;
    return publishedSupervisedSweep[subset === 'clean' || subset === 'noisy' || subset === 'noisySmall' ? subset : 'all'];
  }
  // The published sweep is at one temperature.
  if (system.traits.temperature !== 0.2) return [];
  const task =
    system.protocol === 'linear'
      ? 'linear'
      : system.protocol === 'finetune'
        ? system.trainOn === 'clean'
          ? 'finetuneClean'
          : 'finetuneNoisy'
        : undefined;
  return publishedSelfSupervisedSweep.find((one) => one.task === task)?.macro ?? [];
}

/** FSDnoisy18k's test clips, on which all published numbers were measured. */
export function isPaperData({ ids, classNames }: Pick<System, 'ids' | 'classNames'>): boolean {
  return ids.length === 947 && classNames.length === 20;
}

function withoutTemperature(system: System): string {
  const { config, protocolKey } = system;
  const rest = { ...(config as Record<string, unknown>) };
  const { temperature: _temperature, ...loss } = (rest.loss ?? {}) as Record<string, unknown>;
  return withoutLossWeights({ config: { ...rest, loss }, protocolKey });
}

/** What makes the margin term, but for its weight. */
function marginOptions({ config }: System): unknown {
  const { contrastiveWeight: _a, crossEntropyWeight: _b, ...loss } = ((config as { loss?: unknown }).loss ?? {}) as Record<string, unknown>;
  return loss;
}

function marginName(system: System, all: readonly System[]): string {
  const keys = ['marginOn', 'marginRadians', 'reduction'].filter(
    (key) => new Set(all.map((one) => canonicalJson((marginOptions(one) as Record<string, unknown>)[key]))).size > 1,
  );
  return `measured, ${keys.map((key) => `${key} ${String((marginOptions(system) as Record<string, unknown>)[key])}`).join(', ')}`;
}

function groupsOf<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups.values()];
}

function sorted<T extends { x: number }>(points: T[]): T[] {
  return [...points].sort((a, b) => a.x - b.x);
}

function capital(word: string): string {
  return word[0].toUpperCase() + word.slice(1);
}
