import type { WebFacts } from '../export/web/webFacts.js';

export interface NearestSound {
  id: string;
  timeMs?: number;
  sound?: string;
  /** Cosine of the angle between the two embeddings. */
  similarity: number;
}

/** The rows nearest to an embedding by cosine, nearest first; rows that came as int16 give it within 1e-4. */
export function nearestSounds(
  embedding: Float32Array,
  values: Int16Array,
  { ids, timesMs, sounds }: NonNullable<WebFacts['rows']>,
  count: number,
): NearestSound[] {
  const dim = embedding.length;
  const length = Math.hypot(...embedding);
  const similarities = Float32Array.from(ids, (_, row) => {
    let product = 0;
    let square = 0;
    for (let i = 0, at = row * dim; i < dim; i++, at++) {
      product += embedding[i] * values[at];
      square += values[at] * values[at];
    }
    return product / (length * Math.sqrt(square));
  });
  const order = [...ids.keys()]
    .filter((row) => !Number.isNaN(similarities[row]))
    .sort((a, b) => similarities[b] - similarities[a] || a - b);
  return order.slice(0, count).map((row) => ({
    id: ids[row],
    ...(timesMs && { timeMs: timesMs[row] }),
    ...(sounds?.[row] && { sound: sounds[row] }),
    similarity: similarities[row],
  }));
}
