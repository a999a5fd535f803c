import { groupBy } from '../util/groupBy.js';
import { canonicalJson } from '../util/hash.js';
import type { System } from './comparison/system.js';
import { systemWords } from './comparison/systemTraits.js';
import { valueAt } from './selection.js';
import { type SystemCurve, type SystemSeries, sorted } from './systemCurve.js';
import type { SystemRow } from './systemRow.js';
import { trainedBatchSize } from './trainingConditions.js';

/**
 * Accuracy against the batch size, a line a loss, wherever systems differ in nothing but both and the learning rate, which is chosen for a
 * batch size. The axis holds the logarithm to base 2.
 */
export function batchSizeCurves(rows: readonly SystemRow[]): SystemCurve[] {
  const known = rows.filter(({ system }) => trainedBatchSize(system) !== undefined);
  const curves: SystemCurve[] = [];
  for (const group of groupBy(known, (row) => withoutBatchSize(row.system)).values()) {
    const sizes = [...new Set(group.map(({ system }) => trainedBatchSize(system) ?? 0))].sort((a, b) => a - b);
    if (sizes.length < 2) continue;
    const notes: string[] = [];
    const series = [...groupBy(group, ({ system }) => canonicalJson(lossOf(system)))].map(([, own]): SystemSeries => {
      const points = sizes.flatMap((size) => {
        const there = own.filter(({ system }) => trainedBatchSize(system) === size);
        if (there.length > 1) notes.push(`Batch size ${size}: ${there[0].system.name}, the first of ${there.length} learning rates.`);
        return there.slice(0, 1).map(({ system, macro }) => ({
          x: Math.log2(size),
          y: macro.estimate,
          interval: [macro.low, macro.high] as [number, number],
          system: system.name,
        }));
      });
      return { name: nameOf(own[0].system, group), isPublished: false, points: sorted(points) };
    });
    if (series.every(({ points }) => points.length < 2)) continue; // Every loss with a size of its own.
    curves.push({
      title: `Macro accuracy against batch size, ${group[0].system.protocol}`,
      xLabel: 'batch size (log2)',
      yLabel: 'macro accuracy',
      isPercent: true,
      series,
      publishedNote: '',
      isOtherData: false,
      notes,
      xTicks: sizes.map((size) => ({ at: Math.log2(size), text: String(size) })),
    });
  }
  return curves;
}

const lossOf = ({ config }: System): unknown => valueAt(config, ['loss']) ?? null;

/** The loss in words; with the system's name where two losses of the chart have the same words. */
function nameOf(system: System, group: readonly SystemRow[]): string {
  const words = systemWords(system.traits);
  const others = group.filter(
    (row) => systemWords(row.system.traits) === words && canonicalJson(lossOf(row.system)) !== canonicalJson(lossOf(system)),
  );
  return others.length === 0 ? words : `${words} (${system.name})`;
}

function withoutBatchSize({ config, protocolKey }: System): string {
  const { loss: _, train, optimizer, ...rest } = (config ?? {}) as Record<string, unknown>;
  const { batchSize: _size, ...ofTrain } = (train ?? {}) as Record<string, unknown>;
  const { learningRate: _rate, ...ofOptimizer } = (optimizer ?? {}) as Record<string, unknown>;
  return canonicalJson([rest, ofTrain, ofOptimizer, protocolKey]);
}
