import type { EmbeddingMap } from '../embeddingMap.js';
import { percent } from '../format.js';

/** What stands at the axes of a map. */
export function mapAxes({ layout, explainedVariance: [first, second] }: EmbeddingMap): { xLabel: string; yLabel: string } {
  return layout === 'umap'
    ? { xLabel: 'UMAP 1', yLabel: 'UMAP 2' }
    : { xLabel: `component 1 (${percent(first)} of the variance)`, yLabel: `component 2 (${percent(second)})` };
}
