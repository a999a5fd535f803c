import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type EvaluationInput, evaluationName, writeEvaluation } from '../../src/run/evaluationRecord.js';
import { type FeatureAnalysisInput, writeFeatureAnalysis } from '../../src/run/featureAnalysis.js';
import { openLogWriter } from '../../src/run/logWriter.js';
import { type Prediction, writePredictions } from '../../src/run/predictions.js';
import { createRun, type RunFolder } from '../../src/run/runFolder.js';
import { appendTestAccess } from '../../src/run/testAccess.js';
import { formatCsv } from '../../src/util/csv.js';
import { canonicalJson, sha256 } from '../../src/util/hash.js';
import { Rng } from '../../src/util/rng.js';

export interface FixtureSystem {
  name: string;
  /** Merged into the config: `{ loss: {...}, data: { protocol: 'clean' } }`. */
  config: Record<string, unknown>;
  /** How many of the clips are right, about; one number for all classes or one a class. */
  skill: number | readonly number[];
  protocol?: string;
  /** Measured by `audiossl analyze`, on z. */
  features?: { uniformity: number; tolerance: number };
}

export interface FixtureSweepOptions {
  root: string;
  systems: readonly FixtureSystem[];
  seeds?: readonly number[];
  /** Every fold is the test fold once; empty: one fixed test split. */
  folds?: readonly number[];
  classNames?: readonly string[];
  clipsPerClass?: number;
  dataset?: string;
  frontEndHash?: string;
  splits?: readonly ('test' | 'validation')[];
}

/** What a test needs to compute every number by itself. */
export interface FixtureSweep {
  runs: RunFolder[];
  /** By system name, seed and clip id: label and prediction of the test clips, folds pooled. */
  predictions: Map<string, Map<number, Map<string, { label: string; predicted: string; group: string }>>>;
}

/** Run folders with made-up predictions: every clip has a difficulty that all systems share, every seed a luck of its own. Equal options give equal bytes. */
export async function writeFixtureSweep({
  root,
  systems,
  seeds = [0, 1, 2],
  folds = [1, 2, 3, 4, 5],
  classNames = ['dog', 'rain', 'rooster', 'sea_waves'],
  clipsPerClass = 10,
  dataset = 'data/esc10',
  frontEndHash = sha256('front end'),
  splits = ['test'],
}: FixtureSweepOptions): Promise<FixtureSweep> {
  const runs: RunFolder[] = [];
  const predictions: FixtureSweep['predictions'] = new Map();
  const clips = classNames.flatMap((label, c) =>
    Array.from({ length: clipsPerClass }, (_, i) => ({
      id: `${label}-${i}.ogg`,
      label,
      classIndex: c,
      // Two clips of one recording now and then, in one fold.
      group: `${label}-${i % clipsPerClass === 5 ? 0 : i}`,
      fold: folds.length === 0 ? 0 : folds[(i === 5 ? 0 : i) % folds.length],
      difficulty: new Rng({ seed: 11, purpose: `${label} ${i}` }).uniform(),
    })),
  );
  for (const system of systems) {
    const bySeed = new Map<number, Map<string, { label: string; predicted: string; group: string }>>();
    predictions.set(system.name, bySeed);
    for (const seed of seeds) {
      const byClip = new Map<string, { label: string; predicted: string; group: string }>();
      bySeed.set(seed, byClip);
      for (const fold of folds.length === 0 ? [0] : folds) {
        const dir = join(root, [system.name, ...(folds.length === 0 ? [] : [`fold${fold}`]), `seed${seed}`].join('-'));
        const { run } = await createRun(dir);
        runs.push(run);
        const data = { format: 'csv', ...(folds.length === 0 ? {} : rolesOf(fold, folds)), ...(system.config.data as object | undefined) };
        const config = { encoder: { name: 'resnet18' }, train: { epochs: 20 }, ...system.config, data, seed };
        await writeFile(run.config, stringify(config));
        const configHash = sha256(canonicalJson(config));
        const tested = clips.filter((clip) => folds.length === 0 || clip.fold === fold);
        const split = formatCsv(
          ['id', 'split'],
          [...tested.map(({ id }) => [id, 'test']), ...tested.slice(0, 2).map(({ id }) => [`v-${id}`, 'validation'])],
        );
        await writeFile(run.split, split);
        const common = { frontEndHash, configHash: configHash.slice(0, 16), versions: { audiossl: '0.1.0' } };
        const log = await openLogWriter({ path: run.log, now: () => new Date(Date.UTC(2026, 10, 22, 4)) });
        log.append({
          kind: 'start',
          command: ['audiossl', 'pretrain'],
          backend: 'libtorch',
          device: 'cpu',
          precision: 'float32',
          threads: 2,
          seed,
          ...common,
          splitSha256: sha256(split),
          dataset,
          classNames: [...classNames],
          numClips: { train: 24, validation: 2, test: tested.length },
          numParameters: { encoder: 11_170_240 },
          dataNotes: [],
        });
        log.append({ kind: 'end', reason: 'finished', step: 20, epoch: 20 });
        log.close();
        for (const on of splits) {
          const rows = tested.map((clip): Prediction => {
            const skill = typeof system.skill === 'number' ? system.skill : system.skill[clip.classIndex];
            const luck = new Rng({ seed, purpose: `${system.name} ${clip.id} ${on}` });
            const isRight = 0.75 * clip.difficulty + 0.25 * luck.uniform() < skill;
            const other = classNames[(clip.classIndex + 1 + Math.floor(luck.uniform() * (classNames.length - 1))) % classNames.length];
            const predicted = isRight ? clip.label : other;
            const top = 0.5 + 0.5 * luck.uniform();
            const probabilities = classNames.map((name) => (name === predicted ? top : (1 - top) / (classNames.length - 1)));
            if (on === 'test') byClip.set(clip.id, { label: clip.label, predicted, group: clip.group });
            return { id: clip.id, label: clip.label, predicted, group: clip.group, probabilities };
          });
          await writeFixtureEvaluation(run, { protocol: system.protocol ?? 'linear', split: on, seed, classNames, rows, common });
        }
        if (system.features !== undefined) await writeFeatureAnalysis(run, analysisOf(system, { seed, classNames, common }));
      }
    }
  }
  return { runs, predictions };
}

