import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { FrontEndOptions } from '../../src/audio/frontEnd.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { getSceneEmbeddings } from '../../src/embed/hear.js';
import { exportModel } from '../../src/export/exportModel.js';
import { createWhitener } from '../../src/model/whitening.js';
import { valuesOf } from '../../src/ops/valuesOf.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { goldenModel, testSound } from './goldenModel.js';
import { expectSame, onnxSession, runOnnx } from './onnxSession.js';

const folder = temporaryFolder();
// A virtual environment with onnx; Debian's Python has none.
const python = process.env.PEER_PYTHON ?? '/usr/bin/python3';
const hasOnnx = spawnSync(python, ['-c', 'import onnx']).status === 0;

beforeAll(() => setBackend({ backend: 'wasm' }));

/** A matrix and a bias of no meaning. */
function whiteningFor(dim: number): { weight: Float32Array; bias: Float32Array } {
  const weight = Float32Array.from({ length: dim * dim }, (_, i) => Math.sin(i * i * 0.03) / Math.sqrt(dim));
  return { weight, bias: Float32Array.from({ length: dim }, (_, i) => Math.cos(i)) };
}

describe('export --format onnx', () => {
  it.each<[string, number, Record<string, unknown>?]>([
    ['vgg', 45],
    ['crnn', 45],
    ['supCnn', 32],
    ['resnet18 of 16 channels, mean and maximum', 45, { name: 'resnet18', width: 16, pooling: 'meanMax' }],
    ['resnet18 of 16 channels, mean and deviation', 45, { name: 'resnet18', width: 16, pooling: 'meanDeviation' }],
    ['resnet18 of 16 channels, last two stages', 45, { name: 'resnet18', width: 16, pooling: 'lastTwo' }],
  ])(
    '%s: log-mel patches give our own embeddings in onnxruntime-web, any number of them, of %i frames too',
    async (name, otherFrames, encoder = { name }) => {
      const model = goldenModel(encoder);
      const session = await onnxSession(model, join(folder, 'model.onnx'));
      for (const [batch, frames] of [
        [3, 32],
        [1, otherFrames],
      ]) {
        const patches = Float32Array.from({ length: batch * frames * 40 }, (_, i) => -1.5 + 2 * Math.sin(i * i * 0.01));
        const h = tf.tidy(() => model.embedPatches(tf.tensor3d(patches, [batch, frames, 40])).dataSync<'float32'>());
        const { embedding } = await runOnnx(session, patches, [batch, frames, 40]);
        expect(embedding.dims).toEqual([batch, model.encoder.embeddingSize]);
        expectSame(embedding, h);
      }
      model.dispose();
      await session.release();
    },
  );

  it('whitens as the model does', async () => {
    const plain = goldenModel({ name: 'resnet18', width: 16, pooling: 'lastTwo' });
    const whitening = whiteningFor(plain.encoder.embeddingSize);
    const { whiten, dispose } = createWhitener(whitening);
    const session = await onnxSession({ ...plain, whitening }, join(folder, 'white.onnx'));
    const patches = Float32Array.from({ length: 2 * 32 * 40 }, (_, i) => -1.5 + 2 * Math.sin(i * i * 0.01));
    const expected = valuesOf(() => whiten(plain.embedPatches(tf.tensor3d(patches, [2, 32, 40]))));
    const { embedding } = await runOnnx(session, patches, [2, 32, 40]);
    expectSame(embedding, expected);
    dispose();
    plain.dispose();
    await session.release();
  });

  const frontEnds: [string, Partial<FrontEndOptions>][] = [
    ['the default', {}],
    ['decibels under a top, zero padding, no normalisation', { preset: 'librosa' }],
    ['frames that do not stand at the edges, magnitudes, zeros behind', { center: false, power: 1, log: 'ln', fill: 'zero' }],
    ['an offset that is heard, a floor', { padMode: 'constant', waveformOffset: 0.1, logFloor: 1e-3, window: 'hann', winLength: 500 }],
  ];
  it.each(frontEnds)('--waveform: clips give the mean over our own patches; front end: %s', async (_, frontEnd) => {
    const model = goldenModel({ name: 'vgg' }, { frontEnd });
    const session = await onnxSession(model, join(folder, 'model.onnx'), { waveform: true });
    const { sampleRate } = model.frontEnd;
    // Longer than a patch; shorter than minSeconds; shorter than a patch and than the padding.
    for (const seconds of [1.3, 0.42, 0.03]) {
      const clips = [1, 2].map((seed) => testSound(seconds, sampleRate, seed));
      const { embedding, patches } = await runOnnx(session, Float32Array.from([...clips[0], ...clips[1]]), [2, clips[0].length]);
      expectSame(embedding, (await getSceneEmbeddings(clips, model)).data);
      expect(patches.dims.slice(0, 1).concat(patches.dims.slice(2))).toEqual([2, 512]);
    }
    model.dispose();
    await session.release();
  });

  it('says in the file which model it is', async () => {
    const { modelProto } = await import('../../src/export/onnx/onnxMessages.js');
    const model = goldenModel({ name: 'vgg' });
    const out = join(folder, 'facts.onnx');
    await exportModel({ model, format: 'onnx', out });
    const file = modelProto.toObject(modelProto.decode(await readFile(out)), { longs: Number }) as {
      irVersion: number;
      opsetImport: { version: number }[];
      metadataProps: { key: string; value: string }[];
    };
    expect([file.irVersion, file.opsetImport[0].version]).toEqual([8, 17]);
    const facts = JSON.parse(file.metadataProps.find(({ key }) => key === 'audiossl')?.value ?? '');
    expect(facts).toMatchObject({ encoder: { name: 'vgg' }, patchFrames: 32, frontEnd: { nMels: 40, minSeconds: 0.5 } });
    model.dispose();
  });

  it.skipIf(!hasOnnx)('is what onnx.checker takes, shapes inferred (needs PEER_PYTHON with onnx)', async () => {
    const files: string[] = [];
    // As the encoder that ships, and of every pooling.
    const resnets = ['mean', 'meanMax', 'meanDeviation', 'lastTwo'].map((pooling) => ({ name: 'resnet18', width: 16, pooling }));
    for (const [i, encoder] of [{ name: 'vgg' }, { name: 'crnn' }, { name: 'supCnn' }, ...resnets].entries()) {
      const plain = goldenModel(encoder, { frontEnd: { preset: i === 0 ? 'librosa' : 'acl' } });
      const model = encoder === resnets[3] ? { ...plain, whitening: whiteningFor(plain.encoder.embeddingSize) } : plain;
      for (const waveform of [false, true]) {
        files.push(join(folder, `check-${i}-${waveform}.onnx`));
        await exportModel({ model, format: 'onnx', out: files[files.length - 1], options: { waveform } });
      }
      plain.dispose();
    }
    const program =
      'import sys, onnx\nfor f in sys.argv[1:]: onnx.checker.check_model(onnx.load(f), full_check=True)\nprint(len(sys.argv) - 1)';
    const { stdout, stderr } = spawnSync(python, ['-c', program, ...files], { encoding: 'utf8' });
    expect(stdout.trim(), stderr).toBe('14');
  });
});
