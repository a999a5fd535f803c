import { PCA } from 'ml-pca';
import { NUM_NEIGHBOURS, umapLayout } from '../eval/umapLayout.js';
import { readClipEmbeddings } from '../run/clipEmbeddings.js';
import { readPredictions } from '../run/predictions.js';
import type { RunFolder } from '../run/runFolder.js';
import { AudiosslError } from '../util/errors.js';
import { evenSample } from '../util/evenSample.js';

/** Principal components, or UMAP of the first fifty of them. */
export type MapLayout = 'pca' | 'umap';

/** Clip embeddings in the plane. */
export interface EmbeddingMap {
  /** As asked for, but for clips too few for UMAP. */
  layout: MapLayout;
  /** Share of the variance that each of the first two principal components holds. */
  explainedVariance: [number, number];
  points: MapPoint[];
  /** Clips of the split; more than the points where a sample is shown. */
  numClips: number;
}

export interface MapPoint {
  id: string;
  label: string;
  predicted: string;
  /** Index of `label` in the class names; -1 where it is none of them. */
  group: number;
  x: number;
  y: number;
}

/** PCA by singular values takes 2 s for 1,000 x 512; beyond this, clips at even distances in the list are shown. */
const mostPoints = 1500;
/** What UMAP sees of them: distances of points in 512 dimensions take longer and say as much. */
const umapComponents = 50;

/** The map of one evaluation's clips; undefined without stored embeddings, or with fewer than 3 clips. */
export async function embeddingMap(
  run: RunFolder,
  name: string,
  classNames: readonly string[],
  { layout = 'pca' }: { layout?: MapLayout } = {},
): Promise<EmbeddingMap | undefined> {
  const embeddings = await readClipEmbeddings(run, name);
  const table = embeddings && (await readPredictions(run, name));
  if (embeddings === undefined || table === undefined) return undefined;
  const { numRows, dim, data } = embeddings;
  if (numRows !== table.predictions.length) {
    throw new AudiosslError(
      `report: ${name}: embeddings and predictions must have the same rows, got ${numRows} and ${table.predictions.length}; evaluate again`,
    );
  }
  const rows = evenSample(numRows, mostPoints);
  if (rows.length < 3) return undefined;
  const embedded = rows.map((row) => data.subarray(row * dim, (row + 1) * dim));
  const { coordinates, explainedVariance } = principalCoordinates(embedded, layout === 'umap' ? umapComponents : 2);
  // Rows that are all the same have no neighbours.
  const isUmap = layout === 'umap' && rows.length > NUM_NEIGHBOURS && explainedVariance[0] > 0;
  const places = isUmap ? await laidOut(coordinates) : coordinates;
  const points = rows.map((row, i) => {
    const { id, label, predicted } = table.predictions[row];
    return { id, label, predicted, group: classNames.indexOf(label), x: places[i][0], y: places[i][1] };
  });
  return { layout: isUmap ? 'umap' : 'pca', explainedVariance, points, numClips: numRows };
}

/** Without a seed to choose: equal embeddings give an equal picture. */
async function laidOut(coordinates: readonly (readonly number[])[]): Promise<[number, number][]> {
  const places = await umapLayout(Float32Array.from(coordinates.flat()), { size: coordinates[0].length, seed: 0 });
  return coordinates.map((_, i) => [places[2 * i], places[2 * i + 1]]);
}

/**
 * The first principal components of L2-normalised rows (kNN compares directions, so does the map): as many as asked for where there are as
 * many, two at least. The sign of an axis means nothing: each is turned so that its largest loading is positive, equal input gives an equal
 * picture.
 */
export function principalCoordinates(
  rows: readonly Float32Array[],
  numComponents = 2,
): { coordinates: number[][]; explainedVariance: [number, number] } {
  const normalised = rows.map((row) => {
    const norm = Math.hypot(...row);
    return Array.from(row, (value) => (norm > 0 ? value / norm : 0));
  });
  const first = normalised[0];
  if (normalised.every((row) => row.every((value, i) => value === first[i]))) {
    return { coordinates: normalised.map(() => [0, 0]), explainedVariance: [0, 0] };
  }
  const pca = new PCA(normalised);
  const vectors = pca.getEigenvectors();
  const nComponents = Math.min(numComponents, vectors.columns);
  const signs = Array.from({ length: nComponents }, (_, k) => {
    const loadings = vectors.getColumn(k);
    const largest = loadings.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
    return largest < 0 ? -1 : 1;
  });
  const projected = pca.predict(normalised, { nComponents });
  const shares = pca.getExplainedVariance();
  return {
    coordinates: normalised.map((_, i) =>
      Array.from({ length: Math.max(2, nComponents) }, (_, k) => (k < nComponents ? signs[k] * projected.get(i, k) : 0)),
    ),
    explainedVariance: [shares[0], shares[1] ?? 0],
  };
}
