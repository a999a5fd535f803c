import { readFile } from 'node:fs/promises';
import { writeExplorer } from '../../explore/writeExplorer.js';
import { type CsvTable, parseCsv } from '../../util/csv.js';
import { decodeUtf8 } from '../../util/decodeUtf8.js';
import { errorText, UsageError } from '../../util/errors.js';
import { prepareFolder } from '../../util/prepareFolder.js';
import { interruptible } from '../interruptible.js';
import { createStages } from '../stages.js';
import type { Explored } from './explored.js';
import type { ExploreOptions } from './exploreOptions.js';
import { withEmbeddedClips } from './withEmbeddedClips.js';
import { withEmbeddingFile } from './withEmbeddingFile.js';

/** Writes the page and returns its path; what is worth saying goes to standard error. */
export async function runExplore(run: string | undefined, options: ExploreOptions, version: string): Promise<string> {
  const { embeddings, out, map, clusters: numClusters, seed, sounds } = options;
  requireOneSource(run, options);
  const tables = await Promise.all(options.table.map(readTable));
  await prepareFolder(out, { who: 'explore' });
  const stages = createStages();
  const { html, notes } = await interruptible((signal) => {
    const write = ({ tables: own, ...explored }: Explored) => {
      const onProgress = (stage: string, share: number) => stages.show(stage, Math.round(100 * share), 100);
      const input = { ...explored, tables: [...own, ...tables] };
      return writeExplorer({ ...input, ...{ out, map, numClusters, seed, sounds, version, signal, onProgress } });
    };
    return embeddings === undefined
      ? withEmbeddedClips(run, options, { signal, onProgress: stages.show }, write)
      : withEmbeddingFile(embeddings, options, write);
  }).finally(() => stages.finish());
  for (const note of notes) process.stderr.write(`explore: ${note}\n`);
  return html;
}

/** A run (or model) and clips, or a file of embeddings, which are of a model and of clips already. */
function requireOneSource(run: string | undefined, { embeddings, data, features, split, checkpoint }: ExploreOptions): void {
  if (embeddings === undefined) {
    if (run !== undefined || data !== undefined || features !== undefined) return;
    throw new UsageError('explore: name a run, --data DIR with recordings to embed, or --embeddings FILE');
  }
  const others = { 'a run': run, '--split': split, '--checkpoint': checkpoint };
  const [other] = Object.entries(others).find(([, value]) => value !== undefined) ?? [];
  if (other !== undefined) throw new UsageError(`explore: --embeddings are of a model and of clips already; leave them out, or ${other}`);
}

async function readTable(file: string): Promise<{ file: string; table: CsvTable }> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new UsageError(`explore: --table ${file} must be readable: ${errorText(error)}`);
  });
  return { file, table: parseCsv(decodeUtf8(bytes, `explore: --table ${file}`), file) };
}
