import type { CsvValue } from '../util/csv.js';
import type { ComparisonReport } from './comparisonReport.js';
import type { SystemRow } from './systemRow.js';
import { trainingConditions } from './trainingConditions.js';

/** Rows of report.csv about systems and their differences, in the order of csvColumns. `value` of a difference is the first minus the second. */
export function comparisonCsvRows({ rows, pairs, split }: Pick<ComparisonReport, 'rows' | 'pairs' | 'split'>): CsvValue[][] {
  const place = ({ name, protocol, labelFraction, shots, trainOn, dataset, checkpoint, config }: SystemRow['system']) => [
    ...['', '', name, protocol, labelFraction, shots, '', trainOn, dataset],
    ...[split, checkpoint, ''],
    ...trainingConditions(config),
  ];
  const line = (
    start: CsvValue[],
    metric: string,
    { label = '', numClips, value, low, high }: { label?: string; numClips: number; value: number; low?: number; high?: number },
    { numSeeds, deviation, pValue }: { numSeeds: number; deviation?: number | null; pValue?: number },
  ): CsvValue[] => [...start, metric, label, numClips, ...[value, low, high].map(finite), numSeeds, deviation, finite(pValue)];
  const result: CsvValue[][] = [];
  for (const { system, micro, macro, perClass, patchWeighted, top3 } of rows) {
    const numClips = system.ids.length;
    const numSeeds = system.seeds.length;
    for (const [metric, score] of [
      ['clipMicroAccuracy', micro],
      ['clipMacroAccuracy', macro],
    ] as const) {
      const { estimate: value, low, high, seeds } = score;
      result.push(line(place(system), metric, { numClips, value, low, high }, { numSeeds, deviation: seeds.standardDeviation }));
    }
    for (const [metric, summary] of [
      ['top3Accuracy', top3],
      ['patchWeightedAccuracy', patchWeighted],
    ] as const) {
      if (summary === null) continue;
      result.push(line(place(system), metric, { numClips, value: summary.mean }, { numSeeds, deviation: summary.standardDeviation }));
    }
    perClass.forEach(({ estimate: value, low, high }, k) => {
      const ofClass = system.labels.filter((label) => label === k).length;
      if (ofClass > 0)
        result.push(line(place(system), 'recall', { label: system.classNames[k], numClips: ofClass, value, low, high }, { numSeeds }));
    });
  }
  for (const pair of pairs) {
    const first = rows.find(({ system }) => system.name === pair.a);
    if (first === undefined) continue;
    const start = place(first.system);
    start[2] = `${pair.a} minus ${pair.b}`;
    // Those of one of two systems.
    start.splice(-2, 2, '', '');
    const { numClips, numSeeds } = pair;
    for (const [metric, { difference }] of [
      ['clipMicroAccuracyDifference', pair.micro],
      ['clipMacroAccuracyDifference', pair.macro],
    ] as const) {
      const { estimate: value, low, high, pValue } = difference;
      result.push(line(start, metric, { numClips, value, low, high }, { numSeeds, pValue }));
    }
    for (const one of pair.perClass) {
      const { estimate: value, low, high } = one.difference;
      result.push(
        line(
          start,
          'recallDifference',
          { label: one.label, numClips: one.numClips, value, low, high },
          { numSeeds, pValue: one.holmPValue },
        ),
      );
    }
  }
  return result;
}

function finite(value: number | undefined): CsvValue {
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}
