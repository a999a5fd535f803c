import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { registerEmbed } from '../../src/cli/embed.js';
import { registerEvaluate } from '../../src/cli/evaluate.js';
import { registerExplore } from '../../src/cli/explore.js';
import { soundPath } from '../../src/cli/soundPath.js';
import type { Colouring } from '../../src/explore/explorePage.js';
import { runFolder } from '../../src/run/runFolder.js';
import { readTestAccess } from '../../src/run/testAccess.js';
import { parseCsv } from '../../src/util/csv.js';
import { saveSmallModel } from '../model/smallModel.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { toneFrontEnd, toneStore } from '../train/toneStore.js';
import { inProcess } from './runInProcess.js';

const folder = temporaryFolder();
const run = runFolder(join(folder, 'run'));
const program = inProcess(registerExplore, registerEmbed, registerEvaluate);
const audiossl = (...args: string[]) => program(...args, '--backend', 'wasm');
let recordings: string;
let ids: string[];
const splitOf = (id: string) => ['train', 'train', 'validation', 'test'][ids.indexOf(id) % 4];

interface PageData {
  title: string;
  ids: string[];
  labels: string[];
  sounds: (string | null)[];
  positions: string;
  colourings: Colouring[];
  notes: string[];
  hasPictures: boolean;
}
/** The page's data; positions as numbers. */
async function pageOf(out: string) {
  const html = await readFile(join(out, 'index.html'), 'utf8');
  const data = JSON.parse(/<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html)?.[1] as string) as PageData;
  const bytes = Uint8Array.from(Buffer.from(data.positions, 'base64'));
  const values = data.colourings.map((colouring) => {
    const { name } = colouring;
    return [
      name,
      colouring.kind === 'scale' ? colouring.values : colouring.of.map((i) => (i === null ? null : colouring.groups[i])),
    ] as const;
  });
  return { ...data, positions: new Float32Array(bytes.buffer), values: Object.fromEntries(values) };
}

beforeAll(async () => {
  await setBackend({ backend: 'wasm' });
  for (const dir of [run.checkpoints, run.evaluations]) await mkdir(dir, { recursive: true });
  await saveSmallModel(run.checkpoints, { name: 'best.safetensors', frontEnd: { ...toneFrontEnd } });
  const store = await toneStore(6);
  recordings = store.dir.replace(/-store$/, '');
  ids = store.clips.map(({ id }) => id);
  await store.close();
  await writeFile(run.split, ['id,split', ...ids.map((id) => `${id},${splitOf(id)}`)].join('\n'));
  await writeFile(run.config, 'seed: 5\nfrontEnd: {nMels: 24, minSeconds: 0.5}\ndata: {patchFrames: 32, patchHop: 16}\n');
  const start = {
    ...{
      kind: 'start',
      command: [],
      versions: {},
      backend: 'wasm',
      device: 'cpu',
      precision: 'float32',
      threads: 1,
      seed: 5,
      configHash: '',
    },
    ...{ classNames: [], numClips: { train: 6, validation: 3, test: 3 }, numParameters: {}, dataNotes: [], dataset: store.dir },
  };
  await writeFile(run.log, `${JSON.stringify(start)}\n`);
});

/** The one that was made, without the ending of its files. */
async function evaluation(): Promise<string> {
  const [name] = (await readdir(run.evaluations)).filter((file) => /^knn-test-.*\.json$/.test(file));
  return join(run.evaluations, name.replace(/\.json$/, ''));
}
/** Another that differs in these keys, and says the contrary of each clip. */
async function addEvaluation(name: string, changes: object): Promise<void> {
  const made = await evaluation();
  const record = JSON.parse(await readFile(`${made}.json`, 'utf8'));
  await writeFile(join(run.evaluations, `${name}.json`), JSON.stringify({ ...record, ...changes }));
  const predictions = await readFile(`${made}.predictions.csv`, 'utf8');
  const opposite = { high: 'low', low: 'high' };
  const other = predictions.replaceAll(
    /^([^,]*,[^,]*),(high|low),/gm,
    (_, start: string, said: 'high' | 'low') => `${start},${opposite[said]},`,
  );
  expect(other).not.toBe(predictions);
  await writeFile(join(run.evaluations, `${name}.predictions.csv`), other);
}

