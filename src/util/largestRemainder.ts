/**
 * Whole numbers in proportion to `shares` that add up to `total` (Hamilton's method): each share is cut down, and what is left goes to the
 * largest remainders, the first of equal ones. Shares are 0 or more; where all are 0, so are the numbers.
 */
export function largestRemainder(shares: readonly number[], total: number): number[] {
  const sum = shares.reduce((a, b) => a + b, 0);
  if (sum === 0) return shares.map(() => 0);
  // 12 digits, so that a third of 3 is 1 and not 0.999...
  const quotas = shares.map((share) => Number(((share / sum) * total).toPrecision(12)));
  const numbers = quotas.map(Math.floor);
  const left = total - numbers.reduce((a, b) => a + b, 0);
  const order = quotas.map((quota, i) => ({ i, rest: quota - numbers[i] })).sort((a, b) => b.rest - a.rest || a.i - b.i);
  for (const { i } of order.slice(0, left)) numbers[i]++;
  return numbers;
}
