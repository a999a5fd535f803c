// The exported Python package before the judges that it is for: the real hear-validator and the real check of X-ARES, then properties that
// neither asks for, and the same numbers as in Node. Prints what they say; exits with 1 where one is not content.
// PEER_PYTHON needs onnxruntime, torch, hearvalidator (and the tensorflow that it imports), xares (and what it imports), setuptools.
//   npm run build && PEER_PYTHON=/path/to/venv/bin/python node test/bench/pythonPackage.mjs [--model RUN]
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { exportModel, getSceneEmbeddings, getTimestampEmbeddings, loadModel, resolveFrontEnd, setBackend } from '../../dist/index.js';
import { createModel } from '../../dist/model/loadModel.js';

const { values } = parseArgs({ options: { model: { type: 'string' } } });
const python = process.env.PEER_PYTHON ?? 'python3';
const folder = mkdtempSync(join(tmpdir(), 'audiossl-python-'));

const randomModel = () =>
  createModel({
    ...{ schemaVersion: 1, step: 0, epoch: 0, position: { epoch: 1, batch: 0 }, encoder: { name: 'resnet18' }, projectionHead: null },
    ...{ frontEnd: resolveFrontEnd(), patchFrames: 101, patchHop: 50, standardisation: { mean: [-2.5], standardDeviation: [1.5] } },
    ...{ classNames: [], config: {}, versions: {}, monitor: {} },
  });

/** As xares.run finds the class and asks it. */
const xaresCheck = `
from xares.audio_encoder_checker import check_audio_encoder
from xares.utils import attr_from_py_path
encoder = attr_from_py_path("sound_encoder/xares_encoder.py", endswith="Encoder")()
print(type(encoder).__name__, encoder.sampling_rate, "Hz, output_dim", encoder.output_dim, "hop", encoder.hop_size_in_ms, "ms")
print("check_audio_encoder:", check_audio_encoder(encoder))
assert check_audio_encoder(encoder)`;

/** Noise and tones of 2.3 s that Python is given as they are. */
function sounds(sampleRate) {
  const length = Math.round(2.3 * sampleRate);
  return [0, 1, 2].map((clip) =>
    Float32Array.from({ length }, (_, i) => 0.4 * Math.sin(i * (0.03 + 0.02 * clip) * (1 + 1e-5 * i)) + 0.1 * Math.sin(i * i * 0.37)),
  );
}

function run(title, args, env = {}) {
  const { status, stdout, stderr } = spawnSync(python, args, { encoding: 'utf8', cwd: folder, env: { ...process.env, ...env } });
  process.stdout.write(`== ${title}\n${stdout}`);
  if (status !== 0) {
    process.stderr.write(stderr);
    process.exitCode = 1;
  }
}

try {
  await setBackend({ threads: 1 });
  const model = values.model === undefined ? randomModel() : await loadModel(values.model);
  const out = join(folder, 'sound_encoder');
  console.log(await exportModel({ model, format: 'python', out }));
  const clips = sounds(model.frontEnd.sampleRate);
  const scene = await getSceneEmbeddings(clips, model);
  const times = await getTimestampEmbeddings(clips, model, { hopMs: 200 });
  const lists = { clips: clips.map((clip) => [...clip]), scene: [...scene.data], timestamps: [...times.data], ms: [...times.timestamps] };
  writeFileSync(join(folder, 'node.json'), JSON.stringify(lists));

  const site = join(folder, 'site');
  run('pip', ['-m', 'pip', 'install', '-q', '--no-deps', '--no-build-isolation', '--target', site, out]);
  const env = { PYTHONPATH: site, TF_CPP_MIN_LOG_LEVEL: '3' };
  run('hear-validator sound_encoder', ['-m', 'hearvalidator.validate', 'sound_encoder', '--device', 'cpu'], env);
  run('X-ARES', ['-c', xaresCheck], env);
  run('properties', [fileURLToPath(new URL('pythonPackage.py', import.meta.url)), join(folder, 'node.json')], env);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
