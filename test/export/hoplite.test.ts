import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import initSqlJs from 'sql.js';
import usearch from 'usearch';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { embedToFile } from '../../src/embed/embedToFile.js';
import { findRecordings } from '../../src/embed/findRecordings.js';
import { writeEmbeddings } from '../../src/embed/writeEmbeddings.js';
import { exportModel } from '../../src/export/exportModel.js';
import { toUnitRows } from '../../src/export/hoplite/unitRows.js';
import { loadModel, type Model } from '../../src/model/loadModel.js';
import { tone } from '../data/syntheticData.js';
import { saveSmallModel } from '../model/smallModel.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { toneFrontEnd } from '../train/toneStore.js';

const folder = temporaryFolder();
const audio = join(folder, 'sounds');
const embeddings = join(folder, 'windows.npz');
const out = join(folder, 'database');
const known = { embeddings: join(folder, 'known.npz'), out: join(folder, 'known') };
/** Rows whose neighbours are known, of two kinds: the first 25 lie on one side, the others on the other. */
const rows = Float32Array.from({ length: 50 * 512 }, (_, i) => 3 * Math.sin(i * i * 0.37) + (i < 25 * 512 ? 1 : -1));
// A virtual environment with perch-hoplite and onnxruntime.
const python = process.env.HOPLITE_PYTHON ?? process.env.PEER_PYTHON ?? '/usr/bin/python3';
const hasHoplite = spawnSync(python, ['-c', 'import perch_hoplite, onnxruntime']).status === 0;
let model: Model;

beforeAll(async () => {
  await setBackend({ backend: 'wasm' });
  await mkdir(join(audio, 'meadow'), { recursive: true });
  await writeFile(join(audio, 'meadow', 'a.wav'), tone(400, 2.1));
  await writeFile(join(audio, 'b.wav'), tone(1500, 0.55));
  model = await loadModel(await saveSmallModel(folder, { frontEnd: { ...toneFrontEnd } }));
  const recordings = await findRecordings([audio]);
  await embedToFile({ model, recordings, out: embeddings, format: 'npz', per: { window: 1, hop: 0.5 }, numWorkers: 1 });
  await exportModel({ model, format: 'hoplite', out, options: { embeddings, audio } });
  const ids = Array.from({ length: 50 }, (_, i) => `${i}.wav`);
  const readRows = async (first: number, count: number) => rows.slice(first * 512, (first + count) * 512);
  const table = { dim: 512, ids, timestamps: new Float64Array(50).fill(300), readRows };
  await writeEmbeddings(known.embeddings, 'npz', table, { model: { sha256: model.checkpoint?.sha256 }, per: 'clip' });
  await exportModel({ model, format: 'hoplite', out: known.out, options: { embeddings: known.embeddings } });
});

