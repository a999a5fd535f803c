import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { type EvaluationRecord, readEvaluations } from '../run/evaluationRecord.js';
import { type FeatureAnalysisRecord, readFeatureAnalyses } from '../run/featureAnalysis.js';
import { type RunLog, readLog } from '../run/readLog.js';
import { readTextIfThere } from '../run/readTextIfThere.js';
import type { RunFolder } from '../run/runFolder.js';
import { readTestAccess, type TestAccessRecord } from '../run/testAccess.js';
import { readTransfers, type TransferRecord } from '../run/transferRecord.js';
import { readViewPictures, type ViewPictures } from '../run/viewPictures.js';
import { parseCsv, requireColumns } from '../util/csv.js';
import { AudiosslError, errorText } from '../util/errors.js';
import { canonicalJson, sha256 } from '../util/hash.js';
import { yaml } from '../util/onDemand.js';
import { type EmbeddingMap, embeddingMap, type MapLayout } from './embeddingMap.js';

/** Everything a report says about one run, read from its folder and nowhere else. */
export interface RunReport {
  /** Name of the folder; made different where several runs share it. */
  name: string;
  dir: string;
  /** The training data had labels. Without them no accuracy is shown. */
  hasLabels: boolean;
  config: unknown;
  configText: string;
  /** sha256 of the config's canonical JSON. */
  configHash: string;
  log: RunLog;
  /** Clips a split, counted in split.csv; undefined where that file is absent. */
  splitCounts: Record<string, number> | undefined;
  evaluations: Evaluation[];
  /** What `audiossl analyze` measured. */
  featureAnalyses: { name: string; record: FeatureAnalysisRecord }[];
  /** What `audiossl transfer` found about other data. */
  transfers: TransferRecord[];
  testAccess: TestAccessRecord[];
  views: ViewPictures | undefined;
  /** What the reader should know: files that do not fit together, a log that ends in the middle. */
  warnings: string[];
}

export interface Evaluation {
  name: string;
  record: EvaluationRecord;
  map: EmbeddingMap | undefined;
}

export interface CollectOptions {
  hasMaps?: boolean;
  layout?: MapLayout | undefined;
  /** Fills in what a run of an earlier version could not write down. */
  completeConfig?: ((config: unknown, command: 'pretrain' | 'train') => unknown) | undefined;
}

/** Reads a run folder. Throws AudiosslError naming the file when one is broken. */
export async function collectRun(run: RunFolder, { hasMaps = true, layout, completeConfig }: CollectOptions = {}): Promise<RunReport> {
  const warnings: string[] = [];
  const configText = await readFile(run.config, 'utf8');
  const written = parseYaml(configText, run.config);
  const configHash = sha256(canonicalJson(written));
  const log = await readLog(run.log);
  const start = log.starts.at(-1);
  const config = completeConfig?.(written, start?.command[1] === 'train' ? 'train' : 'pretrain') ?? written;
  if (start === undefined) warnings.push('log.jsonl has no start record: training has not begun, or the file was lost.');
  else if (start.configHash !== '' && !configHash.startsWith(start.configHash)) {
    warnings.push('config.yaml has changed since this run started: its hash is not the one in the log.');
  }
  if (log.isTorn) warnings.push('The last line of log.jsonl is incomplete (the process was killed while writing) and is left out.');
  if (log.end === undefined && start !== undefined) warnings.push('The log has no end record: the run is still going on, or was killed.');
  for (const monitor of log.monitors) {
    if (monitor.collapse !== undefined) warnings.push(`Epoch ${monitor.epoch}: ${monitor.collapse}`);
  }
  const split = await readSplit(run.split);
  if (split !== undefined && start?.splitSha256 !== undefined && !split.sha256.startsWith(start.splitSha256)) {
    warnings.push('split.csv has changed since this run started: its hash is not the one in the log.');
  }
  const evaluations: Evaluation[] = [];
  for (const { name, record } of await readEvaluations(run)) {
    evaluations.push({ name, record, map: hasMaps ? await embeddingMap(run, name, record.classNames, { layout }) : undefined });
    if (!configHash.startsWith(record.configHash)) warnings.push(`Evaluation ${name} was made with another config than config.yaml.`);
  }
  return {
    name: basename(resolve(run.dir)),
    dir: run.dir,
    hasLabels: (start?.classNames.length ?? 0) > 0,
    config,
    configText,
    configHash,
    log,
    splitCounts: split?.counts,
    evaluations,
    featureAnalyses: await readFeatureAnalyses(run),
    transfers: await readTransfers(run.transfers),
    testAccess: await readTestAccess(run),
    views: await readViewPictures(run),
    warnings,
  };
}

function parseYaml(text: string, file: string): unknown {
  try {
    return yaml().parse(text);
  } catch (error) {
    throw new AudiosslError(`report: ${file} must be YAML: ${errorText(error)}`, { cause: error });
  }
}

async function readSplit(file: string): Promise<{ counts: Record<string, number>; sha256: string } | undefined> {
  const text = await readTextIfThere(file);
  if (text === undefined) return undefined;
  const table = parseCsv(text, file);
  requireColumns(table, ['id', 'split'], file);
  const counts: Record<string, number> = {};
  for (const { split } of table.rows) counts[split] = (counts[split] ?? 0) + 1;
  return { counts, sha256: sha256(text) };
}
