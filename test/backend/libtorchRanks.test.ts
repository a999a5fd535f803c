import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadAddon } from '../../src/backend/libtorch/loadAddon.js';
import { freePort } from '../../src/util/freePort.js';
import { cases } from '../parallel/rankCases.mjs';
import { runNode } from '../parallel/startRanks.js';
import { availableBackends } from '../support/backends.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const script = fileURLToPath(new URL('../parallel/trainOnRanks.mjs', import.meta.url));
const hasRanks = availableBackends.includes('libtorch') && loadAddon().hasRanks?.() === true;

/** One of each kind: a loss of the batch with itself, a queue, momentum networks, labels. */
const onThree = ['angularContrastive', 'mocoV2', 'byol', 'supervised'];

interface Trained {
  losses: number[];
  digest: string;
  paths: [string, number][];
  values: Float32Array;
}

/** Trains `names` on `size` ranks; the results of rank 0, after those of the others were seen to be the same. */
async function trainOn(size: number, names: readonly string[]): Promise<Record<string, Trained>> {
  const folder = join(temporaryFolder(), String(size));
  mkdirSync(folder);
  const port = String(await freePort());
  const ranks = await Promise.all(
    Array.from({ length: size }, (_, rank) => runNode([script, String(rank), String(size), port, folder, ...names])),
  );
  expect(ranks.map(({ code, stderr }) => [code, stderr])).toEqual(ranks.map(() => [0, '']));
  const [first, ...others] = ranks.map((_, rank) => JSON.parse(readFileSync(join(folder, `rank${rank}.json`), 'utf8')));
  expect(first.tensors, 'tensors left').toBe(0);
  for (const name of names) {
    for (const other of others) expect(other[name].digest, `${name}: every rank has the same bits`).toBe(first[name].digest);
    const bytes = readFileSync(join(folder, `${name}.f32`));
    first[name].values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  }
  return first;
}

describe.skipIf(!hasRanks)('ranks on libtorch', () => {
  const names = Object.keys(cases);
  let one: Record<string, Trained>;
  let two: Record<string, Trained>;
  let three: Record<string, Trained>;
  beforeAll(async () => {
    [one, two, three] = await Promise.all([
      trainOn(1, names),
      trainOn(
        2,
        names.filter((name) => name !== 'local'),
      ),
      trainOn(3, onThree),
    ]);
  }, 600_000);

  it.each(names.filter((name) => name !== 'local'))('%s: two ranks go the way of one process', (name) => compare(two[name], one[name]));
  it.each(onThree)('%s: three ranks go the way of one process', (name) => compare(three[name], one[name]));

  it('ranks with negatives and batch norm of their own are the weighted sum of their shares', async () => {
    const { local } = await trainOnLocal();
    const ofNetworks = ({ paths }: Trained) => paths.filter(([path]) => !path.includes('running')).map(([path]) => path);
    for (const path of ofNetworks(local)) expect(part(local, path), path).toBeAllClose(part(one.local, path), { rtol: 0, atol: 1e-5 });
    expect(local.losses).toBeAllClose(one.local.losses, { rtol: 1e-5, atol: 1e-5 });
  });

  /** Float32 sums in another order, made larger by 20 steps from one another: 1e-5 is the bound that users are told. */
  function compare(actual: Trained, expected: Trained): void {
    expect(actual.losses).toBeAllClose(expected.losses, { rtol: 1e-5, atol: 1e-5 });
    expect(actual.paths).toEqual(expected.paths);
    for (const [path] of expected.paths) expect(part(actual, path), path).toBeAllClose(part(expected, path), { rtol: 1e-5, atol: 1e-5 });
  }
});

/** Running statistics are each rank's own there, so only the weights are the same. */
async function trainOnLocal(): Promise<Record<string, Trained>> {
  const folder = join(temporaryFolder(), 'local');
  mkdirSync(folder);
  const port = String(await freePort());
  const ranks = await Promise.all([0, 1].map((rank) => runNode([script, String(rank), '2', port, folder, 'local'])));
  expect(ranks.map(({ code, stderr }) => [code, stderr])).toEqual(ranks.map(() => [0, '']));
  const { local } = JSON.parse(readFileSync(join(folder, 'rank0.json'), 'utf8'));
  const bytes = readFileSync(join(folder, 'local.f32'));
  return { local: { ...local, values: new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4) } };
}

function part({ paths, values }: Trained, wanted: string): Float32Array {
  let at = 0;
  for (const [path, length] of paths) {
    if (path === wanted) return values.subarray(at, at + length);
    at += length;
  }
  throw new Error(`no ${wanted}`);
}
