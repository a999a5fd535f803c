import { UMAP } from 'umap-js';
import { UsageError } from '../util/errors.js';
import { Rng } from '../util/rng.js';

/** umap-js needs more rows than it looks at neighbours of each. */
export const NUM_NEIGHBOURS = 15;

/**
 * UMAP of rows in the plane (McInnes, Healy & Melville 2018), by umap-js: neighbours stay neighbours, distances between groups mean little.
 * Equal input and seed give an equal layout. Takes about 3 s for 1,000 rows, more than in proportion for more.
 *
 * @param data `[n, size]`, row-major, finite: principal components
 */
export async function umapLayout(
  data: Float32Array,
  { size, seed, signal, onProgress }: { size: number; seed: number; signal?: AbortSignal; onProgress?: (share: number) => void },
): Promise<Float32Array> {
  const n = data.length / size;
  if (n <= NUM_NEIGHBOURS) throw new UsageError(`explore: --map umap needs more than ${NUM_NEIGHBOURS} rows, got ${n}; take --map pca`);
  const rows = Array.from({ length: n }, (_, i) => Array.from(data.subarray(i * size, (i + 1) * size)));
  const rng = new Rng({ seed, purpose: 'umap' });
  const umap = new UMAP({ nComponents: 2, nNeighbors: NUM_NEIGHBOURS, random: () => rng.uniform(0, 1) });
  const numEpochs = umap.initializeFit(rows);
  for (let epoch = 0; epoch < numEpochs; epoch++) {
    umap.step();
    if (epoch % 10 === 0) {
      onProgress?.(epoch / numEpochs);
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    }
  }
  return Float32Array.from(umap.getEmbedding().flat());
}
