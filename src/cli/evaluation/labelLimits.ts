import { InvalidArgumentError } from 'commander';
import type { LabelLimit } from '../../eval/limitLabels.js';

/** `0.01,0.1,1`: shares of the labels, over 0 and at most 1 (all). */
export function parseFractions(text: string): number[] {
  return parseList(text).map((part) => {
    const share = Number(part);
    if (Number.isFinite(share) && share > 0 && share <= 1) return share;
    throw new InvalidArgumentError(`expected shares of the labels over 0 and at most 1, such as 0.01,0.1,0.5,1, got "${text}".`);
  });
}

/** `1,5,10`: clips a class. */
export function parseShots(text: string): number[] {
  return parseList(text).map((part) => {
    const shots = Number(part);
    if (Number.isSafeInteger(shots) && shots >= 1) return shots;
    throw new InvalidArgumentError(`expected numbers of clips a class from 1 up, such as 1,5,10, got "${text}".`);
  });
}

/** `1,2,3`: names, without empty ones. */
export function parseList(text: string): string[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.some((part) => part === '')) throw new InvalidArgumentError(`expected values with commas between them, got "${text}".`);
  return parts;
}

/** The limits of a series, in the order given; a share of 1 is no limit. */
export function labelLimits({ labelFractions, shots }: { labelFractions?: number[]; shots?: number[] }): (LabelLimit | 'all')[] {
  const limits: (LabelLimit | 'all')[] = [
    ...(labelFractions ?? []).map((labelFraction) => (labelFraction === 1 ? 'all' : { labelFraction })),
    ...(shots ?? []).map((count) => ({ shots: count })),
  ];
  return limits.length > 0 ? limits : ['all'];
}
