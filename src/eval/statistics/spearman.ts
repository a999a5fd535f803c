/**
 * Spearman's rank correlation, -1 .. 1: Pearson's of the ranks, equal values sharing the mean of theirs. Null for under three pairs, or
 * where all values of one side are equal.
 */
export function spearman(a: readonly number[], b: readonly number[]): number | null {
  if (a.length < 3 || a.length !== b.length) return null;
  const [x, y] = [centred(ranks(a)), centred(ranks(b))];
  const product = (p: readonly number[], q: readonly number[]) => p.reduce((sum, value, i) => sum + value * q[i], 0);
  const size = Math.sqrt(product(x, x) * product(y, y));
  return size === 0 ? null : product(x, y) / size;
}

function ranks(values: readonly number[]): number[] {
  return values.map((value) => {
    const below = values.filter((other) => other < value).length;
    const equal = values.filter((other) => other === value).length;
    return below + (equal + 1) / 2;
  });
}

function centred(values: readonly number[]): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map((value) => value - mean);
}
