import { createModel } from '../model/loadModel.js';
import type { BaselineRecord } from '../run/evaluationRecord.js';
import { AudiosslError } from '../util/errors.js';
import { chanceBaseline, logMelBaseline, randomWeightsBaseline, scoreClips } from './baselines.js';
import { predictByFinetuning } from './classifierProtocol.js';
import type { ProtocolName } from './protocolNames.js';
import type { ProtocolInput } from './protocols.js';

/** Other predictors on the same clips with the same labels: chance, log-mel statistics, and the same encoder with random weights. */
export async function evaluationBaselines({
  protocol,
  classNames,
  cache: _ofTheModel,
  ...input
}: ProtocolInput & { protocol: ProtocolName; classNames: readonly string[]; embeddingsDir: string }): Promise<{
  records: BaselineRecord[];
  notes: string[];
}> {
  const { validation, options, signal } = input;
  if (validation === undefined) throw new AudiosslError('evaluate: baselines need validation clips to choose their strength on');
  const { bootstrapDraws } = options;
  const records = [chanceBaseline(classNames), await logMelBaseline({ ...input, validation, classNames, bootstrapDraws })];
  signal?.throwIfAborted();
  if (protocol === 'classifier') return { records, notes: ['no baseline of random weights: they have no classifier'] };
  if (protocol === 'finetune') records.push(await fromScratch({ ...input, classNames }));
  else records.push(await randomWeightsBaseline({ ...input, protocol, classNames }));
  return { records, notes: [] };
}

/** The same fine-tuning from random weights: what pre-training must beat. */
async function fromScratch(input: ProtocolInput & { classNames: readonly string[] }): Promise<BaselineRecord> {
  const { options, seed } = input;
  const model = createModel(input.model.metadata, 'random weights', { seed });
  try {
    const result = await predictByFinetuning({ ...input, model });
    const name = `${model.encoder.name} from random weights`;
    return scoreClips({ ...input, name, result, bootstrapDraws: options.bootstrapDraws });
  } finally {
    model.dispose();
  }
}
