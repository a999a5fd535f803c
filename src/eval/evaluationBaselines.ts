import { createModel } from '../model/loadModel.js';
import { AudiosslError } from '../util/errors.js';
import { type BaselinePredictions, logMelBaseline, randomWeightsBaseline } from './baselines.js';
import { predictByFinetuning } from './classifierProtocol.js';
import type { ProtocolName } from './protocolNames.js';
import type { ProtocolInput } from './protocols.js';

/** What other predictors say about the same clips with the same labels: log-mel statistics, and the same encoder with random weights. */
export async function evaluationBaselines({
  protocol,
  classNames,
  cache: _ofTheModel,
  ...input
}: ProtocolInput & { protocol: ProtocolName; classNames: readonly string[]; embeddingsDir: string }): Promise<{
  predictions: BaselinePredictions[];
  notes: string[];
}> {
  const { validation, signal } = input;
  if (validation === undefined) throw new AudiosslError('evaluate: baselines need validation clips to choose their strength on');
  const logMel = await logMelBaseline({ ...input, validation, classNames });
  signal?.throwIfAborted();
  if (protocol === 'classifier') return { predictions: [logMel], notes: ['no baseline of random weights: they have no classifier'] };
  const untrained = protocol === 'finetune' ? await fromScratch(input) : await randomWeightsBaseline({ ...input, protocol });
  return { predictions: [logMel, untrained], notes: [] };
}

/** The same fine-tuning from random weights: what pre-training must beat. */
async function fromScratch(input: ProtocolInput): Promise<BaselinePredictions> {
  const model = createModel(input.model.metadata, 'random weights', { seed: input.seed });
  try {
    const { predicted, topThree } = await predictByFinetuning({ ...input, model });
    return { name: `${model.encoder.name} from random weights`, predicted, topThree, hasPatches: true };
  } finally {
    model.dispose();
  }
}
