import { openRun } from '../run/runFolder.js';
import { canonicalJson } from '../util/hash.js';
import type { RunReport } from './collectRun.js';
import { protocolKey } from './comparison/evaluatedRuns.js';
import { type EmbeddingMap, embeddingMap, type MapLayout } from './embeddingMap.js';
import { valueAt } from './selection.js';
import type { SystemRow } from './systemRow.js';

/** The clips of one run of a system in the plane. */
export interface SystemMap {
  system: string;
  run: string;
  evaluation: string;
  classNames: string[];
  map: EmbeddingMap;
}

/** A system without a map, and why. */
export interface MapLeftOut {
  system: string;
  reason: 'noEmbeddings' | 'tooManyPoints';
}

/** Over all maps: one of 1,500 clips takes up to two seconds. */
const mostPoints = 18_000;

/**
 * A map for each method, loss and batch size: of the first system of each the first run that stores embeddings of its clips. None where all
 * systems have one of each.
 */
export async function systemMaps(
  rows: readonly SystemRow[],
  reports: readonly RunReport[],
  { layout }: { layout?: MapLayout | undefined } = {},
): Promise<{ maps: SystemMap[]; leftOut: MapLeftOut[] }> {
  const kindOf = ({ system: { config } }: SystemRow) =>
    canonicalJson([['loss'], ['method'], ['train', 'batchSize']].map((path) => valueAt(config, path) ?? null));
  const kinds = new Map<string, SystemRow>();
  for (const row of rows) if (!kinds.has(kindOf(row))) kinds.set(kindOf(row), row);
  const maps: SystemMap[] = [];
  const leftOut: MapLeftOut[] = [];
  if (kinds.size < 2) return { maps, leftOut };
  let numPoints = 0;
  for (const { system } of kinds.values()) {
    const skip = (reason: MapLeftOut['reason']) => leftOut.push({ system: system.name, reason });
    if (numPoints >= mostPoints) {
      skip('tooManyPoints');
      continue;
    }
    const run = reports.find(({ name }) => system.runs.includes(name));
    const evaluation = run?.evaluations.find(({ record }) => record.split === system.split && protocolKey(record) === system.protocolKey);
    const map =
      run === undefined || evaluation === undefined
        ? undefined
        : (evaluation.map ?? (await embeddingMap(await openRun(run.dir), evaluation.name, evaluation.record.classNames, { layout })));
    if (run === undefined || evaluation === undefined || map === undefined) {
      skip('noEmbeddings');
      continue;
    }
    numPoints += map.points.length;
    maps.push({ system: system.name, run: run.name, evaluation: evaluation.name, classNames: evaluation.record.classNames, map });
  }
  return maps.length < 2 ? { maps: [], leftOut: [] } : { maps, leftOut };
}