describe('audiossl explore', () => {
  it("shows a run's own clips as an embedding file of them is shown, with its splits and what its evaluations say", async () => {
    await audiossl('evaluate', run.dir, '--protocol', 'knn', '--split', 'test');
    await addEvaluation('linear-of-another-checkpoint', { protocol: 'linear', checkpointSha256: 'other' });
    await addEvaluation('knn-with-one-shot', { shots: 1, time: '2999-01-01T00:00:00Z' });
    const numLooks = (await readTestAccess(run)).length;
    const kept = await readdir(run.embeddings);
    const out = join(folder, 'map');
    expect(await audiossl('explore', run.dir, '--out', out, '--clusters', '2')).toBe(`${join(out, 'index.html')}\n`);
    const page = await pageOf(out);
    expect([page.ids, page.labels, page.hasPictures]).toEqual([ids, ids.map((id) => id.split('/')[0]), true]);
    expect(page.title).toMatch(/^run \(best\) on data-store$/);
    expect(page.sounds.every((sound) => sound?.startsWith('sounds/'))).toBe(true);
    expect(page.values.split).toEqual(ids.map(splitOf));

    expect(Object.keys(page.values).filter((name) => name.includes('linear'))).toEqual([]);
    const { rows } = parseCsv(await readFile(`${await evaluation()}.predictions.csv`, 'utf8'), 'predictions');
    const said = new Map(rows.map((row) => [row.id, row]));
    expect([...said.keys()].sort()).toEqual(ids.filter((id) => splitOf(id) === 'test').sort());
    const ofEach = (value: (row: Record<string, string>) => string | number) =>
      ids.map((id) => (said.has(id) ? value(said.get(id) as Record<string, string>) : null));
    expect(page.values['right or wrong (knn, test)']).toEqual(ofEach(({ label, predicted }) => (label === predicted ? 'right' : 'wrong')));
    expect(page.values['predicted (knn, test)']).toEqual(ofEach(({ predicted }) => predicted));
    expect(page.values['loss (knn, test)']).toEqual(ofEach((row) => 0 - Math.log(Math.max(1e-6, Number(row[`probability:${row.label}`])))));

    // The file is made of the recordings one by one; a batch of another size adds up in another order.
    const file = join(folder, 'e.npz');
    await audiossl('embed', '--model', run.dir, '--in', recordings, '--out', file);
    await audiossl('explore', '--embeddings', file, '--out', join(folder, 'of-file'));
    const ofFile = await pageOf(join(folder, 'of-file'));
    const place = new Map(ofFile.ids.map((id, row) => [id, row]));
    const size = Math.max(...page.positions.map(Math.abs));
    for (const axis of [0, 1]) {
      const pairs = ids.map((id, row) => [page.positions[2 * row + axis], ofFile.positions[2 * (place.get(id) as number) + axis]]);
      const sign = Math.sign(pairs.reduce((sum, [a, b]) => sum + a * b, 0));
      for (const [a, b] of pairs) expect(Math.abs(a - sign * b)).toBeLessThan(1e-3 * size);
    }

    // The neighbours of the evaluation had embedded what trains and tests; only the rest was new, and is kept for the next time.
    const more = await readdir(run.embeddings);
    expect(more.length).toBe(kept.length + 1);
    await audiossl('explore', run.dir, '--out', join(folder, 'again'), '--sounds', 'none');
    expect(await readdir(run.embeddings)).toEqual(more);
    expect((await pageOf(join(folder, 'again'))).positions).toEqual(page.positions);
    expect((await readTestAccess(run)).slice(numLooks)).toMatchObject([
      { protocol: 'explore', numClips: 12, evaluation: out },
      { protocol: 'explore', evaluation: join(folder, 'again') },
    ]);
    expect(page.notes.join()).toMatch(/test clips of the run are shown/);
  });

  it('shows one split, and looks at no test clip then', async () => {
    const numLooks = (await readTestAccess(run)).length;
    const out = join(folder, 'validation');
    await audiossl('explore', run.dir, '--out', out, '--split', 'validation', '--sounds', 'link');
    const page = await pageOf(out);
    expect(page.ids).toEqual(ids.filter((id) => splitOf(id) === 'validation'));
    expect(Object.keys(page.values)).toEqual(['class', 'cluster', 'split']);
    expect(await readTestAccess(run)).toHaveLength(numLooks);
  });

  it('shows other recordings by a model file; where no run has split them, by their own splits', async () => {
    const out = join(folder, 'other', 'map');
    await mkdir(join(folder, 'other'));
    await audiossl('explore', run.bestCheckpoint, '--data', join(recordings, 'low'), '--out', out);
    const page = await pageOf(out);
    expect(page.ids).toEqual(['00.wav', '01.wav', '02.wav', '03.wav', '04.wav', '05.wav']);
    expect(Object.keys(page.values)).toEqual(['cluster']);
    expect(await readdir(join(folder, 'other'))).toEqual(['features', 'map']);
  });

  it('tells columns of two tables apart by their names', async () => {
    const table = join(folder, 'other.csv');
    await writeFile(table, `id,score\n${ids.map((id, i) => `${id},${i}`).join('\n')}\n`);
    const out = join(folder, 'tables');
    await audiossl('explore', run.dir, '--split', 'train', '--sounds', 'none', '--out', out, '--table', table, '--table', table);
    const names = (await pageOf(out)).colourings.map(({ name }) => name);
    expect(names).toEqual(['class', 'cluster', 'split', 'score', 'score (other.csv)']);
  });

  it('plays recordings where they are: those embedded just now, and those of a store below --data, also where that is a table', () => {
    const clip = { id: 'low/1.wav', path: '/then/low/1.wav' };
    expect(soundPath(clip, { data: 'now' })).toBe(clip.path);
    expect(soundPath(clip, { features: 'store' })).toBe(clip.path);
    expect(soundPath(clip, { features: 'store', data: 'now' })).toBe(join('now', 'low', '1.wav'));
    expect(soundPath(clip, { features: 'store', data: 'now/marked.csv' })).toBe(join('now', 'low', '1.wav'));
  });

  it('refuses what does not go together, and what is not there, as other commands do', async () => {
    const out = ['--out', join(folder, 'x')];
    const refused = (...args: string[]) => expect(audiossl('explore', ...args, ...out)).rejects;
    await refused().toThrow(/^explore: name a run, --data DIR with recordings to embed, or --embeddings FILE$/);
    await refused(run.dir, '--embeddings', 'e.npz').toThrow(/--embeddings are of a model and of clips already; leave them out, or a run/);
    await refused('--embeddings', 'e.npz', '--split', 'test').toThrow(/leave them out, or --split/);
    await refused(join(folder, 'nowhere')).toThrow(/nowhere/);
    await refused(run.bestCheckpoint).toThrow(/--data DIR \(recordings\) or --features STORE/);
    await refused(run.dir, '--features', join(folder, 'no-store')).toThrow(/no-store/);
    await refused(run.dir, '--table', join(folder, 'no.csv')).toThrow(/explore: --table .*no\.csv must be readable/);
    await refused(run.bestCheckpoint, '--data', recordings, '--split', 'test').toThrow(
      /^explore: the data have no test clips; pass another --split/,
    );
  });
});
