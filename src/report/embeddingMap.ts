import { PCA } from 'ml-pca';
import { readClipEmbeddings } from '../run/clipEmbeddings.js';
import { readPredictions } from '../run/predictions.js';
import type { RunFolder } from '../run/runFolder.js';
import { AudiosslError } from '../util/errors.js';
import { evenSample } from '../util/evenSample.js';

/** Clip embeddings in the plane. */
export interface EmbeddingMap {
  /** Share of the variance that each of the two axes holds. */
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

/** The map of one evaluation's clips; undefined without stored embeddings, or with fewer than 3 clips. */
export async function embeddingMap(run: RunFolder, name: string, classNames: readonly string[]): Promise<EmbeddingMap | undefined> {
  const embeddings = await readClipEmbeddings(run, name);
  const table = await readPredictions(run, name);
  if (embeddings === undefined || table === undefined) return undefined;
  const { numRows, dim, data } = embeddings;
  if (numRows !== table.predictions.length) {
    throw new AudiosslError(
      `report: ${name}: embeddings and predictions must have the same rows, got ${numRows} and ${table.predictions.length}; evaluate again`,
    );
  }
  const rows = evenSample(numRows, mostPoints);
  if (rows.length < 3) return undefined;
  const { coordinates, explainedVariance } = projectToPlane(rows.map((row) => data.subarray(row * dim, (row + 1) * dim)));
  const points = rows.map((row, i) => {
    const { id, label, predicted } = table.predictions[row];
    return { id, label, predicted, group: classNames.indexOf(label), x: coordinates[i][0], y: coordinates[i][1] };
  });
  return { explainedVariance, points, numClips: numRows };
}

/**
 * The first two principal components of L2-normalised rows (kNN compares directions, so does the map).
 * The sign of an axis means nothing: each is turned so that its largest loading is positive, equal input gives an equal picture.
 */
export function projectToPlane(rows: readonly Float32Array[]): { coordinates: [number, number][]; explainedVariance: [number, number] } {
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
  const nComponents = Math.min(2, vectors.columns);
  const signs = Array.from({ length: nComponents }, (_, k) => {
    const loadings = vectors.getColumn(k);
    const largest = loadings.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
    return largest < 0 ? -1 : 1;
  });
  const projected = pca.predict(normalised, { nComponents });
  const shares = pca.getExplainedVariance();
  return {
    coordinates: normalised.map((_, i) => [signs[0] * projected.get(i, 0), nComponents > 1 ? signs[1] * projected.get(i, 1) : 0]),
    explainedVariance: [shares[0], shares[1] ?? 0],
  };
}
