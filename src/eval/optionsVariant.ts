import { canonicalJson, sha256 } from '../util/hash.js';
import { type EvaluationOptions, evaluationOptions } from './evaluationOptions.js';
import type { ProtocolName } from './protocolNames.js';
import { protocolOptions } from './writeEvaluationFiles.js';

/**
 * What tells an evaluation apart whose options are not the run's own: `neighbours5`, `epochs100_learningRate0.01`, or a hash where that
 * is long. Null where they are the run's, or differ in nothing that the protocol reads. It stands in the names of the files, so that one
 * evaluation never takes the place of another.
 */
export function optionsVariant(protocol: ProtocolName, options: EvaluationOptions, runConfig: unknown): string | null {
  const own = evaluationOptions.safeParse((runConfig as { evaluation?: unknown } | undefined)?.evaluation ?? {});
  const told = (all: EvaluationOptions) => ({ ...leaves(protocolOptions(protocol, all)), bootstrapDraws: all.bootstrapDraws });
  const [before, now] = [told(own.success ? own.data : evaluationOptions.parse({})), told(options)];
  const changed = Object.entries(now).filter(
    ([key, value]) => key !== 'embeddingBatchSize' && canonicalJson(value) !== canonicalJson(before[key as keyof typeof before] ?? null),
  );
  if (changed.length === 0) return null;
  const words = changed
    .map(([key, value]) => `${key.replace(/Wanted$/, '')}${Array.isArray(value) ? value.join('.') : value}`)
    .sort()
    .join('_');
  return words.length <= 60 ? words : `options_${sha256(canonicalJson(Object.fromEntries(changed))).slice(0, 8)}`;
}

/** Nested keys by their last name: those of `compat` are told apart by it. */
function leaves(options: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(options).flatMap(([key, value]) =>
      typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(leaves(value)) : [[key, value]],
    ),
  );
}
