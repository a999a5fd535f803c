import { formatCsv } from '../util/csv.js';
import type { EmbeddingMap } from './embeddingMap.js';
import { csvText } from './markup.js';
import type { ReportContent } from './reportContent.js';

const columns = ['run', 'evaluation', 'system', 'layout', 'id', 'label', 'predicted', 'x', 'y'];

/**
 * maps.csv: every point of every map of the page, of systems and of what else single runs show; undefined where there is no map.
 */
export function mapsCsv({ runs, comparison }: Pick<ReportContent, 'runs' | 'comparison'>): string | undefined {
  const rowsOf = ({ layout, points }: EmbeddingMap, run: string, evaluation: string, system: string) =>
    points.map(({ id, label, predicted, x, y }) => [...[run, evaluation, system, layout, id, label, predicted].map(csvText), x, y]);
  const ofSystems = comparison?.maps ?? [];
  const isOfSystem = (run: string, name: string) => ofSystems.some((one) => one.run === run && one.evaluation === name);
  const rows = [
    ...ofSystems.flatMap(({ run, evaluation, system, map }) => rowsOf(map, run, evaluation, system)),
    ...runs.flatMap((run) =>
      run.evaluations.flatMap(({ name, map }) => (map === undefined || isOfSystem(run.name, name) ? [] : rowsOf(map, run.name, name, ''))),
    ),
  ];
  return rows.length === 0 ? undefined : formatCsv(columns, rows);
}
