import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadDataset } from '../../data/loadDataset.js';
import { isTableName } from '../../data/tableName.js';
import { readSplit } from '../../eval/evaluationClips.js';
import { countSeen } from '../../eval/evaluationSplit.js';
import { judgeTransfer, type TransferSystem } from '../../eval/transfer/judgeTransfer.js';
import { encoderFeatures, logMelStatistics, randomWeightsFeatures } from '../../eval/transfer/transferFeatures.js';
import { type TransferFolds, transferFolds } from '../../eval/transfer/transferFolds.js';
import { scoresOfLook } from '../../report/scoreCorrelations.js';
import { writeTransferReport } from '../../report/transferReport.js';
import { readLog } from '../../run/readLog.js';
import { readContents } from '../../run/runContents.js';
import { engineFacts, runFacts } from '../../run/runFacts.js';
import { type TransferRecord, type TransferSystemRecord, writeTransfer } from '../../run/transferRecord.js';
import { writeFileAtomic } from '../../util/atomicFile.js';
import { formatCsv } from '../../util/csv.js';
import { UsageError } from '../../util/errors.js';
import { canonicalJson } from '../../util/hash.js';
import { makeFolder } from '../../util/makeFolder.js';
import { startClock } from '../../util/startClock.js';
import type { Subject } from '../withSubject.js';
import { namesOf } from './namesOf.js';
import type { TransferOptions } from './transferOptions.js';
import { isUntrained, withTransferSubject } from './withTransferSubject.js';

interface Progress {
  onProgress: (stage: string, done: number, total: number) => void;
  signal: AbortSignal;
}

export interface TransferFiles {
  markdown: string;
  html: string;
}

const REPLICATES = 2000;
const LOG_MEL = 'log-mel statistics';

/** Judges all models on all data and writes `<data>.json`, `<data>.predictions.csv` and the tables; a run gets its own results as well. */
export async function runTransfer(
  options: TransferOptions,
  progress: Progress,
): Promise<{ records: TransferRecord[]; files: TransferFiles }> {
  checkOptions(options);
  const names = namesOf(options.data);
  await makeFolder(options.out);
  const records: TransferRecord[] = [];
  for (const [i, data] of options.data.entries()) records.push(await transferTo(data, names[i], options, progress));
  return { records, files: await writeTransferReport({ records, out: options.out }) };
}

/** What can be known before the first minute of work. */
function checkOptions({ model, data, out }: TransferOptions): void {
  for (const [name, values] of Object.entries({ model, data })) {
    const paths = values.map((value) => (name === 'model' && isUntrained(value) ? value : resolve(value)));
    const twice = values.find((_, i) => paths.indexOf(paths[i]) !== i);
    if (twice !== undefined) throw new UsageError(`transfer: --${name} must name each once, got ${twice} twice`);
  }
  for (const dir of data) {
    if (!existsSync(dir) || !(statSync(dir).isDirectory() || isTableName(dir)))
      throw new UsageError(
        `transfer: --data must be a folder of recordings, or a table in one, ${dir} ${existsSync(dir) ? 'is another file' : 'does not exist'}`,
      );
  }
  for (const path of model) {
    if (!isUntrained(path) && !existsSync(path))
      throw new UsageError(`transfer: --model must be a run folder, a .safetensors file or random, ${path} does not exist`);
  }
  if (existsSync(out) && !statSync(out).isDirectory()) throw new UsageError(`transfer: --out must be a folder, ${out} is a file`);
}

/** Systems on one data set as they come in, model by model. */
interface Gathered {
  folds?: TransferFolds;
  systems: TransferSystem[];
  about: Omit<TransferSystemRecord, 'results'>[];
  /** Name of the random weights of each network. */
  randomOf: Map<string, string>;
  /** Where a run keeps its own results. */
  runs: { system: string; dir: string }[];
  notes: string[];
}

async function transferTo(data: string, name: string, options: TransferOptions, { onProgress, signal }: Progress): Promise<TransferRecord> {
  const gathered: Gathered = { systems: [], about: [], randomOf: new Map(), runs: [], notes: [] };
  const names = namesOf(options.model);
  // Trained ones first: `random` adds nothing where their network is its own.
  const order = [...options.model.keys()].sort((a, b) => Number(isUntrained(options.model[a])) - Number(isUntrained(options.model[b])));
  const dataset = await loadDataset(data, { format: options.format });
  for (const m of order) {
    await withTransferSubject(options.model[m], { data, dataset, signal, options }, (subject) =>
      gather(subject, names[m], gathered, { data, options, onProgress, signal }),
    );
  }
  const { folds, systems, about, notes } = gathered as Gathered & { folds: TransferFolds };
  const { shots, draws, seed } = options;
  const judged = await judgeTransfer(folds, systems, { shots, draws, seed, replicates: REPLICATES, onProgress, signal });
  const { command, versions, backend, environment } = engineFacts(runFacts(['audiossl', ...process.argv.slice(2)]));
  const record: TransferRecord = {
    schemaVersion: 1,
    time: new Date().toISOString(),
    command,
    data: {
      ...{ name, dir: resolve(data), numClips: folds.ids.length, numGroups: new Set(folds.groups).size },
      ...{ classNames: folds.classNames, folds: folds.folds, how: folds.how },
    },
    ...{ seed, draws, replicates: REPLICATES, backend, versions, environment },
    systems: about.map((system, i) => ({ ...system, results: judged.results[i] })),
    comparisons: judged.comparisons,
    notes: [...folds.notes, ...notes],
  };
  await writePredictions(options.out, name, folds, judged.predictions);
  await writeTransfer(options.out, record);
  for (const { system, dir } of gathered.runs) await writeTransfer(dir, onlyOf(record, system));
  return record;
}

