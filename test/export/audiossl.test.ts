import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { exportModel } from '../../src/export/exportModel.js';
import { loadModel } from '../../src/model/loadModel.js';
import { readEvaluations } from '../../src/run/evaluationRecord.js';
import { runFolder } from '../../src/run/runFolder.js';
import { sha256OfFile } from '../../src/util/hash.js';
import { saveSmallModel } from '../model/smallModel.js';
import { writeFixtureRun } from '../report/fixtureRun.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const folder = temporaryFolder();
const models = fileURLToPath(new URL('../../models/', import.meta.url));
const row = (card: string, name: string) => card.match(new RegExp(`^\\| ${name} \\| \`?([^|\`]*?)\`? \\|`, 'm'))?.[1];

describe('export --format audiossl', () => {
  const dir = join(folder, 'run');
  beforeAll(async () => {
    await setBackend({ backend: 'cpu' });
    await writeFixtureRun({ dir, numEpochs: 4 });
    await mkdir(runFolder(dir).checkpoints, { recursive: true });
    await saveSmallModel(runFolder(dir).checkpoints, {
      name: 'best.safetensors',
      config: { seed: 3, train: { initialise: '/home/me/private/run' } },
    });
  });

  test('a card beside the file, with its checksum, the data, the recipe and the accuracies as they are in the records', async () => {
    const data = join(folder, 'sounds');
    await mkdir(join(data, 'licences'), { recursive: true });
    await writeFile(join(data, 'clips.csv'), 'fname,package,seconds\na.ogg,birds,1800\nb.ogg,birds,3600\nc.ogg,bells,1800\n');
    await writeFile(
      join(data, 'licences', 'birds.copyright'),
      'Files: *\nLicense: CC0\n text\n\nFiles: x\nLicense: GPL-2+\n\nLicense: CC0\n',
    );
    await writeFile(join(data, 'licences', 'bells.copyright'), 'You may do what you like.\n');
    await writeFile(join(data, 'licences', 'unused.copyright'), 'License: MIT\n');
    const model = await loadModel(dir);
    const out = join(folder, 'out', 'my.safetensors');
    const written = await exportModel({ model, format: 'audiossl', out, options: { half: true, data } });
    expect(written).toMatch(/^\d+ tensors, float16, without what only training needs; model card .*my\.md$/);
    const card = readFileSync(join(folder, 'out', 'my.md'), 'utf8');
    expect(row(card, 'SHA-256')).toBe(await sha256OfFile(out));
    expect(card).toContain('Recordings of the folder `sounds`: 3 recordings, 2.0 hours.');
    expect(card).toContain('| bells | 1 | in words, see the file |\n| birds | 2 | CC0, GPL-2+ |');
    expect(card).not.toMatch(/unused|private/);
    expect(card).toContain('50 to 10500 Hz');
    expect(card).toContain('initialise: run');
    const linear = (await readEvaluations(runFolder(dir))).find(({ record }) => record.protocol === 'linear')!.record;
    const [low, high] = linear.clipMicroAccuracyInterval!.map((share) => (100 * share).toFixed(1));
    expect(card).toContain(`| linear | this encoder | ${(100 * linear.clipMicroAccuracy).toFixed(1)} | ${low} – ${high} |`);
    const recalls = linear.perClass.map(({ recall }) => recall as number);
    expect(Number(card.match(/Told best by a linear classifier: \w+ ([\d.]+) %/)?.[1])).toBeCloseTo(100 * Math.max(...recalls), 1);
    expect(Number(card.match(/Worst: \w+ ([\d.]+) %/)?.[1])).toBeCloseTo(100 * Math.min(...recalls), 1);

    const again = await loadModel(out);
    expect(again.parameters.size).toBe(model.parameters.size);
    again.dispose();
    model.dispose();
  });

  test('every other format has the card too, with the checksum of what it wrote', async () => {
    const model = await loadModel(dir);
    const out = join(folder, 'out', 'graph.onnx');
    expect(await exportModel({ model, format: 'onnx', out })).toMatch(/; model card .*graph\.md$/);
    const card = readFileSync(join(folder, 'out', 'graph.md'), 'utf8');
    expect(row(card, 'SHA-256')).toBe(await sha256OfFile(out));
    expect(card).toContain('ONNX (opset 17), float32, batch norm folded');
    expect(card).toMatch(/\| linear \| this encoder \| [\d.]+ \| [\d.]+ – [\d.]+ \|/);
    const data = join(folder, 'nowhere');
    await expect(exportModel({ model, format: 'onnx', out: join(folder, 'no.onnx'), options: { data } })).rejects.toThrow(
      /`data` must be the folder of the recordings trained on, got .*nowhere/,
    );
    expect(existsSync(join(folder, 'no.onnx'))).toBe(false);
    model.dispose();
  });

  test('replaces a card of its own and nothing else', async () => {
    const model = await loadModel(dir);
    const write = (name: string) => exportModel({ model, format: 'audiossl', out: join(folder, name) });
    await write('twice.safetensors');
    await write('twice.safetensors');
    await writeFile(join(folder, 'notes.md'), 'my notes');
    await expect(write('notes.safetensors')).rejects.toThrow(/the model card would replace .*notes\.md, which is no card/);
    await expect(write('model.bin')).rejects.toThrow(/writes a \.safetensors file, got `out` .*model\.bin/);
    expect(readFileSync(join(folder, 'notes.md'), 'utf8')).toBe('my notes');
    expect(existsSync(join(folder, 'notes.safetensors'))).toBe(false);
    model.dispose();
  });
});

// Skipped in a copy without it.
test.skipIf(!existsSync(join(models, 'free-sounds.safetensors')))(
  'the encoder that ships is the one of its card, 25 MB at most',
  async () => {
    const path = join(models, 'free-sounds.safetensors');
    expect(row(readFileSync(join(models, 'free-sounds.md'), 'utf8'), 'SHA-256')).toBe(await sha256OfFile(path));
    expect(statSync(path).size).toBeLessThanOrEqual(25e6);
  },
);
