import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { registerEmbed } from '../../src/cli/embed.js';
import { registerExport } from '../../src/cli/export.js';
import { registerWhiten } from '../../src/cli/whiten.js';
import type { FeatureStore } from '../../src/data/FeatureStore.js';
import { readEmbeddings } from '../../src/embed/readEmbeddings.js';
import { whitenModel } from '../../src/embed/whitenModel.js';
import { loadModel } from '../../src/model/loadModel.js';
import { runFolder } from '../../src/run/runFolder.js';
import { Rng } from '../../src/util/rng.js';
import { wav } from '../data/syntheticData.js';
import { saveSmallModel } from '../model/smallModel.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { toneFrontEnd } from '../train/toneStore.js';
import { inProcess } from './runInProcess.js';

const folder = temporaryFolder();
const run = runFolder(join(folder, 'run'));
const data = join(folder, 'sounds');
const program = inProcess(registerWhiten, registerEmbed, registerExport);
const backend = ['--backend', 'wasm'];

beforeAll(async () => {
  await setBackend({ backend: 'wasm' });
  mkdirSync(run.checkpoints, { recursive: true });
  writeFileSync(run.config, 'seed: 5\nfrontEnd: {nMels: 24, minSeconds: 0.5}\n');
  await saveSmallModel(run.checkpoints, {
    name: 'best.safetensors',
    frontEnd: { ...toneFrontEnd },
    encoder: { name: 'resnet18', width: 16 },
  });
  const ids = Array.from({ length: 8 }, (_, i) => `${i}.wav`);
  for (const [i, id] of ids.entries()) {
    const rng = new Rng({ seed: i, purpose: 'sound' });
    const path = join(data, id);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(
      path,
      wav(11025, (n) => 0.5 * Math.sin((2 * Math.PI * 200 * (1 + i) * n) / 22050) + rng.uniform(-0.05, 0.05)),
    );
  }
  writeFileSync(run.split, `id,split\n${ids.map((id, i) => `${id},${i < 6 ? 'train' : 'test'}`).join('\n')}\n`);
});

async function embeddingsOf(model: string, name: string): Promise<{ data: Float32Array; dim: number }> {
  const out = join(folder, name);
  await program('embed', '--model', model, '--in', data, '--out', out, ...backend);
  const file = await readEmbeddings(out);
  const rows = await file.readRows(0, file.ids.length);
  await file.close();
  return { data: rows, dim: file.dim };
}

describe('audiossl whiten', () => {
  test('writes a model whose embeddings of those recordings have mean 0 and, all shrunk away, variance 1', async () => {
    const out = join(folder, 'white.safetensors');
    const text = await program('whiten', '--model', run.dir, '--data', data, '--shrinkage', '1', '--out', out, ...backend);
    expect(text).toBe(`${out}: embeddings of 128 values, decorrelated by 8 recordings, shrinkage 1\n`);
    const { data: rows, dim } = await embeddingsOf(out, 'white.npz');
    const n = rows.length / dim;
    for (let i = 0; i < dim; i++) {
      const values = Array.from({ length: n }, (_, row) => rows[row * dim + i]);
      const mean = values.reduce((sum, value) => sum + value / n, 0);
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2 / n, 0);
      // A unit of the network that is never on stays 0.
      expect(Math.abs(mean)).toBeLessThan(1e-4);
      if (values.some((value) => value !== values[0])) expect(variance).toBeCloseTo(1, 2);
    }
  });

  test('of a run takes its training recordings alone, and goes through an export of half the size', async () => {
    const found = JSON.parse(
      await program('whiten', '--model', run.dir, '--data', data, '--json', '--out', join(folder, 'all.safetensors'), ...backend),
    );
    expect(found).toMatchObject({ numClips: 8, dim: 128, shrinkage: 0.5 });
    const white = join(folder, 'all.safetensors');
    const half = join(folder, 'half.safetensors');
    await program('export', '--model', white, '--format', 'audiossl', '--half', '--out', half);
    const [whole, halved] = [await loadModel(white), await loadModel(half)];
    const patches = tf.tensor3d(
      Float32Array.from({ length: 2 * 32 * 24 }, (_, i) => Math.sin(i * 0.7) - 1),
      [2, 32, 24],
    );
    const [a, b] = [whole, halved].map((model) => tf.tidy(() => Array.from(model.embedPatches(patches).dataSync())));
    const raw = await loadModel(run.dir);
    const h = tf.tidy(() => Array.from(raw.embedPatches(patches).dataSync()));
    // float16 holds 11 bits; sums of 128 products of both signs lose some of them.
    expect(b).toBeAllClose(a, { rtol: 0, atol: 0.01 * Math.max(...a.map(Math.abs)) });
    expect(a).not.toBeAllClose(h, { rtol: 0.1, atol: 0.1 });
    tf.dispose(patches);
    for (const model of [whole, halved, raw]) model.dispose();
  });

  test('says what is missing', async () => {
    const model = await loadModel(run.dir);
    const store = { clips: [] } as unknown as FeatureStore;
    await expect(whitenModel({ model, store, out: join(folder, 'none.safetensors') })).rejects.toThrow(
      'needs 2 recordings at least, got 0',
    );
    model.dispose();
    await expect(program('whiten', ...backend)).rejects.toThrow('--out FILE.safetensors is needed where --model is no run folder');
    const asked = ['whiten', '--model', run.dir, '--data', data];
    await expect(program(...asked, '--out', join(folder, 'a.npz'), ...backend)).rejects.toThrow('writes a .safetensors file');
    await expect(program(...asked, '--shrinkage', '0', '--out', join(folder, 'a.safetensors'), ...backend)).rejects.toThrow(
      /128 values cannot be told apart by so few or so similar recordings/,
    );
  });
});
