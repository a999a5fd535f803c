import type { EvaluatedRun } from '../../../src/report/comparison/evaluatedRuns.js';
import { type EvaluationInput, evaluationRecord } from '../../../src/run/evaluationRecord.js';
import { sha256 } from '../../../src/util/hash.js';

export const classNames = ['bark', 'clap', 'drip', 'engine'];

export interface FakeRun {
  /** Merged into the config: `{ loss: { contrastiveWeight: 1 } }`. */
  config?: Record<string, Record<string, unknown>>;
  seed?: number;
  name?: string;
  record?: Partial<EvaluationInput>;
  validationScore?: number | null;
  /** Clips: class k has ids `k-0`, `k-1` ...; those of this fold alone where one is given (id number modulo 2). */
  clipsPerClass?: number;
  fold?: number;
  /** Whether the run has the i-th clip of class k right. */
  isRight: (k: number, i: number) => boolean;
  hasGroups?: boolean;
}

/** A run with made-up predictions, as readEvaluatedRuns would give it. */
export function evaluatedRun({
  config = {},
  seed = 0,
  name = `run-${sha256(JSON.stringify([config, seed])).slice(0, 6)}`,
  record = {},
  validationScore = null,
  clipsPerClass = 20,
  fold,
  isRight,
  hasGroups = false,
}: FakeRun): EvaluatedRun {
  const predictions = classNames.flatMap((label, k) =>
    Array.from({ length: clipsPerClass }, (_, i) => ({
      id: `${k}-${i}`,
      label,
      predicted: isRight(k, i) ? label : classNames[(k + 1) % 4],
      ...(hasGroups && { group: `${k}-${Math.floor(i / 2)}` }),
      probabilities: classNames.map(() => 0.25),
    })).filter((_, i) => fold === undefined || i % 2 === fold),
  );
  const count = (label: string, guess: string) => predictions.filter((p) => p.label === label && p.predicted === guess).length;
  const full = evaluationRecord.parse({
    schemaVersion: 1,
    protocol: 'linear',
    split: 'test',
    checkpoint: 'best',
    checkpointSha256: '',
    seed,
    time: '2026-01-01T00:00:00Z',
    command: [],
    classNames,
    numClips: predictions.length,
    clipMicroAccuracy: 0.5,
    clipMicroAccuracyInterval: null,
    clipMacroAccuracy: 0.5,
    clipMacroAccuracyInterval: null,
    patchWeightedAccuracy: null,
    top3Accuracy: null,
    perClass: classNames.map((label) => ({ label, numClips: clipsPerClass, recall: null, interval: null })),
    confusion: classNames.map((label) => classNames.map((guess) => count(label, guess))),
    versions: {},
    frontEndHash: 'a'.repeat(64),
    configHash: '',
    ...record,
  });
  const defaults = {
    data: { protocol: 'generic', ...(fold !== undefined && { testFold: `${fold}` }) },
    encoder: { name: 'resnet18' },
    loss: { name: 'angularContrastive', temperature: 0.2, contrastiveWeight: 0.3, marginOn: 'embedding' },
    train: { epochs: 20 },
  };
  const merged = Object.fromEntries(
    Object.entries({ ...defaults, ...config }).map(([key]) => [key, { ...defaults[key as keyof typeof defaults], ...config[key] }]),
  );
  return { run: name, config: { ...merged, seed }, evaluation: `linear-test-best-seed${seed}`, record: full, predictions, validationScore };
}

export const supervised = (subset: string, weight: number) => ({
  data: { protocol: subset },
  encoder: { name: 'supCnn' },
  loss: { name: 'crossEntropyMargin', crossEntropyWeight: weight, contrastiveWeight: undefined, temperature: undefined, marginOn: 'auto' },
});

/** Seeds 0 .. n - 1 of one system. `share(seed)`: how many of a class's 20 clips are right. */
export function seeds(n: number, run: Omit<FakeRun, 'isRight' | 'seed'>, share: (seed: number, k: number) => number): EvaluatedRun[] {
  return Array.from({ length: n }, (_, seed) =>
    evaluatedRun({ ...run, seed, isRight: (k, i) => (i * 7 + 3 * seed) % 20 < share(seed, k) }),
  );
}
