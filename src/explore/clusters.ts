import { kmeans } from 'ml-kmeans';

/** More rows than these take too long; the rest go to the nearest centre. */
const mostRows = 5000;

/**
 * k-means of rows, by the ml-kmeans library, seeded: group of each row, the largest group first.
 *
 * @param data `[n, size]`, row-major
 */
export function clusters(data: Float32Array, { size, count, seed }: { size: number; count: number; seed: number }): number[] {
  const n = data.length / size;
  const rowAt = (i: number) => Array.from(data.subarray(i * size, (i + 1) * size));
  const every = Math.max(1, Math.ceil(n / mostRows));
  const sample = Array.from({ length: Math.ceil(n / every) }, (_, i) => rowAt(i * every));
  const result = kmeans(sample, Math.min(count, sample.length), { seed, maxIterations: 50 });
  const raw = result.nearest(Array.from({ length: n }, (_, i) => rowAt(i)));
  const sizes = new Map<number, number>();
  for (const group of raw) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const rank = new Map([...sizes].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([group], i) => [group, i]));
  return raw.map((group) => rank.get(group) as number);
}
