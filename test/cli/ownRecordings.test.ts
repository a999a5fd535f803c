import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { registerData } from '../../src/cli/data.js';
import { registerEvaluate } from '../../src/cli/evaluate.js';
import { registerPretrain } from '../../src/cli/pretrain.js';
import { Rng } from '../../src/util/rng.js';
import { wav } from '../data/syntheticData.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { inProcess } from './runInProcess.js';

const audiossl = inProcess(registerData, registerPretrain, registerEvaluate);
const seconds = 0.25;

/** A short tone and a little noise, another at each call. */
let calls = 0;
function noisyTone(hertz: number): Uint8Array {
  const rng = new Rng({ seed: calls++, purpose: 'noise' });
  return wav(Math.round(22050 * seconds), (n) => 0.5 * Math.sin((2 * Math.PI * hertz * n) / 22050) + rng.uniform(-0.01, 0.01));
}

function write(dir: string, path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(dir, path)), { recursive: true });
  writeFileSync(join(dir, path), content);
}

/** The layouts of the README's section on one's own recordings, of two sounds that any vote that sees tells apart. */
const layouts = {
  twoFolders(dir: string) {
    for (const [name, hertz] of [
      ['high', 3000],
      ['low', 200],
    ] as const)
      for (let i = 0; i < 30; i++) write(dir, `${name}/${i}.wav`, noisyTone(hertz));
  },
  esc50(dir: string) {
    let csv = 'filename,fold,target,category,esc10,src_file,take\n';
    for (let fold = 1; fold <= 5; fold++)
      for (let i = 0; i < 6; i++) {
        const name = `${fold}-${100 * fold + i}-A-${i % 2}.wav`;
        csv += `${name},${fold},${i % 2},${i % 2 === 0 ? 'dog' : 'siren'},False,${100 * fold + i},A\n`;
        write(dir, `audio/${name}`, noisyTone(i % 2 === 0 ? 200 : 3000));
      }
    write(dir, 'meta/esc50.csv', csv);
  },
  urbanSound8k(dir: string) {
    let csv = 'slice_file_name,fsID,start,end,salience,fold,classID,class\n';
    for (let fold = 1; fold <= 10; fold++)
      for (let i = 0; i < 4; i++) {
        const name = `${1000 * fold + i}-${i % 2}-0-0.wav`;
        csv += `${name},${1000 * fold + i},0,1,1,${fold},${i % 2},${i % 2 === 0 ? 'drilling' : 'siren'}\n`;
        write(dir, `audio/fold${fold}/${name}`, noisyTone(i % 2 === 0 ? 200 : 3000));
      }
    write(dir, 'metadata/UrbanSound8K.csv', csv);
  },
};

describe('recordings of one’s own, from data check to evaluate', () => {
  const folder = temporaryFolder();
  const small = [
    'frontEnd.nMels=24',
    'frontEnd.minSeconds=0.2',
    'data.patchFrames=16',
    'encoder.name=vgg',
    'train.epochs=1',
    'train.batchSize=32',
  ];
  const set = [...small, 'evaluation.bootstrapDraws=100'].flatMap((text) => ['--set', text]);
  beforeAll(() => setBackend({ backend: 'wasm' }));

  test.each([
    ['twoFolders', 'high 30 30 low 30 30', [], 'validation', 10],
    ['esc50', 'dog 15 15 siren 15 15', ['--set', 'data.testFold=5', '--set', 'data.validationFolds=[4]'], 'test', 6],
    ['urbanSound8k', 'drilling 20 20 siren 20 20', ['--set', 'data.testFold=10', '--set', 'data.validationFolds=[9]'], 'test', 4],
  ] as const)('%s', async (name, counts, folds, split, numClips) => {
    const dir = join(folder, name);
    layouts[name](dir);
    const check = await audiossl('data', 'check', dir);
    expect(check.replace(/\s+/g, ' ')).toContain(counts);
    expect(check).toMatch(/nothing wrong was found\n$/);
    const run = join(folder, 'runs', name);
    await audiossl('pretrain', '--data', dir, '--out', run, '--backend', 'wasm', ...set, ...folds);
    const record = JSON.parse(await audiossl('evaluate', run, '--protocol', 'knn', '--split', split, '--backend', 'wasm', '--json'));
    expect(record).toMatchObject({ numClips, clipMicroAccuracy: 1, clipMacroAccuracy: 1 });
    expect(record.clipMacroAccuracyInterval[0]).toBeLessThan(0.95);
    expect(record.notes.join('\n')).toMatch(/K is \d+ in place of 200: the smallest class has \d+ patches to ask/);
  });
});
