/** Where a 95 % interval lies: wholly above the border, wholly below it, or on both sides; one that touches the border decides nothing. */
export function intervalSide({ low, high }: { low: number; high: number }, border = 0): 'above' | 'below' | 'both' {
  if (low > border) return 'above';
  return high < border ? 'below' : 'both';
}

/** An answer that an interval gives. */
export type Answer = 'yes' | 'no' | 'undecided';

/**
 * Whether what was measured is better, by differences to each of the things that it must be better than: yes = every 95 % interval lies
 * above 0; no = one lies below; else undecided, also where there is no interval. The same rule as for the claims of a comparison, but about these very weights: of how far
 * another seed would be off one run says nothing.
 */
export function isBetter(differences: readonly ({ low: number; high: number } | undefined)[]): Answer {
  const sides = differences.map((difference) => difference && intervalSide(difference));
  if (sides.includes('below')) return 'no';
  return sides.length > 0 && sides.every((side) => side === 'above') ? 'yes' : 'undecided';
}
