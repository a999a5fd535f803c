import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { withoutPaths } from '../model/leanCheckpoint.js';
import type { Model } from '../model/loadModel.js';
import { countTrainable } from '../nn/parameters.js';
import { toYaml } from '../run/configText.js';
import { type EvaluationRecord, readEvaluations } from '../run/evaluationRecord.js';
import { type RunLog, readLog } from '../run/readLog.js';
import { runFolder } from '../run/runFolder.js';
import { readTransfers, type TransferRecord } from '../run/transferRecord.js';
import { writeFileAtomic } from '../util/atomicFile.js';
import { UsageError } from '../util/errors.js';
import { sha256, sha256OfFile } from '../util/hash.js';
import { packageVersion } from '../util/packageVersion.js';
import { describeDataLicences } from './dataLicences.js';

const title = '# Model card: ';

/** The weights that a card is about. */
export interface CardWeights {
  name: string;
  bytes: number;
  sha256: string;
  /** "float16 filters" */
  form: string;
}

export async function weightsOfFile(file: string, form: string): Promise<CardWeights> {
  return { name: basename(file), bytes: (await stat(file)).size, sha256: await sha256OfFile(file), form };
}

export function weightsOfBytes(name: string, bytes: Uint8Array, form: string): CardWeights {
  return { name, bytes: bytes.length, sha256: sha256(bytes), form };
}

/**
 * Writes a model card, `path`: front end, statistics, training data and licences, recipe and minutes, checksum, accuracies with intervals,
 * and what it is good and bad at. Recipe and accuracies are those of the run that the model's checkpoint stands in.
 * Throws UsageError where another text has that name.
 */
export async function writeModelCard({
  model,
  path,
  name = basename(path, '.md'),
  weights,
  data,
  transfer,
}: {
  model: Model;
  path: string;
  /** Title of the card. */
  name?: string;
  weights: CardWeights;
  /** Folder of the recordings trained on. */
  data?: string;
  /** Folder of `audiossl transfer`. */
  transfer?: string;
}): Promise<void> {
  await checkCardPath(path);
  const run = runFolder(dirname(dirname(model.checkpoint?.path ?? '')));
  const isOfRun = existsSync(run.config);
  const sections = [
    [`${title}${name}`, ...identity(model, weights)],
    hearing(model),
    ['## Training data', '', ...(data === undefined ? ['Not stated when this card was made.'] : await describeDataLicences(data))],
    recipe(model, isOfRun ? await readLog(run.log) : undefined),
    results(isOfRun ? await readEvaluations(run) : [], transfer === undefined ? [] : await readTransfers(transfer)),
  ];
  await writeFileAtomic(path, `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`);
}

/** Where the card of an exported file stands: `FILE.md`. */
export function modelCardPath(file: string): string {
  return `${file.replace(/\.[^./\\]+$/, '')}.md`;
}

/** Throws UsageError where another text has its name, which a card must not replace. */
export async function checkCardPath(path: string): Promise<void> {
  if (existsSync(path) && !(await readFile(path, 'utf8')).startsWith(title)) {
    throw new UsageError(`export: the model card would replace ${path}, which is no card; give another --out`);
  }
}

function identity({ encoder, parameters, metadata }: Model, weights: CardWeights): string[] {
  return [
    '',
    '| | |',
    '|---|---|',
    `| file | \`${weights.name}\`, ${(weights.bytes / 1e6).toFixed(1)} MB, ${weights.form} |`,
    `| SHA-256 | \`${weights.sha256}\` |`,
    `| network | ${encoder.name}, ${countTrainable(parameters).toLocaleString('en-US')} values, embeddings of ${encoder.embeddingSize}; \`${JSON.stringify(metadata.encoder)}\` |`,
    ...(metadata.whitening === undefined
      ? []
      : [`| whitened | embeddings decorrelated by ${metadata.whitening.numClips} recordings, shrinkage ${metadata.whitening.shrinkage} |`]),
    ...(metadata.classNames.length > 0 ? [`| classes of its labels | ${metadata.classNames.join(', ')} |`] : []),
    `| made by | audiossl ${packageVersion()} |`,
  ];
}

function hearing({ frontEnd, patchFrames, patchHop, metadata }: Model): string[] {
  const { sampleRate, hopLength, fMin, fMax } = frontEnd;
  const seconds = (frames: number) => ((frames * hopLength) / sampleRate).toFixed(2);
  const { mean, standardDeviation, perClip } = metadata.standardisation;
  const numbers = (values: readonly number[]) => (values.length === 1 ? values[0].toFixed(4) : `${values.length} values, one a band`);
  return [
    '## What it hears',
    '',
    `Mono at ${sampleRate} Hz (other rates are resampled), ${fMin} to ${fMax} Hz: sound outside that band is not heard, and recordings of lower rates leave its upper bands empty. Patches of ${seconds(patchFrames)} s, one every ${seconds(patchHop)} s; a recording's embedding is the mean over them.`,
    perClip === true
      ? "Every recording's log-mel is standardised by its own mean and deviation. Front end:"
      : `Log-mel patches are standardised by mean ${numbers(mean)} and deviation ${numbers(standardDeviation)}, of the training recordings. Front end:`,
    '',
    '```yaml',
    toYaml(frontEnd).trimEnd(),
    '```',
  ];
}

