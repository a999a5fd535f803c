import { InvalidArgumentError } from 'commander';

/** Parsers for commander's `option(flags, description, parser)`: a wrong value is wrong use, exit code 2. */
function wholeNumber(value: string, minimum: number): number {
  const number = Number(value);
  if (!/^\d+$/.test(value.trim()) || !Number.isSafeInteger(number) || number < minimum)
    throw new InvalidArgumentError(`expected a whole number from ${minimum} up, got "${value}".`);
  return number;
}

/** 1, 2, 3 ... */
export function positiveInteger(value: string): number {
  return wholeNumber(value, 1);
}

/** 0, 1, 2 ... */
export function nonNegativeInteger(value: string): number {
  return wholeNumber(value, 0);
}

/** What the config's key seed takes: 0 to 2^32 - 1. */
export function seedNumber(value: string): number {
  const seed = wholeNumber(value, 0);
  if (seed > 0xffffffff) throw new InvalidArgumentError(`expected a seed up to 4294967295, got "${value}".`);
  return seed;
}

/** Seconds above 0. */
export function positiveNumber(value: string): number {
  const number = Number(value);
  if (!(number > 0 && Number.isFinite(number))) throw new InvalidArgumentError(`expected seconds above 0, got "${value}".`);
  return number;
}

/** For an option that may be given several times: `.option('--set <path=value>', text, collect, [])`; without `[]` it can be a required one. */
export function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}
