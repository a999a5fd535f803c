import { writeFileAtomic } from '../util/atomicFile.js';
import { type CsvValue, formatCsv } from '../util/csv.js';
import type { FeatureAnalysisRecord } from './featureAnalysis.js';

/**
 * What the charts of a feature analysis show, for other programs: one line a bin of a histogram, and one a point of a gradient response
 * (angles in radians; an option that is off has an empty value).
 */
function featureAnalysisCsv({ histograms, gradients = [] }: Pick<FeatureAnalysisRecord, 'histograms' | 'gradients'>): {
  histograms: string;
  gradients: string;
} {
  const bins: CsvValue[][] = [];
  for (const [pairs, ofSpaces] of Object.entries(histograms)) {
    for (const space of ['h', 'z'] as const) {
      const one = ofSpaces[space];
      const width = one === null ? 0 : (one.high - one.low) / one.counts.length;
      one?.counts.forEach((count, i) => {
        bins.push([space, pairs, one.low + i * width, one.low + (i + 1) * width, count, one.mean]);
      });
    }
  }
  const points = gradients.flatMap(({ loss, option, kind, series }) =>
    series.flatMap(({ value, ...sources }) =>
      (['curve', 'measured'] as const).flatMap((source) =>
        sources[source].map(([angle, gradient]): CsvValue[] => [loss, option, value, kind, source, angle, gradient]),
      ),
    ),
  );
  return {
    histograms: formatCsv(['space', 'pairs', 'low', 'high', 'count', 'mean'], bins),
    gradients: formatCsv(['loss', 'option', 'value', 'kind', 'source', 'angle', 'gradient'], points),
  };
}

/** Writes <name>.histograms.csv and, where there are responses, <name>.gradients.csv beside an analysis' <name>.json. */
export async function writeFeatureAnalysisCsv(
  path: string,
  record: Pick<FeatureAnalysisRecord, 'histograms' | 'gradients'>,
): Promise<void> {
  const { histograms, gradients } = featureAnalysisCsv(record);
  await writeFileAtomic(path.replace(/json$/, 'histograms.csv'), histograms);
  if (record.gradients !== undefined) await writeFileAtomic(path.replace(/json$/, 'gradients.csv'), gradients);
}
