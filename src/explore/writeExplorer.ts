import { basename, join } from 'node:path';
import type { Dataset } from '../data/clip.js';
import type { FeatureStore } from '../data/FeatureStore.js';
import type { EmbeddingTable } from '../embed/embeddingTable.js';
import type { EmbeddingFile } from '../embed/readEmbeddings.js';
import { writeFileAtomic } from '../util/atomicFile.js';
import type { CsvTable } from '../util/csv.js';
import { AudiosslError, UsageError } from '../util/errors.js';
import { makeFolder } from '../util/makeFolder.js';
import { packageVersion } from '../util/packageVersion.js';
import { placeSounds } from '../util/placeSounds.js';
import { groupColouring, tableColourings } from './colourings.js';
import { type Colouring, explorePage } from './explorePage.js';
import { writePictures } from './pictureFiles.js';

/** Components that "sounds like" is measured by in the page, and that UMAP and the clusters see. */
const numComponents = 32;

export interface ExplorerInput {
  /** Rows to be shown: a file that `embed` made, or what was embedded just now. `meta.per` says whether a row is a whole recording, `clip`. */
  file: EmbeddingTable & Pick<EmbeddingFile, 'meta'>;
  /** Where the recordings lie, and their labels and splits where there are any. */
  dataset?: Pick<Dataset, 'clips'>;
  /** For pictures of the recordings. */
  store?: FeatureStore;
  /** Columns to colour by; `name` stands behind the name of each. */
  tables?: readonly { file: string; table: CsvTable; name?: string }[];
  out: string;
  /** Principal components (default), or UMAP. */
  map?: 'pca' | 'umap';
  /** Groups of k-means to colour by. Default 12. */
  numClusters?: number;
  /** Of UMAP and the clusters. Default 0. */
  seed?: number;
  /** Copied beside the page (default), played from where they lie, or left out. */
  sounds?: 'copy' | 'link' | 'none';
  /** Of the page. Default `Embeddings`. */
  title?: string;
  /** Worth saying on the page, a line each. */
  notes?: readonly string[];
  /** Stands on the page. Default: that of the package. */
  version?: string;
  signal?: AbortSignal;
  onProgress?: (stage: string, share: number) => void;
}

/**
 * Writes OUT/index.html, OUT/sounds and OUT/pictures: a map of embeddings to look at, listen to and mark. Returns the page's path and what
 * is worth saying. Throws UsageError for fewer than 3 rows, AudiosslError for a row that is not finite.
 *
 * @example
 * ```ts
 * import { embedToFile, findRecordings, loadDataset, loadModel, readEmbeddings, writeExplorer } from 'audiossl';
 * const recordings = await findRecordings(['my-recordings']);
 * await embedToFile({ model: await loadModel('runs/mine'), recordings, out: 'rows.npz', format: 'npz' });
 * const file = await readEmbeddings('rows.npz');
 * const { html, notes } = await writeExplorer({ file, dataset: await loadDataset('my-recordings'), out: 'map' });
 * await file.close();
 * [html, notes]; // => ['map/index.html', []]
 * ```
 */
