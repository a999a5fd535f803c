import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { loadCheckpoint, saveCheckpoint } from '../../src/model/checkpoint.js';
import { collectTensors, loadParameters } from '../../src/model/parameters.js';
import { permuteAxes, toTfjsLayout, toTorchLayout } from '../../src/model/weightLayout.js';
import { createEncoder } from '../../src/nn/createEncoder.js';
import { disposeParameters } from '../../src/nn/parameters.js';
import { loadSafetensors, saveSafetensors } from '../../src/util/safetensors.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { hasPython, runPython } from '../util/python.js';
import { metadataOf } from './smallModel.js';

const folder = temporaryFolder();
const path = join(folder, 'checkpoint.safetensors');
beforeAll(() => setBackend({ backend: 'cpu' }));

const filled = (shape: number[]) => ({ shape, data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i) });

describe('weight layouts', () => {
  test('permuteAxes equals tf.transpose', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }), fc.nat(), (shape, seed) => {
        const order = shape.map((_, i) => i).sort((a, b) => ((seed + 7 * a) % 5) - ((seed + 7 * b) % 5));
        const expected = tf.tidy(() => {
          const transposed = tf.transpose(tf.tensor(filled(shape).data, shape), order);
          return { shape: transposed.shape, data: Float32Array.from(transposed.dataSync()) };
        });
        expect(permuteAxes(filled(shape), order)).toEqual(expected);
      }),
    );
  });

  test('a convolution becomes OIHW, a matrix [out, in]; everything else stays', () => {
    // Value at [h, w, i, o] of a 1 x 2 kernel with 3 inputs and 2 outputs is its index.
    const torch = toTorchLayout('layer1.0.conv1.weight', filled([1, 2, 3, 2]));
    expect(torch).toEqual({ shape: [2, 3, 1, 2], data: Float32Array.of(0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11) });
    expect(toTorchLayout('fc.weight', filled([3, 2]))).toEqual({ shape: [2, 3], data: Float32Array.of(0, 2, 4, 1, 3, 5) });
    expect(toTorchLayout('gru.weight_ih_l0', filled([3, 2])).shape).toEqual([2, 3]);
    for (const [name, shape] of [
      ['bn1.weight', [4]],
      ['table', [3, 2]],
      ['conv.bias', [2]],
    ] as const) {
      expect(toTorchLayout(name, filled([...shape]))).toEqual(filled([...shape]));
    }
  });

  test('there and back is the same', () => {
    for (const shape of [[3, 3, 2, 5], [4, 3], [6], [2, 3, 4]]) {
      expect(toTfjsLayout('a.weight', toTorchLayout('a.weight', filled(shape)))).toEqual(filled(shape));
    }
  });
});

describe('checkpoint', () => {
  test('a single flipped bit of a weight is noticed; a file without checksum is taken as it is', async () => {
    await saveCheckpoint(path, { metadata: metadataOf(), tensors: new Map([['encoder.bn1.weight', filled([4])]]) });
    const bytes = await readFile(path);
    bytes[bytes.length - 2] ^= 1;
    const broken = join(folder, 'flipped.safetensors');
    await writeFile(broken, bytes);
    await expect(loadCheckpoint(broken)).rejects.toThrow(
      /flipped\.safetensors: the weights are damaged: .* got [0-9a-f]{12}.*; use another checkpoint or a copy/,
    );

    const { tensors, metadata } = await loadSafetensors(broken);
    const { weightsSha256, ...rest } = JSON.parse(metadata.audiossl);
    expect(weightsSha256).toMatch(/^[0-9a-f]{64}$/);
    await saveSafetensors(broken, { tensors, metadata: { audiossl: JSON.stringify(rest) } });
    expect((await loadCheckpoint(broken)).tensors.size).toBe(1);
  });

  test('tensors and metadata come back bit for bit; the file holds the layout of PyTorch', async () => {
    const tensors = new Map([
      ['encoder.conv1.weight', filled([3, 3, 1, 4])],
      ['encoder.bn1.running_mean', filled([4])],
      ['optimizer.momentum.encoder.conv1.weight', { shape: [3, 3, 1, 4], data: filled([3, 3, 1, 4]).data.map((x) => Math.sin(x) * 1e-30) }],
      ['classifier.weight', filled([4, 2])],
    ]);
    const metadata = metadataOf({ monitor: { knn: 0.5, loss: null }, training: { best: 1 }, classNames: ['a', 'ü'] });
    await saveCheckpoint(path, { metadata, tensors });
    const loaded = await loadCheckpoint(path);
    expect(loaded.metadata).toEqual(metadata);
    // The batch norm's counter is added for PyTorch: it says the number of steps.
    expect(loaded.tensors.get('encoder.bn1.num_batches_tracked')).toEqual({ shape: [], data: Float32Array.of(12) });
    loaded.tensors.delete('encoder.bn1.num_batches_tracked');
    expect(new Map([...loaded.tensors].sort())).toEqual(new Map([...tensors].sort()));
    const raw = await loadSafetensors(path);
    expect(raw.tensors.get('encoder.conv1.weight')?.shape).toEqual([4, 1, 3, 3]);
    expect(raw.tensors.get('classifier.weight')?.shape).toEqual([2, 4]);
    expect(raw.tensors.get('encoder.bn1.num_batches_tracked')).toEqual({ dtype: 'I64', shape: [], data: BigInt64Array.of(12n) });
  });

  test('other files, versions and broken metadata are refused by name', async () => {
    await saveSafetensors(path, { tensors: new Map(), metadata: { format: 'pt' } });
    await expect(loadCheckpoint(path)).rejects.toThrow(/needs the metadata key "audiossl", has format/);
    const refuse = async (value: unknown, message: RegExp) => {
      await saveSafetensors(path, {
        tensors: new Map(),
        metadata: { audiossl: typeof value === 'string' ? value : JSON.stringify(value) },
      });
      await expect(loadCheckpoint(path)).rejects.toThrow(message);
    };
    await refuse('{', /metadata is not JSON/);
    await refuse({ ...metadataOf(), schemaVersion: 2 }, /schemaVersion must be 1, got 2; use the audiossl that wrote it/);
    await refuse({ ...metadataOf(), patchFrames: 0 }, /patchFrames/);
    await refuse({ ...metadataOf(), standardisation: { mean: [0], standardDeviation: [0] } }, /standardDeviation/);
    await saveSafetensors(path, {
      tensors: new Map([['encoder.a', { dtype: 'F64', shape: [1], data: Float64Array.of(1) }]]),
      metadata: { audiossl: JSON.stringify(metadataOf()) },
    });
    await expect(loadCheckpoint(path)).rejects.toThrow(/"encoder\.a" must be F32 or F16, got F64/);
  });
});

