import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { registerEmbed } from '../../src/cli/embed.js';
import { registerEvaluate } from '../../src/cli/evaluate.js';
import { runFolder } from '../../src/run/runFolder.js';
import { readNpz } from '../../src/util/npz.js';
import { tone } from '../data/syntheticData.js';
import { saveSmallModel } from '../model/smallModel.js';
import { toneFrontEnd, toneStore } from '../train/toneStore.js';
import { temporaryFolder } from '../util/temporaryFolder.js';

const folder = temporaryFolder();
const run = runFolder(join(folder, 'run'));
let storeDir: string;

/** Runs a command in this process and gives back what it wrote to standard output. */
async function audiossl(...args: string[]): Promise<string> {
  const program = new Command('audiossl').exitOverride();
  registerEvaluate(program);
  registerEmbed(program);
  for (const command of program.commands) command.exitOverride().configureOutput({ writeErr: () => {} });
  const written: string[] = [];
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0),
    vi.spyOn(process.stderr, 'write').mockImplementation(() => true),
  ];
  try {
    await program.parseAsync(['node', 'audiossl', ...args]);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return written.join('');
}

beforeAll(async () => {
  await setBackend({ backend: 'wasm' });
  await mkdir(run.checkpoints, { recursive: true });
  await mkdir(run.evaluations, { recursive: true });
  await mkdir(join(folder, 'in', 'sub'), { recursive: true });
  await writeFile(join(folder, 'in', 'a.wav'), tone(400, 0.6));
  await writeFile(join(folder, 'in', 'sub', 'b.wav'), tone(800, 0.6));
  await writeFile(join(folder, 'in', 'broken.wav'), 'RIFF');
  await saveSmallModel(run.checkpoints, { name: 'best.safetensors', frontEnd: { ...toneFrontEnd } });
  const store = await toneStore(6);
  storeDir = store.dir;
  const split = store.clips.map(({ id }, i) => `${id},${['train', 'train', 'validation'][i % 3]}`);
  await writeFile(run.split, ['id,split', ...split].join('\n'));
  await writeFile(run.config, 'seed: 5\nfrontEnd: {nMels: 24, minSeconds: 0.5}\nevaluation: {bootstrapDraws: 100}\n');
  await store.close();
});

describe('audiossl evaluate', () => {
  const args = () => ['evaluate', run.dir, '--split', 'validation', '--features', storeDir, '--backend', 'wasm'];

  test('prints the accuracies, or the record as JSON', async () => {
    const text = await audiossl(...args(), '--protocol', 'knn');
    expect(text).toMatch(/^knn on 4 validation clips, checkpoint best \(epoch 3\), seed 5\n {2}clip micro accuracy +\d+\.\d % \[/);
    expect(text).toMatch(/knn-validation-best-seed5\.json\n$/);
    const record = JSON.parse(
      await audiossl(...args(), '--protocol', 'linear', '--seed', '9', '--set', 'evaluation.linear.epochs=3', '--json'),
    );
    expect(record).toMatchObject({ protocol: 'linear', seed: 9, numClips: 4, options: { epochs: 3 } });
  });

  test('wrong use is refused: finetune, no features, an unknown key', async () => {
    await expect(audiossl(...args(), '--protocol', 'finetune')).rejects.toThrow(
      /finetune is not part of this version; use --protocol knn or linear/,
    );
    const without = args().filter((arg) => arg !== '--features' && arg !== storeDir);
    await expect(audiossl(...without, '--protocol', 'knn')).rejects.toThrow(/pass --features STORE/);
    await expect(audiossl(...args(), '--protocol', 'knn', '--set', 'evaluation.neighbors=3')).rejects.toThrow(/neighbours/);
  });
});

describe('audiossl embed', () => {
  test('a folder into npz: broken files are left out and counted', async () => {
    const out = join(folder, 'e.npz');
    const text = await audiossl('embed', '--model', run.dir, '--in', join(folder, 'in'), '--out', out, '--backend', 'wasm');
    expect(text).toBe(`${out}: 2 rows, one a clip, of 2 recordings; 1 broken ones left out\n`);
    expect((await readNpz(out)).get('clip')?.data).toEqual(['a.wav', 'sub/b.wav']);
  });

  test('the folder of the output is made first, and one that is a file refused before any work', async () => {
    const embed = (out: string) => audiossl('embed', '--model', run.dir, '--backend', 'wasm', '--in', join(folder, 'in'), '--out', out);
    const out = join(folder, 'new', 'folder', 'e.npz');
    expect(await embed(out)).toContain('2 rows');
    await expect(embed(join(out, 'e.npz'))).rejects.toThrow(/embed: .*e\.npz\/e\.npz cannot be written \(.*\); give another --out$/);
    await mkdir(join(folder, 'taken.npz'));
    await expect(embed(join(folder, 'taken.npz'))).rejects.toThrow(/embed: .*taken\.npz is a folder; give another --out/);
  });

  test('wrong use is refused', async () => {
    const embed = (...args: string[]) => audiossl('embed', '--model', run.dir, '--backend', 'wasm', ...args);
    await expect(embed('--in', folder, '--out', 'x.csv')).rejects.toThrow(/must end with \.npz, \.npy or \.parquet, got x\.csv/);
    await expect(embed('--in', join(folder, 'none'), '--out', 'x.npz')).rejects.toThrow(/none does not exist/);
    const twice = join(folder, 'in', 'a.wav');
    await expect(embed('--in', twice, twice, '--out', 'x.npz')).rejects.toThrow(/a\.wav is given twice/);
  });
});
