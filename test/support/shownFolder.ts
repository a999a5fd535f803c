import { copyFileSync, cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { parseCsv } from '../../src/util/csv.js';
import { tone } from '../data/syntheticData.js';
import { temporaryFolder } from './temporaryFolder.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Settings with which a run on the folders below takes a moment; what they leave out is the default. */
export const shortSettings = [
  ...['train.epochs=1', 'schedule.warmupEpochs=0', 'train.monitorEveryEpochs=1', 'data.patchFrames=32', 'data.patchHop=32'],
  ...['evaluation.linear.epochs=20', 'evaluation.finetune.epochs=1', 'evaluation.bootstrapDraws=100'],
];

/**
 * A working folder in which everything that the commands of README.md and docs/ begin from is there, small: recordings of a low and a high
 * tone in every layout that is named, some real clips of ESC-10, the configs, and the sweep of FSDnoisy18k cut down to its first system; and audiossl as an installed package.
 */
export function shownFolder(): string {
  const dir = temporaryFolder();
  const write = (path: string, content: string | Uint8Array) => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), content);
  };
  const twoTones = (numClips: number, name: (kind: string, i: number) => string, seconds = 0.6) => {
    for (let i = 0; i < numClips; i++) {
      write(name('low', i), tone(200 + 20 * i, seconds + 0.01 * i));
      write(name('high', i), tone(3000 + 200 * i, seconds - 0.01 * i));
    }
  };
  twoTones(10, (kind, i) => `my-recordings/${kind}/${i}.wav`);
  twoTones(10, (kind, i) => `my-labelled/${kind}/example-${i}.wav`, 0.7);
  twoTones(2, (kind, i) => `recordings/${kind}-${i}.wav`, 3);
  twoTones(5, (kind, i) => `free_sounds/${kind}${i}.wav`);
  write('owl.wav', tone(400, 1));
  writeEsc50(write);
  writeFsdnoisy18k(write);
  writeEsc10(dir, write);
  cpSync(join(root, 'configs'), join(dir, 'configs'), { recursive: true });
  const file = join(dir, 'configs/sweeps/fsdnoisy18k-table1.yaml');
  writeFileSync(file, stringify(oneSystem(parse(readFileSync(file, 'utf8')) as Record<string, unknown>)));
  mkdirSync(join(dir, 'node_modules'));
  symlinkSync(root, join(dir, 'node_modules/audiossl'));
  return dir;
}

type Write = (path: string, content: string | Uint8Array) => void;

function writeEsc50(write: Write): void {
  let csv = 'filename,fold,target,category,esc10,src_file,take\n';
  for (let fold = 1; fold <= 5; fold++)
    for (let i = 0; i < 4; i++) {
      const name = `${fold}-${100 * fold + i}-A-${i % 2}.wav`;
      csv += `${name},${fold},${i % 2},${i % 2 === 0 ? 'dog' : 'siren'},False,${100 * fold + i},A\n`;
      write(`ESC-50-master/audio/${name}`, tone((i % 2 === 0 ? 200 : 3000) + 20 * fold + i, 0.6));
    }
  write('ESC-50-master/meta/esc50.csv', csv);
}

/** Two of its classes: noisy, clean and test clips, as its own tables name them. */
function writeFsdnoisy18k(write: Write): void {
  let train = 'fname,label,aso_id,manually_verified,noisy_small\n';
  let test = 'fname,label,aso_id\n';
  let next = 100;
  for (const [label, hertz] of [['Rain', 300], ['Fire', 4000]] as const) // biome-ignore format: one line
    for (let i = 0; i < 18; i++) {
      const name = `${next++}.wav`;
      const isTest = i >= 15;
      write(`FSDnoisy18k/FSDnoisy18k.audio_${isTest ? 'test' : 'train'}/${name}`, tone(hertz + 30 * i, 0.6));
      if (isTest) test += `${name},${label},/m/0\n`;
      else train += `${name},${label},/m/0,${i < 7 ? 1 : 0},0\n`;
    }
  write('FSDnoisy18k/FSDnoisy18k.meta/train.csv', train);
  write('FSDnoisy18k/FSDnoisy18k.meta/test.csv', test);
}

/** The first clip of three classes in each fold of the bundled recordings, and the one that docs/library.md reads. */
function writeEsc10(dir: string, write: Write): void {
  const text = readFileSync(join(root, 'data/esc10/labels.csv'), 'utf8');
  const { rows } = parseCsv(text, 'labels.csv');
  const labels = [...new Set(rows.map(({ label }) => label))].sort().slice(0, 3);
  const first = labels.flatMap((label) =>
    ['1', '2', '3', '4', '5'].map((fold) => rows.find((row) => row.label === label && row.fold === fold)?.fname as string),
  );
  const names = new Set([...first, '2-71162-A.ogg']);
  const [header, ...lines] = text.split('\n');
  write('data/esc10/labels.csv', [header, ...lines.filter((line) => names.has(line.split(',')[0])), ''].join('\n'));
  mkdirSync(join(dir, 'data/esc10/audio'));
  for (const name of names) copyFileSync(join(root, 'data/esc10/audio', name), join(dir, 'data/esc10/audio', name));
}

/** A sweep with its first system alone, once. */
function oneSystem({ variants, ...rest }: Record<string, unknown>): object {
  const [first] = variants as { set: object }[];
  const short = Object.fromEntries(shortSettings.map((text) => text.split('=')).map(([key, value]) => [key, Number(value)]));
  return { ...rest, variants: [first], seeds: [0], set: short };
}