export async function writeExplorer(input: ExplorerInput): Promise<{ html: string; notes: string[] }> {
  const { file, dataset, store, out, seed = 0, sounds = 'copy', title = 'Embeddings', signal, onProgress } = input;
  const { ids, dim } = file;
  const n = ids.length;
  if (n < 3) throw new UsageError(`explore: a map needs 3 rows or more, got ${n}`);
  const rows = await file.readRows(0, n);
  const strange = rows.findIndex((value) => !Number.isFinite(value));
  if (strange >= 0) {
    const row = Math.floor(strange / dim);
    throw new AudiosslError(`explore: every row must hold finite values, row ${row} (${ids[row]}) does not; embed it anew`);
  }
  // Their libraries are 250 files: who only imports audiossl does not pay for them.
  const { clusters } = await import('./clusters.js');
  const { principalComponents } = await import('./principalComponents.js');
  const { umapLayout } = await import('../eval/umapLayout.js');
  const components = principalComponents(rows, { dim, size: numComponents });
  const { data, size, explained } = components;
  const share = explained.reduce((sum, part) => sum + part, 0);
  const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
  const notes: string[] = [...(input.notes ?? [])];

  const isUmap = input.map === 'umap';
  const positions = isUmap
    ? await umapLayout(data, { size, seed, signal, onProgress: (part) => onProgress?.('laying out', part) })
    : firstTwo(data, size);
  const axes: [string, string] = isUmap
    ? ['UMAP 1', 'UMAP 2']
    : [`component 1 (${percent(explained[0])} of the variance)`, `component 2 (${percent(explained[1] ?? 0)})`];

  const clipOf = clipFinder(ids, dataset);
  const labels = ids.map((id) => clipOf(id)?.label);
  const numUnknown = dataset === undefined ? 0 : new Set(ids.filter((id) => clipOf(id) === undefined)).size;
  if (numUnknown > 0) notes.push(`${numUnknown} recordings of the embeddings are not in the data folder: no label, no sound`);
  const hasLabels = labels.some((label) => label !== undefined);
  const splits = ids.map((id) => clipOf(id)?.split ?? clipOf(id)?.fold);
  const colourings: Colouring[] = [
    ...(hasLabels ? [groupColouring('class', labels)] : []),
    groupColouring('cluster', clusters(data, { size, count: input.numClusters ?? 12, seed }).map((group) => String(group + 1).padStart(2, '0'))), // biome-ignore format: one line
    ...(splits.some((split) => split !== undefined) ? [groupColouring('split', splits)] : []),
  ];
  for (const source of input.tables ?? []) {
    const { colourings: more, numMatched } = tableColourings(source.table, source.file, ids);
    if (numMatched < n && source.name === undefined) notes.push(`${source.file} names the recordings of ${numMatched} of ${n} points`);
    for (const colouring of more) colourings.push({ ...colouring, name: colouringName(colouring.name, source, colourings) });
  }

  await makeFolder(out);
  const paths = ids.map((id) => (sounds === 'none' ? undefined : clipOf(id)?.path));
  const { sources, numMissing } = await placeSounds(paths, { out, copy: sounds === 'copy', signal });
  if (numMissing > 0) notes.push(`${numMissing} recordings are not in the data folder: they cannot be played`);
  if (sounds === 'link' && dataset !== undefined)
    notes.push('sounds are played from where the data lie: they fall silent when page or data are moved');
  if (store !== undefined) {
    const indexOf = new Map(store.clips.map(({ id }, i) => [id, i]));
    const clips = ids.map((id) => indexOf.get(id));
    await writePictures(store, clips, out, { signal, onProgress: (done) => onProgress?.('pictures', done / n) });
  }
  const hasTimes = file.meta.per !== 'clip';
  const html = join(out, 'index.html');
  const page = explorePage({
    ...{ title, ids, positions, axes, colourings, sounds: sources, version: input.version ?? packageVersion() },
    ...(hasLabels && { labels }),
    ...(hasTimes && { timesMs: [...file.timestamps] }),
    components: { data, size, share },
    hasPictures: store !== undefined,
    notes: [
      `"Sounds like" compares directions from the mean of all in the first ${size} principal components, which hold ${percent(share)} of the variance`,
      ...notes,
    ],
  });
  await writeFileAtomic(html, page);
  return { html, notes };
}

/** What a column is chosen by: its name, with the table's where that is given or the column's alone is taken. */
function colouringName(column: string, { file, name }: { file: string; name?: string }, taken: readonly Colouring[]): string {
  const full = `${column} (${name ?? basename(file)})`;
  const names = [...(name === undefined ? [column] : []), full, ...Array.from(taken, (_, i) => `${full} ${i + 2}`)];
  return names.find((candidate) => taken.every((other) => other.name !== candidate)) as string;
}

function firstTwo(data: Float32Array, size: number): Float32Array {
  const n = data.length / size;
  const out = new Float32Array(2 * n);
  for (let i = 0; i < n; i++) {
    out[2 * i] = data[i * size];
    out[2 * i + 1] = size > 1 ? data[i * size + 1] : 0;
  }
  return out;
}

/** The clip of an id: embeddings may have been made of a folder below or above the data folder, so a name that is there once will do. */
function clipFinder(ids: readonly string[], dataset: ExplorerInput['dataset']) {
  const byId = new Map(dataset?.clips.map((clip) => [clip.id, clip]));
  const known = ids.some((id) => byId.has(id));
  if (known || dataset === undefined) return (id: string) => byId.get(id);
  const nameOf = (id: string) => id.slice(id.lastIndexOf('/') + 1);
  const byName = new Map<string, (typeof dataset.clips)[number] | undefined>();
  for (const clip of dataset.clips) byName.set(nameOf(clip.id), byName.has(nameOf(clip.id)) ? undefined : clip);
  return (id: string) => byName.get(nameOf(id));
}
