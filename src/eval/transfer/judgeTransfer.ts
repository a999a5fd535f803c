import type { TransferComparison, TransferResult } from '../../run/transferRecord.js';
import { differenceTo } from '../statistics/differenceTo.js';
import type { Estimate } from '../statistics/interval.js';
import { isBetter } from '../statistics/intervalSide.js';
import type { SeedValues } from '../statistics/resample.js';
import { stratifiedBootstrap } from '../statistics/stratifiedBootstrap.js';
import type { TransferFolds } from './transferFolds.js';
import { type ClipFeatures, predictFromFew, predictLinear, predictNeighbours, type TransferPredictor } from './transferProtocols.js';

/** Something that turns clips into rows: an encoder, an encoder without training, statistics. */
export interface TransferSystem {
  name: string;
  /** One a seed of its weights; of a trained encoder and of statistics one. */
  features: readonly ClipFeatures[];
  /** Names of the systems without training that it must be better than; none for those systems themselves. */
  against: readonly string[];
}

export interface JudgeOptions {
  /** Clips a class of the protocol `few`, in the order of the results. */
  shots: readonly number[];
  /** Draws of few labels. */
  draws: number;
  /** Of the draws of labels (this one and the following) and of the bootstrap. */
  seed: number;
  replicates: number;
  onProgress?: (stage: string, done: number, total: number) => void;
  signal?: AbortSignal;
}

export interface Judgement {
  /** Results of each system, in their order. */
  results: TransferResult[][];
  comparisons: TransferComparison[];
  /** Predicted class of each clip under each protocol with all labels, of the first seed of each system. */
  predictions: { system: string; protocol: 'linear' | 'neighbours'; predicted: number[] }[];
}

/** One classifier, and how many times it is asked. */
interface Protocol {
  protocol: TransferResult['protocol'];
  shots: number | null;
  /** One a repetition; undefined: once for each seed of the system's weights. */
  repeats?: number;
  predictor(repeat: number): TransferPredictor;
}

/**
 * Every system under every protocol on the same folds, and each trained encoder against those without training: differences are paired
 * over clips, recordings drawn whole. Draws of few labels are the same for all systems and paired as well; a system of random weights takes
 * another seed of its weights at each draw, so that their spread is in the interval.
 */
export async function judgeTransfer(
  folds: TransferFolds,
  systems: readonly TransferSystem[],
  { shots, draws, seed, replicates, onProgress, signal }: JudgeOptions,
): Promise<Judgement> {
  const protocols: Protocol[] = [
    { protocol: 'linear', shots: null, predictor: () => predictLinear },
    { protocol: 'neighbours', shots: null, predictor: () => predictNeighbours },
    ...shots.map(
      (number): Protocol => ({
        ...{ protocol: 'few', shots: number, repeats: draws },
        predictor: (repeat) => predictFromFew({ shots: number, draw: seed + repeat }),
      }),
    ),
  ];
  const repeatsOf = ({ repeats }: Protocol, { features }: TransferSystem) => repeats ?? features.length;
  const total = protocols.reduce((sum, protocol) => sum + systems.reduce((all, system) => all + repeatsOf(protocol, system), 0), 0);
  let done = 0;
  const bootstrap = { labels: folds.labels, groups: folds.groups, numClasses: folds.classNames.length, replicates, seed };
  const results: TransferResult[][] = systems.map(() => []);
  const comparisons: TransferComparison[] = [];
  const predictions: Judgement['predictions'] = [];
  for (const protocol of protocols) {
    const name = { protocol: protocol.protocol, shots: protocol.shots };
    const correct = new Map<string, SeedValues>();
    for (const [s, system] of systems.entries()) {
      const arms: Uint8Array[] = [];
      for (let repeat = 0; repeat < repeatsOf(protocol, system); repeat++) {
        const predicted = await protocol.predictor(repeat)(system.features[repeat % system.features.length], folds, signal);
        if (repeat === 0 && name.protocol !== 'few') predictions.push({ system: system.name, protocol: name.protocol, predicted });
        arms.push(Uint8Array.from(predicted, (label, clip) => Number(label === folds.labels[clip])));
        onProgress?.('telling classes apart', ++done, total);
      }
      correct.set(system.name, arms);
      const { micro, macro } = stratifiedBootstrap({ correct: arms, ...bootstrap });
      results[s].push({ ...name, micro: bounds(micro), macro: bounds(macro), accuracies: arms.map(meanOf) });
    }
    for (const { name: system, against } of systems) {
      if (against.length === 0) continue;
      const differences = against.map((other) => {
        const [a, b] = [correct.get(system), correct.get(other)] as [SeedValues, SeedValues];
        // Draws of labels belong together, seeds of weights do not.
        const areSeedsPaired = name.protocol === 'few';
        return { system: other, difference: differenceTo({ a, b, areSeedsPaired, ...bootstrap }) ?? null };
      });
      comparisons.push({ ...name, system, better: isBetter(differences.map(({ difference }) => difference?.micro)), against: differences });
    }
  }
  return { results, comparisons, predictions };
}

const bounds = ({ estimate, low, high }: Estimate) => ({ estimate, low, high });
const meanOf = (values: Uint8Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
