import { writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { type EmbeddingFile, readEmbeddings } from '../embed/readEmbeddings.js';
import type { RowKind } from '../embed/recordingPatches.js';
import { rowSpan } from '../embed/rowSpan.js';
import type { Model } from '../model/loadModel.js';
import { writeFolderAtomic } from '../util/atomicFolder.js';
import { loadUsearch } from '../util/loadUsearch.js';
import { checkRowsOfModel } from './checkRowsOfModel.js';
import type { Exporter } from './exporter.js';
import { type HopliteRecording, hopliteDatabase } from './hoplite/hopliteDatabase.js';
import { toUnitRows } from './hoplite/unitRows.js';
import { weightsOfBytes, writeModelCard } from './modelCard.js';
import { FACTS_KEY, modelFacts } from './modelFacts.js';
import { onnxForm, onnxModel } from './onnx/onnxModel.js';

const ROWS_AT_ONCE = 2048;
/** What hoplite's own databases have. */
const indexConfig = { dtype: 'float16', metric_name: 'IP', expansion_add: 256, expansion_search: 128 } as const;

/**
 * Rows of an embedding file as a folder that perch-hoplite opens as its database: `hoplite.sqlite`, `usearch.index` (float16, rows of length
 * 1, because hoplite's scores are products) and `encoder.onnx`, which embeds queries from samples. Throws UsageError where the rows are not
 * of this model.
 */
export const exportHoplite: Exporter = async ({ model, out, options: { embeddings = '', audio, data, transfer }, onProgress, signal }) => {
  const { Index, MetricKind, ScalarKind } = await loadUsearch('export: --format hoplite');
  const table = await readEmbeddings(embeddings);
  try {
    const { per } = checkRowsOfModel(embeddings, table, model);
    const { ids, dim } = table;
    const project = basename(resolve(audio ?? embeddings)).replace(/\.(npz|npy)$/, '');
    const recordings = recordingsOf(table, per, model);
    const facts = modelFacts(model);
    const encoder = await onnxModel(model, { input: 'unitWaveform', metadata: { [FACTS_KEY]: JSON.stringify(facts) } });
    const metadata = {
      usearch_config: { embedding_dim: dim, ...indexConfig },
      audio_sources: { audio_globs: [audioGlob(project, audio)] },
      model_config: modelConfig(model, per, resolve(out, 'encoder.onnx')),
      [FACTS_KEY]: { ...facts, embeddings: basename(embeddings), per },
    };
    await writeFolderAtomic(out, 'export', async (dir) => {
      const index = new Index({
        ...{ dimensions: dim, metric: MetricKind.IP, quantization: ScalarKind.F16, connectivity: 16, multi: false },
        expansion_add: indexConfig.expansion_add,
        expansion_search: indexConfig.expansion_search,
      });
      for (let first = 0; first < ids.length; first += ROWS_AT_ONCE) {
        signal?.throwIfAborted();
        const count = Math.min(ROWS_AT_ONCE, ids.length - first);
        const rows = toUnitRows(await table.readRows(first, count), dim, (row) => ids[first + row]);
        index.add(
          BigUint64Array.from({ length: count }, (_, i) => BigInt(first + i + 1)),
          rows,
        );
        onProgress?.(first + count, ids.length);
        await new Promise(setImmediate);
      }
      index.save(join(dir, 'usearch.index'));
      await writeFile(join(dir, 'hoplite.sqlite'), await hopliteDatabase({ project, recordings, metadata }));
      await writeFile(join(dir, 'encoder.onnx'), encoder);
      const weights = weightsOfBytes('encoder.onnx', encoder, onnxForm);
      await writeModelCard({ model, path: join(dir, 'card.md'), name: project, weights, data, transfer });
    });
    return `a perch-hoplite database of ${ids.length} windows of ${recordings.length} recordings`;
  } finally {
    await table.close();
  }
};

/** Windows of each recording; a recording's rows stand together. */
function recordingsOf({ ids, timestamps }: EmbeddingFile, per: RowKind, model: Model): HopliteRecording[] {
  const recordings: { filename: string; windows: [number, number][] }[] = [];
  for (const [row, filename] of ids.entries()) {
    const last = recordings[recordings.length - 1];
    const offsets = rowSpan(timestamps[row], per, model);
    if (last?.filename === filename) last.windows.push(offsets);
    else recordings.push({ filename, windows: [offsets] });
  }
  return recordings;
}

/** Where hoplite finds the sound of a window, to play it. */
function audioGlob(project: string, audio: string | undefined) {
  return {
    dataset_name: project,
    base_path: audio === undefined ? '' : resolve(audio),
    file_glob: '**/*',
    min_audio_len_s: 0,
    target_sample_rate_hz: -2,
    shard_len_s: null,
    max_shards_per_file: null,
  };
}

/** For hoplite's `TaxonomyModelOnnx.from_config`, which embeds a query as the rows were. */
function modelConfig({ frontEnd, encoder, patchFrames }: Model, per: RowKind, path: string) {
  const patchSeconds = (patchFrames * frontEnd.hopLength) / frontEnd.sampleRate;
  const [window, hop] = typeof per === 'object' ? [per.window, per.hop] : [patchSeconds, patchSeconds];
  return {
    model_key: 'audiossl',
    embedding_dim: encoder.embeddingSize,
    model_config: {
      ...{ model_path: path, sample_rate: frontEnd.sampleRate, window_size_s: window, hop_size_s: hop, target_peak: null },
      ...{ input_name: 'samples', output_map: { embedding: 'embedding' } },
    },
    logits_key: null,
    logits_idxes: null,
  };
}
