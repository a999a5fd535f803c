import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { getSceneEmbeddings, getTimestampEmbeddings } from '../../src/embed/hear.js';
import { exportModel } from '../../src/export/exportModel.js';
import { sha256OfFile } from '../../src/util/hash.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { goldenModel, testSound } from './goldenModel.js';

const folder = temporaryFolder();
// A virtual environment with onnxruntime; Debian's Python has none.
const python = process.env.PEER_PYTHON ?? '/usr/bin/python3';
const hasRuntime = spawnSync(python, ['-c', 'import onnxruntime']).status === 0;

beforeAll(() => setBackend({ backend: 'wasm' }));

/** What the package makes of sounds, as JSON. */
const program = `
import json, sys
import numpy as np
sys.path.insert(0, sys.argv[1])
from sound_encoder.encoder import Encoder
given = json.load(open(sys.argv[2]))
clips = [np.array(clip, np.float32) for clip in given["clips"]]
encoder = Encoder(threads=1, batch_size=5)
rows = [encoder.timestamps(clip, 51) for clip in clips]
print(json.dumps({
    "scene": np.concatenate([encoder.scene(clip) for clip in clips]).tolist(),
    "timestamps": np.concatenate([h.ravel() for h, _ in rows]).tolist(),
    "ms": np.concatenate([ms for _, ms in rows]).tolist(),
}))
`;

describe('export --format python', () => {
  it('writes a package of that name, complete, and nothing beside it', async () => {
    const model = goldenModel({ name: 'vgg' });
    const out = join(folder, 'my_sounds');
    expect(await exportModel({ model, format: 'python', out })).toMatch(/my_sounds.*22050 Hz.*512/);
    model.dispose();
    const files = readdirSync(out, { recursive: true, encoding: 'utf8' }).sort();
    const inner = ['__init__.py', 'encoder.onnx', 'encoder.py', 'hear.py', 'xares_encoder.py'];
    expect(files).toEqual(['README.md', 'card.md', 'my_sounds', 'pyproject.toml', ...inner.map((name) => join('my_sounds', name))].sort());
    for (const file of files.filter((name) => /\.(py|md|toml)$/.test(name))) {
      expect(readFileSync(join(out, file), 'utf8')).not.toMatch(/\{\{|undefined/);
    }
    const sha256 = await sha256OfFile(join(out, 'my_sounds', 'encoder.onnx'));
    expect(readFileSync(join(out, 'card.md'), 'utf8')).toContain(`| SHA-256 | \`${sha256}\` |`);
    expect(readFileSync(join(out, 'pyproject.toml'), 'utf8')).toMatch(/name = "my-sounds"[\s\S]*packages = \["my_sounds"\]/);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('refuses a folder that has content, and a name that Python could not import', async () => {
    const model = goldenModel({ name: 'vgg' });
    await expect(exportModel({ model, format: 'python', out: join(folder, 'my_sounds') })).rejects.toThrow(/must be new or empty/);
    await expect(exportModel({ model, format: 'python', out: join(folder, 'My-Sounds') })).rejects.toThrow(
      /got "My-Sounds"; try my_sounds/,
    );
    expect(existsSync(join(folder, 'My-Sounds'))).toBe(false);
    model.dispose();
  });

  it.skipIf(!hasRuntime).each([
    ['the default front end', 'vgg', {}],
    ['decibels under a top', 'vgg', { preset: 'librosa' as const }],
    ['frames that do not stand at the edges', 'crnn', { center: false, power: 1 as const, fill: 'zero' as const }],
    ['an offset and zero padding', 'vgg', { padMode: 'constant' as const, waveformOffset: 0.1 }],
  ])('gives the numbers of Node: %s (needs PEER_PYTHON with onnxruntime)', async (_, name, frontEnd) => {
    const model = goldenModel({ name }, { frontEnd });
    const out = join(folder, `${name}_${Object.keys(frontEnd).length}`, 'sound_encoder');
    await exportModel({ model, format: 'python', out });
    // Longer than a patch, shorter than minSeconds, shorter than a patch and than the padding.
    const clips = [1.3, 0.42, 0.02].map((seconds, i) => testSound(seconds, model.frontEnd.sampleRate, i));
    writeFileSync(join(folder, 'clips.json'), JSON.stringify({ clips: clips.map((clip) => Array.from(clip)) }));
    const { stdout, stderr } = spawnSync(python, ['-c', program, out, join(folder, 'clips.json')], { encoding: 'utf8' });
    expect(stdout, stderr).not.toBe('');
    const got = JSON.parse(stdout) as { scene: number[]; timestamps: number[]; ms: number[] };
    const scene = (await getSceneEmbeddings(clips, model)).data;
    const rows = [];
    for (const clip of clips) rows.push(await getTimestampEmbeddings([clip], model, { hopMs: 51 }));
    // The bound of the format; what is seen is a hundred times below it.
    const atol = 1e-4 * scene.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    expect(got.scene).toBeAllClose(scene, { rtol: 0, atol });
    expect(got.timestamps).toBeAllClose(
      rows.flatMap(({ data }) => Array.from(data)),
      { rtol: 0, atol },
    );
    expect(got.ms).toEqual(rows.flatMap(({ timestamps }) => Array.from(timestamps)));
    model.dispose();
  });
});