async function gather(
  { run, model, store }: Subject,
  name: string,
  gathered: Gathered,
  { data, options, onProgress, signal }: Progress & { data: string; options: TransferOptions },
): Promise<void> {
  const folds = transferFolds(store, { numFolds: options.folds, seed: options.seed });
  if (gathered.folds !== undefined && canonicalJson(gathered.folds.ids) !== canonicalJson(folds.ids))
    throw new UsageError(
      `transfer: all encoders must be judged on the same clips, of ${data} the front end of ${name} can use ${folds.ids.length}, that of another ${gathered.folds.ids.length}; judge them one by one`,
    );
  gathered.folds = folds;
  const work = { store, clips: folds.indices, dir: `${store.dir}-embeddings`, onProgress, signal };
  const { encoder, patchFrames, patchHop } = model.metadata;
  const common = { scores: {}, model: null, checkpoint: null, checkpointSha256: null, checkpointEpoch: null, encoder: model.encoder.name };
  const unknown = { seenInTraining: null, seenUnknown: null };
  if (gathered.systems.length === 0) {
    const features = await logMelStatistics(work);
    gathered.systems.push({ name: LOG_MEL, features: [features], against: [] });
    gathered.about.push({
      ...common,
      ...unknown,
      name: LOG_MEL,
      kind: 'logMel',
      encoder: null,
      dim: features.dim,
      weightSeeds: [],
      seconds: {},
    });
  }
  const network = canonicalJson({ encoder, frontEnd: model.frontEnd, patchFrames, patchHop });
  let random = gathered.randomOf.get(network);
  if (random === undefined) {
    random = gathered.randomOf.size === 0 ? 'random weights' : `random weights, network of ${name}`;
    gathered.randomOf.set(network, random);
    const seeds = Array.from({ length: options.randomSeeds }, (_, i) => options.seed + i);
    const clock = startClock();
    const features = await randomWeightsFeatures(model, { ...work, seeds });
    gathered.systems.push({ name: random, features, against: [] });
    gathered.about.push({
      ...{ ...common, ...unknown, name: random, kind: 'randomWeights', dim: features[0].dim, weightSeeds: seeds },
      seconds: { embed: clock() },
    });
  }
  const { checkpoint } = model;
  if (checkpoint === undefined) return;
  const clock = startClock();
  const dir = run?.embeddings ?? work.dir;
  const features = await encoderFeatures(model, { ...work, dir, encoder: checkpoint, name });
  const seen =
    run === undefined || !existsSync(run.split)
      ? unknown
      : await readContents(run.contents).then(async (contents) => {
          const { train, numUnknown } = countSeen(store, await readSplit(run.split), contents, folds.indices);
          return { seenInTraining: train, seenUnknown: numUnknown };
        });
  gathered.systems.push({ name, features: [features], against: [random, LOG_MEL] });
  gathered.about.push({
    ...{ name, kind: 'encoder', model: run?.dir ?? checkpoint.path, checkpoint: checkpoint.name, checkpointSha256: checkpoint.sha256 },
    ...{ checkpointEpoch: model.metadata.epoch, encoder: model.encoder.name, dim: features.dim, weightSeeds: [], ...seen },
    ...{ scores: run === undefined ? {} : await scoresOf(run.log, model.metadata.epoch), seconds: { embed: clock() } },
  });
  if ((seen.seenInTraining ?? 0) > 0)
    gathered.notes.push(
      `${name} was trained on the recordings of ${seen.seenInTraining} of the ${folds.ids.length} clips${model.classify === undefined ? '' : ', with their labels'}: this is no transfer`,
    );
  if (run !== undefined) gathered.runs.push({ system: name, dir: run.transfers });
}

/** Label-free scores of the look at the weights of that epoch, where there was one. */
async function scoresOf(log: string, epoch: number): Promise<Record<string, number | null>> {
  return scoresOfLook((await readLog(log)).monitors.find((record) => record.epoch === epoch));
}

/** The record as a run keeps it: itself and what it is held against. */
function onlyOf(record: TransferRecord, name: string): TransferRecord {
  const comparisons = record.comparisons.filter(({ system }) => system === name);
  const kept = new Set([name, ...comparisons.flatMap(({ against }) => against.map(({ system }) => system))]);
  const others = record.systems.map((system) => system.name).filter((other) => !kept.has(other));
  return {
    ...record,
    comparisons,
    systems: record.systems.filter((system) => kept.has(system.name)),
    notes: record.notes.filter((note) => !others.some((other) => note.startsWith(`${other} `))),
  };
}

async function writePredictions(
  out: string,
  name: string,
  { ids, labels, classNames, groups, foldOf, folds }: TransferFolds,
  predictions: readonly { system: string; protocol: string; predicted: readonly number[] }[],
): Promise<void> {
  const columns = ['id', 'label', 'group', 'fold', ...predictions.map(({ system, protocol }) => `${protocol}: ${system}`)];
  const rows = ids.map((id, i) => [
    ...[id, classNames[labels[i]], groups[i], folds[foldOf[i]]],
    ...predictions.map(({ predicted }) => classNames[predicted[i]]),
  ]);
  await writeFileAtomic(join(out, `${name}.predictions.csv`), formatCsv(columns, rows));
}
