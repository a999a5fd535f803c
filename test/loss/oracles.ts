/** The losses as plain loops in float64, the definitions word for word: the specification of src/loss. */
export type Rows = number[][];

const dot = (a: number[], b: number[]): number => a.reduce((sum, value, i) => sum + value * b[i], 0);

export function unit(row: number[]): number[] {
  const length = Math.sqrt(dot(row, row));
  return row.map((value) => value / length);
}

/** Each row's loss, first views then second views. */
export function ntXentRows(a: Rows, b: Rows, temperature: number): number[] {
  const rows = [...a, ...b].map(unit);
  return rows.map((anchor, i) => {
    const positive = (i + a.length) % rows.length;
    let sum = 0;
    for (const [k, other] of rows.entries()) if (k !== i) sum += Math.exp(dot(anchor, other) / temperature);
    return -Math.log(Math.exp(dot(anchor, rows[positive]) / temperature) / sum);
  });
}

export const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Squared angles of all ordered positive pairs, and squared shortfalls of all ordered negative ones. */
export function marginPairs(embeddings: Rows, labels: number[], marginRadians: number): { positives: number[]; negatives: number[] } {
  const rows = embeddings.map(unit);
  const positives: number[] = [];
  const negatives: number[] = [];
  for (const [i, a] of rows.entries()) {
    for (const [j, b] of rows.entries()) {
      if (i === j) continue;
      const angle = Math.acos(Math.min(1, Math.max(-1, dot(a, b))));
      if (labels[i] === labels[j]) positives.push(angle ** 2);
      else negatives.push(Math.max(0, marginRadians - angle) ** 2);
    }
  }
  return { positives, negatives };
}

export const twice = (n: number): number[] => Array.from({ length: 2 * n }, (_, i) => i % n);
