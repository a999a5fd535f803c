import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { registerEmbed } from '../../src/cli/embed.js';
import { registerSearch } from '../../src/cli/search.js';
import { readNpz } from '../../src/util/npz.js';
import { tone } from '../data/syntheticData.js';
import { saveSmallModel } from '../model/smallModel.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { toneFrontEnd } from '../train/toneStore.js';
import { inProcess } from './runInProcess.js';

const folder = temporaryFolder();
const recordings = join(folder, 'in');
const clips = join(folder, 'clips.npz');
const patches = join(folder, 'patches.npy');
const audiossl = inProcess(registerSearch, registerEmbed);
let model: string;

interface Result {
  query: string;
  neighbours: { rank: number; row: number; clip: string; timestampMs: number; similarity: number }[];
}
const search = async (...args: string[]): Promise<Result[]> =>
  JSON.parse(await audiossl('search', ...args, '--backend', 'wasm', '--json')) as Result[];

beforeAll(async () => {
  await setBackend({ backend: 'wasm' });
  await mkdir(recordings);
  for (const [i, hz] of [200, 250, 2000, 2400, 6000].entries()) await writeFile(join(recordings, `${i}.wav`), tone(hz, 0.6));
  model = await saveSmallModel(folder, { frontEnd: { ...toneFrontEnd } });
  const embed = (out: string, per: string) =>
    audiossl('embed', '--model', model, '--in', recordings, '--out', out, '--per', per, '--backend', 'wasm');
  await embed(clips, 'clip');
  await embed(patches, 'patch');
});

describe('audiossl search', () => {
  it('finds for each kind of query what the cosines of the file say', async () => {
    const npz = await readNpz(clips);
    const values = npz.get('embedding')?.data as Float32Array;
    const dim = values.length / 5;
    const cosine = (a: number, b: number) => {
      let [dot, left, right] = [0, 0, 0];
      for (let i = 0; i < dim; i++) {
        const [x, y] = [values[a * dim + i], values[b * dim + i]];
        [dot, left, right] = [dot + x * y, left + x * x, right + y * y];
      }
      return dot / Math.sqrt(left * right);
    };
    const expected = [0, 1, 3, 4].map((row) => ({ row, similarity: cosine(2, row) })).sort((a, b) => b.similarity - a.similarity);
    const [byRow, byId, bySound] = await search(
      ...['--embeddings', clips, '--top', '4', '--model', model],
      ...['--query', '2', '2.wav', join(recordings, '2.wav')],
    );
    for (const { neighbours } of [byRow, byId]) {
      expect(neighbours.map(({ row }) => row)).toEqual(expected.map(({ row }) => row));
      expect(neighbours.map(({ clip, rank }) => [clip, rank])).toEqual(expected.map(({ row }, i) => [`${row}.wav`, i + 1]));
      for (const [i, { similarity }] of neighbours.entries()) expect(similarity).toBeCloseTo(expected[i].similarity, 5);
    }
    expect([byRow.query, byId.query]).toEqual(['row 2 (2.wav)', '2.wav']);
    // A sound of its own finds the row made of it first.
    expect(bySound.neighbours[0]).toMatchObject({ row: 2, clip: '2.wav' });
    expect(bySound.neighbours[0].similarity).toBeCloseTo(1, 5);
    const [self] = await search('--embeddings', clips, '--query', '2', '--top', '1', '--self');
    expect(self.neighbours[0].row).toBe(2);
  });

  it('tells where in a recording a patch is, and leaves out all patches of the query', async () => {
    const text = await audiossl('search', '--embeddings', patches, '--query', '0.wav', '--top', '3', '--backend', 'wasm');
    expect(text).toMatch(/^0\.wav\n( +[123] +-?\d\.\d{4} {2}[1-4]\.wav {2}at \d\.\d\d s\n){3}$/);
  });

  it('writes a page on which a sound of its own can be heard, also without the recordings of the file', async () => {
    const page = join(folder, 'page');
    const sound = join(recordings, '2.wav');
    await search('--embeddings', clips, '--top', '2', '--model', model, '--query', sound, '--page', page);
    const html = await readFile(join(page, 'index.html'), 'utf8');
    expect(html.match(/<audio/g)).toHaveLength(1);
    expect(html).toContain(`src="data:audio/wav;base64,${(await readFile(sound)).toString('base64')}"`);
    expect(html).toContain('--audio FOLDER');
  });

  it.each<[string[], string]>([
    [['--query', '5'], 'search: --query must be a row of 0 .. 4, got 5'],
    [['--query', '7.wav'], 'search: --query must be a row, a recording of the file or a sound, got 7.wav, which is not there'],
    [['--query', folder], 'which is a folder'],
  ])('refuses %j', async (args, message) => {
    await expect(search('--embeddings', clips, ...args)).rejects.toThrow(message);
  });

  it('refuses sounds by another model than the one that made the file', async () => {
    const other = await saveSmallModel(join(folder, 'in', '..'), { name: 'other.safetensors', step: 99, frontEnd: { ...toneFrontEnd } });
    await expect(search('--embeddings', clips, '--model', other, '--query', join(recordings, '0.wav'))).rejects.toThrow(
      /clips\.npz was made by the model of SHA-256 \w{12}\.\.\., got one of \w{12}\.\.\.; pass --model with the one that made it/,
    );
  });
});