function recipe({ metadata }: Model, log: RunLog | undefined): string[] {
  const start = log?.starts.at(-1);
  const seconds = log?.epochs.reduce((sum, epoch) => sum + (epoch.seconds ?? 0), 0);
  const facts = [
    `${metadata.epoch} epochs, ${metadata.step} steps of the optimiser`,
    ...(start === undefined
      ? []
      : [`${start.numClips.train} training and ${start.numClips.validation} validation recordings, seed ${start.seed}`]),
    ...(seconds === undefined || seconds === 0 ? [] : [`${Math.round(seconds / 60)} minutes`]),
    ...(start === undefined ? [] : [`${start.backend} (${start.device}, ${start.precision}, ${start.threads} threads)`]),
    ...(start?.environment?.processor === undefined ? [] : [start.environment.processor]),
  ];
  return ['## Recipe', '', `${facts.join('; ')}.`, '', '```yaml', toYaml(withoutPaths(metadata.config ?? {}) as object).trimEnd(), '```'];
}

const percent = (share: number) => (100 * share).toFixed(1);
const range = (low: number, high: number) => `${percent(low)} – ${percent(high)}`;

function results(evaluations: readonly { record: EvaluationRecord }[], transfers: readonly TransferRecord[]): string[] {
  const own = evaluations.map(({ record }) => record).filter(({ fold }) => fold === null);
  const lines = ['## What it is good and bad at'];
  for (const record of transfers) {
    const { name, numClips, classNames } = record.data;
    lines.push(
      '',
      `${name}, ${numClips} recordings of ${classNames.length} classes that it was not trained on, each predicted by a classifier that saw neither it nor its fold; accuracy in %, 95 % intervals:`,
      '',
    );
    lines.push('| system | protocol | accuracy | interval | better than no training |', '|---|---|---|---|---|');
    for (const system of record.systems) {
      for (const { protocol, shots, micro } of system.results) {
        const found = record.comparisons.find((row) => row.system === system.name && row.protocol === protocol && row.shots === shots);
        const asked = protocol === 'few' ? `linear, ${shots} labels a class` : protocol;
        lines.push(
          `| ${system.name} | ${asked} | ${percent(micro.estimate)} | ${range(micro.low, micro.high)} | ${found?.better ?? '–'} |`,
        );
      }
    }
  }
  if (own.length > 0) {
    lines.push('', 'Evaluations of the run, accuracy in % by recordings, 95 % intervals:', '');
    lines.push('| data | protocol | system | accuracy | interval |', '|---|---|---|---|---|');
    for (const record of own) {
      const limit =
        record.shots !== null
          ? `, ${record.shots} labels a class`
          : record.labelFraction === null
            ? ''
            : `, ${percent(record.labelFraction)} % of the labels`;
      const where = `${record.dataset ?? "the run's own"}, ${record.numClips} ${record.split} clips${record.folds.length > 0 ? `, ${record.folds.length} folds` : ''}`;
      for (const row of [{ ...record, name: 'this encoder' }, ...record.baselines]) {
        const interval = row.clipMicroAccuracyInterval;
        lines.push(
          `| ${where} | ${record.protocol}${limit} | ${row.name} | ${percent(row.clipMicroAccuracy)} | ${interval === null ? '–' : range(...interval)} |`,
        );
      }
    }
    lines.push(...classesOf(own));
  }
  if (transfers.length + own.length === 0) lines.push('', 'Nothing was measured when this card was made.');
  return lines;
}

/** The classes that the largest evaluation with all labels tells best and worst. */
function classesOf(records: readonly EvaluationRecord[]): string[] {
  const whole = records.filter(({ labelFraction, shots, protocol }) => labelFraction === null && shots === null && protocol === 'linear');
  const largest = whole.sort((a, b) => b.numClips - a.numClips)[0];
  const known = (largest?.perClass ?? []).flatMap(({ label, recall, numClips }) => (recall === null ? [] : [{ label, recall, numClips }]));
  if (known.length < 2) return [];
  const sorted = known.sort((a, b) => b.recall - a.recall || (a.label < b.label ? -1 : 1));
  const said = (rows: typeof known) => rows.map(({ label, recall, numClips }) => `${label} ${percent(recall)} % of ${numClips}`).join(', ');
  const count = Math.min(5, Math.floor(known.length / 2));
  return ['', `Told best by a linear classifier: ${said(sorted.slice(0, count))}. Worst: ${said(sorted.slice(-count).reverse())}.`];
}
