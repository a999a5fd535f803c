import { writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { writeClipEmbeddings } from '../../src/run/clipEmbeddings.js';
import { type EvaluationInput, evaluationName, type Interval, writeEvaluation } from '../../src/run/evaluationRecord.js';
import { openLogWriter } from '../../src/run/logWriter.js';
import { type Prediction, writePredictions } from '../../src/run/predictions.js';
import { createRun, type RunFolder } from '../../src/run/runFolder.js';
import { appendTestAccess } from '../../src/run/testAccess.js';
import { writeViewPictures } from '../../src/run/viewPictures.js';
import { formatCsv } from '../../src/util/csv.js';
import { canonicalJson, sha256 } from '../../src/util/hash.js';
import { Rng } from '../../src/util/rng.js';

export const esc10 = [
  'chainsaw',
  'clock_tick',
  'crackling_fire',
  'crying_baby',
  'dog',
  'helicopter',
  'rain',
  'rooster',
  'sea_waves',
  'sneezing',
];

export interface FixtureOptions {
  dir: string;
  classNames?: string[];
  numEpochs?: number;
  stepsPerEpoch?: number;
  testClipsPerClass?: number;
  seed?: number;
  /** Protocols to evaluate on test, with these seeds. */
  evaluations?: ({ split?: 'validation' | 'test'; seeds: number[] } & Pick<
    EvaluationInput,
    'protocol' | 'labelFraction' | 'shots' | 'folds' | 'trainOn'
  >)[];
  /** A run of `audiossl train`: cross entropy with the margin. */
  isSupervised?: boolean;
  isEnded?: boolean;
  hasViews?: boolean;
  dataset?: string;
  dataNotes?: string[];
  dim?: number;
}

/** A run folder with made-up numbers of the shape that training and evaluation write. The same options give the same bytes. */
export async function writeFixtureRun({
  dir,
  classNames = esc10,
  numEpochs = 30,
  stepsPerEpoch = 8,
  testClipsPerClass = 8,
  seed = 0,
  isSupervised = false,
  evaluations = [
    { protocol: 'linear', seeds: [0, 1, 2] },
    { protocol: 'knn', seeds: [0] },
    { protocol: 'knn', split: 'validation', seeds: [0] },
  ],
  isEnded = true,
  hasViews = true,
  dataset = 'data/esc10',
  dataNotes = ['3 clips that stand in train and in test were dropped from train.'],
  dim = 16,
}: FixtureOptions): Promise<RunFolder> {
  const { run } = await createRun(dir);
  const rng = new Rng({ seed, purpose: 'fixture run' });
  const hasLabels = classNames.length > 0;
  const config = {
    data: { format: 'csv', testFold: 5 },
    encoder: { name: 'resnet18' },
    loss: isSupervised
      ? { name: 'crossEntropyMargin', crossEntropyWeight: 0.7, marginRadians: 0.5, marginOn: 'embedding', robust: null }
      : { name: 'angularContrastive', temperature: 0.2, contrastiveWeight: 0.3, marginRadians: 0.5 },
    train: { epochs: numEpochs, batchSize: 64 },
    seed,
  };
  await writeFile(run.config, stringify(config));
  const numTest = hasLabels ? testClipsPerClass * classNames.length : 0;
  const split = formatCsv(
    ['id', 'split'],
    [
      ...Array.from({ length: 40 }, (_, i) => [`t${i}.ogg`, 'train']),
      ...Array.from({ length: 10 }, (_, i) => [`v${i}.ogg`, 'validation']),
      ...Array.from({ length: numTest }, (_, i) => [`${i}.ogg`, 'test']),
    ],
  );
  await writeFile(run.split, split);
  const configHash = sha256(canonicalJson(config));
  const versions = { audiossl: '0.1.0', node: 'v20.19.0', tfjs: '4.22.0', libtorch: '1.13.1' };
  let tick = Date.UTC(2026, 10, 22, 4, 0, 0);
  const now = () => {
    tick += 1500;
    return new Date(tick);
  };
  const writer = await openLogWriter({ path: run.log, now });
  writer.append({
    kind: 'start',
    command: ['audiossl', isSupervised ? 'train' : 'pretrain', '--config', 'configs/esc10.yaml', '--data', dataset, '--out', 'runs/esc10'],
    versions,
    backend: 'libtorch',
    device: 'cpu',
    precision: 'float32',
    threads: 2,
    seed,
    configHash: configHash.slice(0, 16),
    frontEndHash: sha256('front end'),
    splitSha256: sha256(split),
    dataset,
    classNames,
    numClips: { train: 40, validation: 10, test: numTest },
    numParameters: isSupervised ? { encoder: 11_170_240, classifier: 5_130 } : { encoder: 11_170_240, projectionHead: 525_312 },
    dataNotes,
    environment: { system: 'Linux x64', processor: '2 x Processor' },
    numEpochs,
    stepsPerEpoch,
  });
  const firstTerm = isSupervised ? 'crossEntropyLoss' : 'contrastiveLoss';
  let best = Number.NEGATIVE_INFINITY;
  let bestEpoch = 0;
  for (let epoch = 1; epoch <= numEpochs; epoch++) {
    const losses: number[] = [];
    const terms = { [firstTerm]: 0, marginLoss: 0, patchesPerSecond: 160 };
    const t = (epoch - 1) / numEpochs;
    for (let i = 0; i < stepsPerEpoch; i++) {
      const contrastiveLoss = 1.4 + 2.8 * Math.exp(-4 * t) + 0.12 * rng.normal();
      const marginLoss = 2.1 + 8 * Math.exp(-6 * t) + 0.4 * rng.normal();
      const loss = 0.3 * contrastiveLoss + 0.7 * marginLoss;
      losses.push(loss);
      terms[firstTerm] += contrastiveLoss / stepsPerEpoch;
      terms.marginLoss += marginLoss / stepsPerEpoch;
      const step = (epoch - 1) * stepsPerEpoch + i + 1;
      writer.append({
        kind: 'step',
        step,
        epoch,
        loss,
        [firstTerm]: contrastiveLoss,
        marginLoss,
        learningRate: 0.03 * 0.5 * (1 + Math.cos(Math.PI * t)),
        patchesPerSecond: 160 + 6 * rng.normal(),
      });
    }
    const step = epoch * stepsPerEpoch;
    writer.append({
      kind: 'epoch',
      step,
      epoch,
      loss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length,
      ...terms,
      seconds: 4.1,
    });
    const value = 0.35 + 0.4 * (1 - Math.exp(-3 * t)) + 0.03 * rng.normal();
    const isBest = value > best;
    if (isBest) [best, bestEpoch] = [value, epoch];
    writer.append({
      kind: 'monitor',
      step,
      epoch,
      ...(isSupervised
        ? { clipMacroAccuracy: value, clipMicroAccuracy: value + 0.02 * rng.normal(), validationLoss: 3 - 2 * value }
        : hasLabels
          ? { knnClipMacroAccuracy: value, knnClipMicroAccuracy: value + 0.02 * rng.normal() }
          : { validationLoss: 6 - 4 * value }),
      ...(isSupervised
        ? {}
        : {
            alignment: 0.9 - 0.5 * t,
            uniformity: -1.2 - 1.5 * (1 - Math.exp(-3 * t)),
            standardDeviation: 0.02 + 0.02 * t,
            effectiveRank: 12 + 60 * t,
          }),
      isBest,
    });
  }
  if (isEnded)
    writer.append({
      kind: 'end',
      reason: 'finished',
      step: numEpochs * stepsPerEpoch,
      epoch: numEpochs,
      bestEpoch,
      bestStep: bestEpoch * stepsPerEpoch,
    });
  writer.close();

  if (hasLabels) {
    for (const { protocol, split: on = 'test', seeds, ...learnt } of evaluations) {
      for (const evaluationSeed of seeds) {
        const identity = { protocol, ...learnt, split: on, checkpoint: 'best', seed: evaluationSeed };
        const name = evaluationName(identity);
        const checkpointSha256 = sha256(`checkpoint ${seed}`);
        const command = ['audiossl', 'evaluate', 'runs/esc10', '--protocol', protocol, '--split', on, '--seed', String(evaluationSeed)];
        const time = now().toISOString();
        if (on === 'test') {
          await appendTestAccess(run, {
            time,
            command,
            protocol,
            checkpoint: 'best',
            checkpointSha256,
            seed: evaluationSeed,
            numClips: numTest,
            evaluation: name,
          });
        }
        const noise = 1.1 + 0.4 * (1 - (learnt.labelFraction ?? 1)) + (learnt.shots == null ? 0 : 0.6 / learnt.shots);
        const { predictions, embeddings } = drawPredictions({
          classNames,
          perClass: testClipsPerClass,
          dim,
          rng,
          seed: evaluationSeed,
          noise,
        });
        await writePredictions(run, name, { classNames, predictions });
        await writeClipEmbeddings(run, name, { data: embeddings, dim });
        await writeEvaluation(run, {
          schemaVersion: 1,
          ...identity,
          checkpointSha256,
          checkpointEpoch: bestEpoch,
          checkpointStep: bestEpoch * stepsPerEpoch,
          time,
          command,
          options: { k: 200 },
          classNames,
          ...scoresOf(predictions, classNames),
          calibration: calibrationOf(predictions, classNames),
          intervalMethod: { clipMicroAccuracy: 'Wilson', clipMacroAccuracy: 'bootstrap over clips', perClass: 'Wilson' },
          baselines:
            on === 'test'
              ? [
                  {
                    name: 'log-mel statistics, ridge classifier',
                    clipMicroAccuracy: 0.55,
                    clipMicroAccuracyInterval: [0.44, 0.656],
                    clipMacroAccuracy: 0.548,
                    clipMacroAccuracyInterval: [0.44, 0.65],
                    patchWeightedAccuracy: 0.56,
                    top3Accuracy: 0.81,
                  },
                  {
                    name: 'random weights',
                    clipMicroAccuracy: 0.425,
                    clipMicroAccuracyInterval: [0.323, 0.534],
                    clipMacroAccuracy: 0.42,
                    clipMacroAccuracyInterval: [0.32, 0.53],
                    note: 'same encoder, same probe',
                  },
                ]
              : [],
          seconds: { embed: 1.4, fit: 2.2 },
          versions,
          backend: 'libtorch cpu float32',
          frontEndHash: sha256('front end'),
          configHash: configHash.slice(0, 16),
        });
      }
    }
  }
  if (hasViews) await writeFixtureViews(run, rng);
  return run;
}

/** Clips around one centre a class; predictions by the nearest centre of noisy copies. */
function drawPredictions({
  classNames,
  perClass,
  dim,
  rng,
  seed,
  noise,
}: {
  classNames: string[];
  perClass: number;
  dim: number;
  rng: Rng;
  seed: number;
  noise: number;
}) {
  const centreRng = new Rng({ seed: 7, purpose: 'centres' });
  const centres = classNames.map(() => Array.from({ length: dim }, () => centreRng.normal()));
  const embeddings = new Float32Array(classNames.length * perClass * dim);
  const predictions: Prediction[] = [];
  classNames.forEach((label, c) => {
    for (let i = 0; i < perClass; i++) {
      const row = predictions.length;
      const h = centres[c].map((value) => value + noise * rng.normal());
      embeddings.set(h, row * dim);
      const scores = centres.map((centre) =>
        Math.exp(-0.5 * centre.reduce((sum, value, k) => sum + (value - h[k] - noise * rng.normal()) ** 2, 0)),
      );
      const total = scores.reduce((sum, value) => sum + value, 0);
      const predicted = classNames[scores.indexOf(Math.max(...scores))];
      predictions.push({ id: `${seed}-${row}.ogg`, label, predicted, probabilities: scores.map((value) => value / total) });
    }
  });
  return { predictions, embeddings };
}

function scoresOf(
  predictions: Prediction[],
  classNames: string[],
): Pick<
  EvaluationInput,
  | 'numClips'
  | 'clipMicroAccuracy'
  | 'clipMicroAccuracyInterval'
  | 'clipMacroAccuracy'
  | 'clipMacroAccuracyInterval'
  | 'patchWeightedAccuracy'
  | 'top3Accuracy'
  | 'perClass'
  | 'confusion'
> {
  const confusion = classNames.map((label) =>
    classNames.map((other) => predictions.filter((p) => p.label === label && p.predicted === other).length),
  );
  const perClass = classNames.map((label, i) => {
    const numClips = confusion[i].reduce((sum, n) => sum + n, 0);
    return { label, numClips, recall: confusion[i][i] / numClips, interval: wilson(confusion[i][i], numClips) };
  });
  const right = confusion.reduce((sum, row, i) => sum + row[i], 0);
  const macro = perClass.reduce((sum, { recall }) => sum + recall, 0) / classNames.length;
  return {
    numClips: predictions.length,
    clipMicroAccuracy: right / predictions.length,
    clipMicroAccuracyInterval: wilson(right, predictions.length),
    clipMacroAccuracy: macro,
    clipMacroAccuracyInterval: wilson(Math.round(macro * predictions.length), predictions.length),
    patchWeightedAccuracy: right / predictions.length,
    top3Accuracy: Math.min(1, right / predictions.length + 0.1),
    perClass,
    confusion,
  };
}

/** Ten bins of equal width, counted one clip after the other. */
function calibrationOf(predictions: Prediction[], classNames: string[]): EvaluationInput['calibration'] {
  const bins = Array.from({ length: 10 }, (_, i) => {
    const inside = predictions.filter(({ probabilities }) => Math.min(9, Math.floor(10 * Math.max(...probabilities))) === i);
    const mean = (value: (prediction: Prediction) => number) =>
      inside.length === 0 ? null : inside.reduce((sum, one) => sum + value(one), 0) / inside.length;
    return {
      low: i / 10,
      high: (i + 1) / 10,
      numClips: inside.length,
      meanConfidence: mean(({ probabilities }) => Math.min(1, Math.max(...probabilities))),
      accuracy: mean(({ label, predicted }) => (label === predicted ? 1 : 0)),
    };
  });
  const gaps = bins.map(({ meanConfidence, accuracy }) => Math.abs((meanConfidence ?? 0) - (accuracy ?? 0)));
  const ofTruth = predictions.map(({ label, probabilities }) => probabilities[classNames.indexOf(label)]);
  const squares = predictions.map(({ label, probabilities }) =>
    probabilities.reduce((sum, p, i) => sum + (p - (classNames[i] === label ? 1 : 0)) ** 2, 0),
  );
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    expectedCalibrationError: bins.reduce((sum, { numClips }, i) => sum + (numClips / predictions.length) * gaps[i], 0),
    maximumCalibrationError: Math.max(...gaps),
    brierScore: Math.min(2, mean(squares)),
    negativeLogLikelihood: mean(ofTruth.map((p) => Math.max(0, -Math.log(Math.max(p, 1e-12))))),
    bins,
  };
}

