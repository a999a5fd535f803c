import { UsageError } from '../util/errors.js';
import { type Clip, compareCodeUnits } from './clip.js';

/** The folds of a data set, numbers in the order of numbers, before any other name. */
export function foldNames(clips: readonly Pick<Clip, 'fold'>[]): string[] {
  return [...new Set(clips.flatMap(({ fold }) => fold ?? []))].sort((a, b) => {
    const [x, y] = [Number(a), Number(b)];
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || compareCodeUnits(a, b);
    return x - y || compareCodeUnits(a, b);
  });
}

/** Who trains, validates and tests when `fold` is the test fold: the next of the data's folds validates, the others train. */
export function foldRoles(
  fold: string,
  dataFolds: readonly string[],
  place: string,
): { testFold: string; validationFolds: string[]; trainFolds: string[] } {
  const index = dataFolds.indexOf(fold);
  if (index < 0) {
    const known = dataFolds.length === 0 ? 'data without folds' : dataFolds.join(', ');
    throw new UsageError(`${place}: fold ${fold} must be one of the data's folds, got ${known}`);
  }
  if (dataFolds.length < 3)
    throw new UsageError(`${place}: folds to train, validate and test on need data of 3 folds or more, got ${dataFolds.join(', ')}`);
  const validation = dataFolds[(index + 1) % dataFolds.length];
  return {
    testFold: fold,
    validationFolds: [validation],
    trainFolds: dataFolds.filter((other) => other !== fold && other !== validation),
  };
}
