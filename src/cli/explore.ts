import { basename } from 'node:path';
import { type Command, Option } from 'commander';
import type { BackendOptions } from '../backend/setBackend.js';
import type { FeatureStore } from '../data/FeatureStore.js';
import type { DatasetFormat } from '../data/loadDataset.js';
import type { Progress } from '../util/progress.js';
import { addBackendOptions } from './backendOptions.js';
import { formatOption } from './formatOption.js';
import { collect, nonNegativeInteger, positiveInteger } from './optionParsers.js';

interface ExploreCommandOptions extends Partial<BackendOptions> {
  embeddings: string;
  out: string;
  data?: string;
  format: DatasetFormat;
  features?: string;
  table: string[];
  map: 'pca' | 'umap';
  clusters: number;
  sounds: 'copy' | 'link' | 'none';
  seed: number;
  json?: boolean;
}

/** `audiossl explore --embeddings FILE --data DIR --out DIR`: a page to look at, listen to and mark what was embedded. */
export function registerExplore(program: Command): void {
  const command = program
    .command('explore')
    .description('write a page with a map of embeddings: see and hear each recording, search by example, draw around points, mark and save them as csv') // biome-ignore format: one line
    .requiredOption('--embeddings <file>', '.npz or .npy made by audiossl embed')
    .requiredOption('--out <dir>', 'folder for index.html, sounds and pictures')
    .option('--data <dir>', 'folder of the recordings: for sounds, labels and splits')
    .addOption(formatOption().default('auto'))
    .option('--features <store>', 'feature store of the same recordings: for log-mel pictures')
    .option('--table <file>', 'csv with a column id and others to colour by, such as the labels.csv of a label audit or the predictions of an evaluation (repeatable)', collect, []) // biome-ignore format: one line
    .addOption(
      new Option('--map <name>', 'principal components, or UMAP (about 3 s for 1,000 rows)').choices(['pca', 'umap']).default('pca'),
    )
    .option('--clusters <number>', 'groups of k-means to colour by', positiveInteger, 12)
    .addOption(
      new Option('--sounds <how>', 'copy the recordings beside the page, or play them from where they lie')
        .choices(['copy', 'link', 'none'])
        .default('copy'),
    )
    .option('--seed <number>', 'of UMAP and the clusters', nonNegativeInteger, 0)
    .option('--json', 'print the path as JSON');
  addBackendOptions(command).action(async (options: ExploreCommandOptions) => {
    const [
      { readEmbeddings },
      { interruptible },
      { loadDataset },
      { FeatureStore },
      { writeExplorer },
      { pickBackend },
      { createProgress },
    ] = await Promise.all([
      import('../embed/readEmbeddings.js'),
      import('./interruptible.js'),
      import('../data/loadDataset.js'),
      import('../data/FeatureStore.js'),
      import('../explore/writeExplorer.js'),
      import('./backendOptions.js'),
      import('../util/progress.js'),
    ]);
    const tables = await Promise.all(options.table.map(readTableOf));
    const dataset = options.data === undefined ? undefined : await loadDataset(options.data, { format: options.format });
    const file = await readEmbeddings(options.embeddings);
    let store: FeatureStore | undefined;
    let progress: { stage: string; bar: Progress } | undefined;
    const onProgress = (stage: string, share: number) => {
      if (progress?.stage !== stage) {
        progress?.bar.finish();
        progress = { stage, bar: createProgress({ label: stage[0].toUpperCase() + stage.slice(1), total: 100, unit: '%' }) };
      }
      progress.bar.update(Math.round(100 * share));
    };
    try {
      store = options.features === undefined ? undefined : await FeatureStore.open(options.features);
      await pickBackend(options);
      const { out, map, clusters: numClusters, seed, sounds } = options;
      const { html, notes } = await interruptible((signal) =>
        writeExplorer({
          ...{ file, dataset, store, tables, out, map, numClusters, seed, sounds, signal, onProgress },
          title: options.data === undefined ? basename(options.embeddings) : `${basename(options.embeddings)} of ${basename(options.data)}`,
          version: program.version() ?? '',
        }),
      );
      for (const note of notes) process.stderr.write(`explore: ${note}\n`);
      process.stdout.write(options.json === true ? `${JSON.stringify({ html })}\n` : `${html}\n`);
    } finally {
      progress?.bar.finish();
      await file.close();
      await store?.close();
    }
  });
}

async function readTableOf(file: string) {
  const [{ readFile }, { parseCsv }, { UsageError, errorText }] = await Promise.all([
    import('node:fs/promises'),
    import('../util/csv.js'),
    import('../util/errors.js'),
  ]);
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`explore: --table ${file} must be readable: ${errorText(error)}`);
  });
  return { file, table: parseCsv(text, file) };
}