function rolesOf(fold: number, folds: readonly number[]) {
  const validation = folds[(folds.indexOf(fold) + 1) % folds.length];
  return {
    testFold: String(fold),
    validationFolds: [String(validation)],
    trainFolds: folds.filter((other) => other !== fold && other !== validation).map(String),
  };
}

async function writeFixtureEvaluation(
  run: RunFolder,
  {
    protocol,
    split,
    seed,
    classNames,
    rows,
    common,
  }: {
    protocol: string;
    split: 'test' | 'validation';
    seed: number;
    classNames: readonly string[];
    rows: readonly Prediction[];
    common: Pick<EvaluationInput, 'frontEndHash' | 'configHash' | 'versions'>;
  },
): Promise<void> {
  const confusion = classNames.map((label) =>
    classNames.map((other) => rows.filter((row) => row.label === label && row.predicted === other).length),
  );
  const perClass = classNames.map((label, i) => {
    const numClips = confusion[i].reduce((sum, n) => sum + n, 0);
    return { label, numClips, recall: numClips === 0 ? null : confusion[i][i] / numClips, interval: null };
  });
  const recalls = perClass.map(({ recall }) => recall).filter((recall) => recall !== null);
  const micro = rows.filter((row) => row.label === row.predicted).length / rows.length;
  const identity = { protocol, split, checkpoint: 'best', seed };
  const name = evaluationName(identity);
  const time = '2026-11-22T05:00:00.000Z';
  const command = ['audiossl', 'evaluate'];
  if (split === 'test') {
    await appendTestAccess(run, {
      time,
      command,
      protocol,
      checkpoint: 'best',
      checkpointSha256: sha256(run.dir),
      seed,
      numClips: rows.length,
      evaluation: name,
    });
  }
  await writePredictions(run, name, { classNames, predictions: rows });
  await writeEvaluation(run, {
    schemaVersion: 1,
    ...identity,
    checkpointSha256: sha256(run.dir),
    time,
    command,
    classNames: [...classNames],
    numClips: rows.length,
    numPatches: 3 * rows.length,
    clipMicroAccuracy: micro,
    clipMicroAccuracyInterval: null,
    clipMacroAccuracy: recalls.reduce((sum, recall) => sum + recall, 0) / recalls.length,
    clipMacroAccuracyInterval: null,
    patchWeightedAccuracy: micro,
    top3Accuracy: Math.min(1, micro + 0.1),
    perClass,
    confusion,
    ...common,
  });
}

/** Only the quantities matter here; the histograms are of one pair. */
function analysisOf(
  { config, features = { uniformity: -0.3, tolerance: 0.9 } }: FixtureSystem,
  {
    seed,
    classNames,
    common,
  }: { seed: number; classNames: readonly string[]; common: Pick<EvaluationInput, 'frontEndHash' | 'configHash' | 'versions'> },
): FeatureAnalysisInput {
  const quantities = {
    uniformity: ofBoth(features.uniformity),
    tolerance: ofBoth(features.tolerance),
    alignment: ofBoth(0.1),
    sameClassCosine: ofBoth(features.tolerance - 0.01),
    otherClassCosine: ofBoth(features.tolerance - 0.1),
  };
  const one = { low: 0, high: 2, counts: [1, 0], numPairs: 1, mean: 0.5, standardDeviation: 0, median: 0.5 };
  return {
    schemaVersion: 1,
    kind: 'features',
    split: 'test',
    checkpoint: 'best',
    checkpointSha256: sha256('checkpoint'),
    checkpointStep: 20,
    checkpointEpoch: 20,
    seed,
    time: '2026-11-22T05:00:00.000Z',
    command: ['audiossl', 'analyze'],
    loss: config.loss as FeatureAnalysisInput['loss'],
    views: [],
    numClips: 8,
    numLabelledClips: 8,
    numPositivePairs: 8,
    classNames: [...classNames],
    embeddingSize: { h: 512, z: 512 },
    ...quantities,
    patches: quantities,
    histograms: { views: ofBoth(one), patches: ofBoth(one), otherClips: ofBoth(one) },
    definitions: {},
    seconds: {},
    backend: 'libtorch cpu float32',
    environment: {},
    splitSha256: '',
    ...common,
  };
}

function ofBoth<T>(value: T): { h: T; z: T } {
  return { h: value, z: value };
}