function wilson(k: number, n: number): Interval {
  const z = 1.959964;
  const p = k / n;
  const centre = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))) / (1 + (z * z) / n);
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

/** Something that looks like harmonics and a click over noise. */
async function writeFixtureViews(run: RunFolder, rng: Rng): Promise<void> {
  const [numFrames, nMels] = [101, 96];
  const patch = new Float32Array(numFrames * nMels);
  for (let t = 0; t < numFrames; t++) {
    for (let m = 0; m < nMels; m++) {
      const harmonic = [12, 26, 41, 57].some((centre) => Math.abs(m - centre - 6 * Math.sin(t / 9)) < 1.6) ? 7 * Math.exp(-t / 70) : 0;
      patch[t * nMels + m] = -9 - m / 25 + harmonic + (Math.abs(t - 33) < 2 ? 4 : 0) + 0.7 * rng.normal();
    }
  }
  const masked = patch.map((value, i) =>
    (Math.floor(i / nMels) > 60 && Math.floor(i / nMels) < 75) || (i % nMels > 20 && i % nMels < 34) ? -10 : value,
  );
  const noisy = patch.map((value) => value + rng.normal());
  const stages = [
    { name: 'patch', numFrames, nMels, data: patch },
    { name: 'mixBack', note: 'lambda 0.05', numFrames, nMels, data: patch.map((value) => value * 0.95 - 0.4) },
    { name: 'specAugment', note: 'time 61..74, mel 21..33', numFrames, nMels, data: masked },
    { name: 'gaussianNoise', note: 'standard deviation 0.01', numFrames, nMels, data: noisy },
  ];
  await writeViewPictures(run, { clip: 'audio/1-100032-A.ogg', views: [stages, stages.slice(0, 3)], gallery: [stages[0], stages[2]] });
}
