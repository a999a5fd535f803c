import { groupBy } from '../util/groupBy.js';
import { canonicalJson } from '../util/hash.js';
import { withoutLossWeights } from './comparedPairs.js';
import type { System } from './comparison/system.js';
import { capital } from './format.js';
import { isPaperData } from './published/isPaperData.js';
import { type PublishedAccuracy, selectedOnTest } from './published/publishedAccuracy.js';
import { publishedSelfSupervisedSweep } from './published/selfSupervised.js';
import { publishedSupervisedSweep } from './published/supervised.js';
import { type SystemCurve, type SystemSeries, sorted } from './systemCurve.js';
import type { SystemRow } from './systemRow.js';

/** Accuracy against the paper's alpha, wherever systems differ in nothing else: contrastiveWeight or crossEntropyWeight. */
export function alphaCurves(rows: readonly SystemRow[]): SystemCurve[] {
  const curves: SystemCurve[] = [];
  for (const group of groupBy(
    rows.filter(({ system }) => system.traits.alpha !== null),
    (row) => `${row.system.traits.kind} ${withoutLossWeights(row.system)}`,
  ).values()) {
    const { system } = group[0];
    const isSupervised = system.traits.kind === 'supervised';
    const metric = isSupervised ? 'micro' : 'macro';
    const notes: string[] = [];
    const withMargin = [
      ...groupBy(
        group.filter((row) => row.system.traits.hasMargin),
        (row) => canonicalJson(marginOptions(row.system)),
      ).values(),
    ];
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
