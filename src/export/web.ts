import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { readEmbeddings } from '../embed/readEmbeddings.js';
import { loadCheckpoint } from '../model/checkpoint.js';
import { loadProbe, withProbe } from '../model/keptProbe.js';
import type { Model } from '../model/loadModel.js';
import { writeFolderAtomic } from '../util/atomicFolder.js';
import { UsageError } from '../util/errors.js';
import { insideFolder } from '../util/insideFolder.js';
import { packageFile } from '../util/packageFile.js';
import { packageVersion } from '../util/packageVersion.js';
import { placeSounds } from '../util/placeSounds.js';
import { checkRowsOfModel } from './checkRowsOfModel.js';
import type { Exporter } from './exporter.js';
import { weightsOfBytes, writeModelCard } from './modelCard.js';
import { onnxForm, onnxModel } from './onnx/onnxModel.js';
import { readRuntime } from './web/readRuntime.js';
import type { WebFacts } from './web/webFacts.js';
import { webPage } from './web/webPage.js';
import { writePart, writeParts } from './web/writeParts.js';

/** What a page can hold beside the encoder. */
const maxRowBytes = 2 ** 28;

/**
 * A folder for a browser: `index.html`, which works by double click or from any server, and `audiossl.js`, by which a page of one's own
 * embeds sounds. Front end and decoders are those of Node.js, bundled; the encoder runs on onnxruntime-web, whose files are copied from the
 * installed package. Throws AudiosslError where it is not installed, UsageError for rows or a probe of another model.
 */
export const exportWeb: Exporter = async ({ model, out, options: { embeddings, audio, probe, data, transfer }, onProgress, signal }) => {
  if (audio !== undefined && embeddings === undefined)
    throw new UsageError('export: --audio has the sounds of --embeddings FILE; give both, or leave --audio out');
  const { runtime, wasm } = await readRuntime();
  const classifier = await classifierOf(model, probe);
  const encoder = await onnxModel(model, { input: 'logMel', metadata: {} });
  const title = basename(resolve(out));
  await writeFolderAtomic(out, 'export', async (dir) => {
    await mkdir(join(dir, 'parts'));
    const facts: WebFacts = {
      title,
      version: packageVersion(),
      encoder: model.encoder.name,
      ...(model.checkpoint && { sha256: model.checkpoint.sha256 }),
      frontEnd: model.frontEnd,
      patchFrames: model.patchFrames,
      patchHop: model.patchHop,
      embeddingSize: model.encoder.embeddingSize,
      parts: {
        runtime: await writeParts(dir, 'runtime', runtime),
        wasm: await writeParts(dir, 'wasm', wasm),
        encoder: await writeParts(dir, 'encoder', encoder),
      },
      ...(classifier && { classifier }),
      ...(embeddings !== undefined && { rows: await writeRows(dir, { embeddings, audio, model, onProgress, signal }) }),
    };
    await writePart(dir, 'facts', 0, JSON.stringify(facts));
    for (const file of ['audiossl.js', 'page.js']) await copyFile(packageFile('dist', 'web', file), join(dir, file));
    await writeFile(join(dir, 'index.html'), await webPage(title));
    const weights = weightsOfBytes('parts/encoder-*.js', encoder, `${onnxForm}; before packing`);
    await writeModelCard({ model, path: join(dir, 'card.md'), name: title, weights, data, transfer });
  });
  const extras = [
    ...(classifier ? [`${classifier.classNames.length} classes`] : []),
    ...(embeddings === undefined ? [] : [`the rows of ${basename(embeddings)}`]),
  ];
  return `a page of ${model.encoder.name}${extras.length > 0 ? ` with ${extras.join(' and ')}` : ''}; open ${join(out, 'index.html')}`;
};

/** The probe's, or that which the model was trained with. */
async function classifierOf(model: Model, probe: string | undefined): Promise<WebFacts['classifier']> {
  if (probe !== undefined) {
    const kept = await loadProbe(probe);
    withProbe(model, kept, probe).dispose(); // throws where it is another encoder's
    return { classNames: kept.facts.classNames, weights: base64(kept.weights) };
  }
  if (model.classify === undefined || model.checkpoint === undefined) return undefined;
  const { tensors, metadata } = await loadCheckpoint(model.checkpoint.path);
  const [weight, bias] = ['classifier.weight', 'classifier.bias'].map((name) => tensors.get(name)?.data ?? []);
  return { classNames: metadata.classNames, weights: base64(Float32Array.of(...weight, ...bias)) };
}

async function writeRows(
  dir: string,
  {
    embeddings,
    audio,
    model,
    onProgress,
    signal,
  }: { embeddings: string; audio?: string; model: Model } & Pick<Parameters<Exporter>[0], 'onProgress' | 'signal'>,
): Promise<WebFacts['rows']> {
  const table = await readEmbeddings(embeddings);
  try {
    const { per } = checkRowsOfModel(embeddings, table, model);
    const { ids, dim, timestamps } = table;
    if (2 * ids.length * dim > maxRowBytes)
      throw new UsageError(
        `export: a page takes ${Math.floor(maxRowBytes / 2 / dim)} rows of ${dim}, ${embeddings} has ${ids.length}; embed fewer recordings, or --per clip`,
      );
    const values = new Int16Array(ids.length * dim);
    const rowsAtOnce = 4096;
    for (let first = 0; first < ids.length; first += rowsAtOnce) {
      signal?.throwIfAborted();
      const count = Math.min(rowsAtOnce, ids.length - first);
      values.set(
        scaledRows(await table.readRows(first, count), dim, (row) => `${embeddings}: row ${first + row} (${ids[first + row]})`),
        first * dim,
      );
      onProgress?.(first + count, ids.length);
    }
    const sounds =
      audio === undefined
        ? undefined
        : await placeSounds(
            ids.map((id) => insideFolder(audio, id)),
            { out: dir, copy: true, signal },
          );
    if (sounds && sounds.numCopied === 0)
      throw new UsageError(`export: none of the recordings of ${embeddings} is in --audio ${audio}; name the folder that was embedded`);
    return {
      parts: await writeParts(dir, 'rows', new Uint8Array(values.buffer)),
      ids: [...ids],
      ...(per !== 'clip' && { timesMs: [...timestamps] }),
      ...(sounds && { sounds: sounds.sources.map((source) => source ?? null) }),
      file: basename(embeddings),
    };
  } finally {
    await table.close();
  }
}

/** Rows as int16, each scaled to its largest value: cosines from them err by less than 1e-4. Throws UsageError for a row that has none. */
function scaledRows(rows: Float32Array, dim: number, name: (row: number) => string): Int16Array {
  const scaled = new Int16Array(rows.length);
  for (let start = 0; start < rows.length; start += dim) {
    const row = rows.subarray(start, start + dim);
    const largest = row.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    if (!(largest > 0 && Number.isFinite(largest)))
      throw new UsageError(`export: ${name(start / dim)} must hold finite values that are not all 0; embed it anew, or leave it out`);
    for (let i = 0; i < dim; i++) scaled[start + i] = Math.round((32_767 * row[i]) / largest);
  }
  return scaled;
}

const base64 = ({ buffer, byteOffset, byteLength }: Float32Array): string => Buffer.from(buffer, byteOffset, byteLength).toString('base64');