describe('loadParameters', () => {
  test('what is missing, unexpected or mis-shaped is named and nothing is changed', () => {
    const parameters = new Map(['a', 'b', 'c'].map((name) => [name, tf.tidy(() => tf.variable(tf.zeros([2])))]));
    const tensors = new Map([
      ['net.a', filled([2])],
      ['net.b', filled([3])],
      ['net.other', filled([1])],
      ['net.bn.num_batches_tracked', filled([])],
      ['elsewhere.x', filled([1])],
    ]);
    expect(() => loadParameters('net', parameters, tensors, 'f.safetensors')).toThrow(
      'loadParameters: f.safetensors: net: missing c; unexpected other; mis-shaped b [3] instead of [2]',
    );
    expect(Array.from((parameters.get('a') as tf.Variable).dataSync())).toEqual([0, 0]);
    tensors.delete('net.other');
    tensors.set('net.b', filled([2])).set('net.c', filled([2]));
    loadParameters('net', parameters, tensors);
    expect(Array.from((parameters.get('b') as tf.Variable).dataSync())).toEqual([0, 1]);
    expect(tf.memory().numTensors).toBe(3);
    for (const variable of parameters.values()) variable.dispose();
  });
});

/** Reads our file with struct and json only, puts `encoder.` into torchvision's ResNet-18 and embeds a patch that both sides can make. */
const torchScript = `import sys, json, struct, numpy as np, torch, torchvision
raw = open(sys.argv[1], 'rb').read()
n = struct.unpack('<Q', raw[:8])[0]
h = json.loads(raw[8:8+n]); meta = json.loads(h.pop('__metadata__')['audiossl'])
types = {'F32': np.float32, 'I64': np.int64}
get = lambda v: torch.from_numpy(np.frombuffer(raw, types[v['dtype']], int(np.prod(v['shape'])), 8 + n + v['data_offsets'][0]).reshape(v['shape']).copy())
net = torchvision.models.resnet18(weights=None)
net.conv1 = torch.nn.Conv2d(1, 64, 7, 2, 3, bias=False)
net.fc = torch.nn.Identity()
net.load_state_dict({k[8:]: get(v) for k, v in h.items() if k.startswith('encoder.')}, strict=True)
net.eval()
x = torch.from_numpy(np.sin(np.arange(2 * 48 * 40) * 0.05).astype(np.float32).reshape(2, 1, 48, 40))
with torch.no_grad(): e = net(x)
print(json.dumps([meta['step'], e.double().flatten().tolist()]))`;

test.skipIf(!hasPython('torch', 'torchvision'))('torchvision loads the encoder strictly and gives the same embeddings', async () => {
  await setBackend({ backend: 'wasm' });
  const encoder = createEncoder({ name: 'resnet18' });
  const parameters = encoder.createParameters({ seed: 3 });
  // Running statistics that differ from their start: a swap of the two would show.
  for (const [name, variable] of parameters) {
    if (name.endsWith('running_mean')) tf.tidy(() => variable.assign(tf.fill(variable.shape, 0.05)));
    if (name.endsWith('running_var')) tf.tidy(() => variable.assign(tf.fill(variable.shape, 1.3)));
  }
  await saveCheckpoint(path, { metadata: metadataOf(), tensors: await collectTensors('encoder', parameters) });
  const x = tf.tidy(() =>
    tf.tensor3d(
      Float32Array.from({ length: 2 * 48 * 40 }, (_, i) => Math.sin(i * 0.05)),
      [2, 48, 40],
    ),
  );
  const h = encoder.forward(parameters, x, { isTraining: false });
  const ours = Array.from(h.dataSync());
  tf.dispose([x, h]);
  disposeParameters(parameters);
  const [step, theirs] = runPython(torchScript, path) as [number, number[]];
  expect(step).toBe(12);
  // float32 through 18 layers in two libraries.
  expect(ours).toBeAllClose(theirs, { rtol: 1e-4, atol: 1e-4 });
  await setBackend({ backend: 'cpu' });
});
