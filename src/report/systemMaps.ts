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
  classNames: string[];
  map: EmbeddingMap;
}

/** A map takes up to two seconds. */
const mostMaps = 12;

/**
 * A map for each system, where systems differ in loss or batch size: the first run of each that stores embeddings of its clips.
 * None where all have one loss and one batch size.
 */
export async function systemMaps(
  rows: readonly SystemRow[],
  reports: readonly RunReport[],
  { layout }: { layout?: MapLayout | undefined } = {},
): Promise<SystemMap[]> {
  const kindOf = ({ system: { config } }: SystemRow) =>
    canonicalJson([valueAt(config, ['loss']) ?? null, valueAt(config, ['train', 'batchSize']) ?? null]);
  const kinds = new Map<string, SystemRow>();
  for (const row of rows) if (!kinds.has(kindOf(row))) kinds.set(kindOf(row), row);
  if (kinds.size < 2) return [];
  const maps: SystemMap[] = [];
  for (const { system } of [...kinds.values()].slice(0, mostMaps)) {
    const run = reports.find(({ name }) => system.runs.includes(name));
    const evaluation = run?.evaluations.find(({ record }) => record.split === system.split && protocolKey(record) === system.protocolKey);
    if (run === undefined || evaluation === undefined) continue;
    const map = evaluation.map ?? (await embeddingMap(await openRun(run.dir), evaluation.name, evaluation.record.classNames, { layout }));
    if (map !== undefined) maps.push({ system: system.name, run: run.name, classNames: evaluation.record.classNames, map });
  }
  return maps.length < 2 ? [] : maps;
}
