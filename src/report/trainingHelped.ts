import { type Answer, isBetter } from '../eval/statistics/intervalSide.js';
import type { BaselineRecord, EvaluationRecord } from '../run/evaluationRecord.js';
import { differenceText } from './differenceText.js';

export interface TrainingHelped {
  answer: Answer;
  /** Everything without training that predicted the same clips. */
  against: readonly Pick<BaselineRecord, 'name' | 'difference'>[];
  /** `yes: +9.3 (+6.1 to +12.6) points against log-mel statistics ...`. */
  text: string;
}

/**
 * Whether the evaluated encoder is better than no training: than log-mel statistics and than the same network with random weights, in the
 * share of clips that are right. Undefined where no baseline but chance was evaluated.
 */
export function trainingHelped({ baselines }: Pick<EvaluationRecord, 'baselines'>): TrainingHelped | undefined {
  const against = baselines.filter(({ name }) => name !== 'chance');
  if (against.length === 0) return undefined;
  const answer = isBetter(against.map(({ difference }) => difference?.micro));
  const differences = against.map(({ name, difference }) => `${differenceText(difference?.micro)} against ${name}`);
  return { answer, against, text: `${answer}: ${differences.join('; ')} (points, paired)` };
}
