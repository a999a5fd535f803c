import { UsageError } from '../util/errors.js';

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

/** The folds of clips in the order people count them: 1, 2, 10. */
export function foldsOf(clips: readonly { fold?: string }[]): string[] {
  const folds = [...new Set(clips.flatMap(({ fold }) => fold ?? []))];
  return folds.sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1));
}