describe('export --format hoplite', () => {
  it('writes recordings, windows in seconds and what hoplite needs to know', async () => {
    const wasm = readFileSync(createRequire(import.meta.url).resolve('sql.js/dist/sql-wasm.wasm'));
    const { Database } = await initSqlJs({ wasmBinary: Uint8Array.from(wasm).buffer });
    const database = new Database(readFileSync(join(out, 'hoplite.sqlite')));
    const query = (sql: string) => database.exec(sql)[0].values;
    expect(
      query('SELECT r.filename, d.name, d.project FROM recordings r JOIN deployments d ON d.id = r.deployment_id ORDER BY r.id'),
    ).toEqual([
      ['b.wav', 'sounds', 'sounds'],
      ['meadow/a.wav', 'meadow', 'sounds'],
    ]);
    const windows = query('SELECT w.id, r.filename, w.offsets FROM windows w JOIN recordings r ON r.id = w.recording_id ORDER BY w.id').map(
      ([id, filename, offsets]) => [id, filename, ...new Float64Array((offsets as Uint8Array).slice().buffer)],
    );
    expect(windows.map(([id, filename]) => [id, filename])).toEqual([[1, 'b.wav'], ...[2, 3, 4, 5].map((id) => [id, 'meadow/a.wav'])]);
    // Frames of 10 ms: windows start on whole ones, and the last one ends with the recording.
    const seconds = [0, 0.56, 0, 1, 0.5, 1.5, 1, 2, 1.11, 2.11];
    expect(windows.flatMap(([, , start, end]) => [start as number, end as number])).toBeAllClose(seconds, { rtol: 0, atol: 0.012 });
    const metadata = Object.fromEntries(
      query('SELECT key, value FROM hoplite_metadata').map(([key, value]) => [key, JSON.parse(String(value))]),
    );
    expect(metadata.usearch_config).toEqual({
      ...{ embedding_dim: 512, dtype: 'float16', metric_name: 'IP', expansion_add: 256, expansion_search: 128 },
    });
    expect(metadata.audio_sources.audio_globs[0]).toMatchObject({ dataset_name: 'sounds', base_path: audio });
    expect(metadata.model_config.model_config).toMatchObject({
      model_path: join(out, 'encoder.onnx'),
      sample_rate: 22050,
      window_size_s: 1,
    });
    database.close();
  });

  it('writes rows of length 1 under the numbers of their windows', () => {
    const index = new usearch.Index(512, usearch.MetricKind.IP, usearch.ScalarKind.F16);
    index.load(join(known.out, 'usearch.index'));
    expect([index.size(), index.dimensions()]).toEqual([50, 512]);
    const unit = toUnitRows(rows.slice(), 512, String);
    const row = (i: number) => unit.subarray(i * 512, (i + 1) * 512);
    for (const query of [0, 7, 49]) {
      const { keys, distances } = index.search(row(query), 50, 1);
      expect(keys[0]).toBe(BigInt(query + 1));
      const expected = Array.from(keys, (key) => 1 - row(Number(key) - 1).reduce((sum, value, i) => sum + value * row(query)[i], 0));
      // Both sides are rounded to halves: 2^-11 of values whose squares sum to 1.
      expect(distances).toBeAllClose(expected, { rtol: 0, atol: 1e-3 });
    }
  });

  it.skipIf(!hasHoplite)(
    'is opened, searched and asked with a sound by perch-hoplite (needs HOPLITE_PYTHON with it and onnxruntime)',
    () => {
      const program = `
import onnxruntime  # before usearch: see findings/usearch-before-onnxruntime.sh
import sys, numpy as np
from perch_hoplite.agile import source_info
from perch_hoplite.db import sqlite_usearch_impl
from perch_hoplite.zoo import models_onnx
db = sqlite_usearch_impl.SQLiteUSearchDB.create(sys.argv[1])
print(db.count_embeddings(), db.get_all_projects(), len(db.get_all_windows()))
sources = source_info.AudioSources.from_config_dict(db.get_metadata('audio_sources'))
print(sources.audio_globs[0].dataset_name)
model = models_onnx.TaxonomyModelOnnx.from_config(db.get_metadata('model_config').model_config)
import librosa
audio, _ = librosa.load(sys.argv[2], sr=model.sample_rate)
e = model.embed(audio[: model.sample_rate]).embeddings[0, 0]
known = sqlite_usearch_impl.SQLiteUSearchDB.create(sys.argv[3])
q = known.get_embedding(8)
print([[int(r.window_id) for r in known.search(q, 1, approximate=a).search_results] for a in (True, False)], abs(float(np.linalg.norm(q)) - 1) < 1e-3)
print(round(float(np.linalg.norm(e)), 3), [int(r.window_id) for r in db.search(e, 2).search_results])
`;
      const { stdout, stderr } = spawnSync(python, ['-c', program, out, join(audio, 'meadow', 'a.wav'), known.out], { encoding: 'utf8' });
      const lines = stdout.trim().split('\n');
      expect(lines.slice(0, 3), stderr).toEqual(["5 ['sounds'] 5", 'sounds', '[[8], [8]] True']);
      expect(lines[3], stderr).toMatch(/^1\.0 \[\d, \d\]$/);
    },
  );

  it.skipIf(!hasHoplite)(
    'gives its agile modelling labelled windows to learn from and searches by what was learnt (needs HOPLITE_PYTHON)',
    () => {
      // The notebook's cells one after the other; but classifier.py imports TensorFlow, whose place a ridge regression takes.
      const program = `
import sys, numpy as np
from perch_hoplite.agile import classifier_data
from perch_hoplite.db import brutalism, datatypes, score_functions, sqlite_usearch_impl
db = sqlite_usearch_impl.SQLiteUSearchDB.create(sys.argv[1])
for i in [1, 4, 9, 16, 22, 27, 31, 36, 42, 49]:
  window = db.get_window(i)
  kind = datatypes.LabelType.POSITIVE if i <= 25 else datatypes.LabelType.NEGATIVE
  db.insert_annotation(window.recording_id, window.offsets, 'owl', kind, 'test')
db.commit()
data = classifier_data.AgileDataManager(target_labels=None, db=db, train_ratio=0.6, min_eval_examples=1, batch_size=32,
    weak_negatives_batch_size=32, rng=np.random.default_rng(seed=5))
train, held = data.get_train_test_split()
print(data.get_target_labels(), len(train), len(held), len(set(train) & set(held)))
batch = next(data.batched_example_iterator(train))
x, y = np.asarray(batch.embedding, np.float64), 2.0 * np.asarray(batch.multihot)[:, 0] - 1
beta = x.T @ np.linalg.solve(x @ x.T + 0.1 * np.eye(len(x)), y)
found = brutalism.threaded_brute_search(db, beta.astype(np.float32), 25, score_fn=score_functions.get_score_fn('dot', bias=0.0))
print(sorted(int(r.window_id) for r in found.search_results) == list(range(1, 26)))
`;
      const { stdout, stderr } = spawnSync(python, ['-c', program, known.out], { encoding: 'utf8' });
      expect(stdout.trim().split('\n'), stderr).toEqual(["('owl',) 6 4 0", 'True']);
    },
  );

  it('refuses rows of another model, rows without a direction and a folder that has content; nothing is left behind', async () => {
    const other = await loadModel(await saveSmallModel(folder, { name: 'other.safetensors', frontEnd: { ...toneFrontEnd }, step: 13 }));
    const to = join(folder, 'refused');
    const ask = (asked: Model, path: string, given: object) => exportModel({ model: asked, format: 'hoplite', out: path, options: given });
    await expect(ask(other, to, { embeddings })).rejects.toThrow(/must be of the model/);
    await expect(ask(model, out, { embeddings })).rejects.toThrow(/must be new or empty/);
    await expect(ask(model, to, {})).rejects.toThrow(/needs `embeddings`/);
    await expect(ask(model, to, { embeddings, audio: join(folder, 'nowhere') })).rejects.toThrow(/`audio` must be the folder/);
    expect(() => toUnitRows(Float32Array.of(1, 0, 0, 0), 2, (row) => `clip ${row}`)).toThrow(/clip 1: .* not all 0/);
    expect(() => toUnitRows(Float32Array.of(1, Number.NaN), 2, (row) => `clip ${row}`)).toThrow(/clip 0: .* finite/);
    expect(existsSync(to)).toBe(false);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    other.dispose();
  });
});
