import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LogRecord, StartRecord } from '../../../src/run/logRecord.js';
import { openEventFile } from '../../../src/run/tensorBoard/openEventFile.js';
import { crc32c } from '../../../src/util/crc32c.js';
import golden from '../../golden/run/tensorBoardEvents.json' with { type: 'json' };
import { temporaryFolder } from '../../support/temporaryFolder.js';

const root = temporaryFolder();
const configText = 'seed: 0\nloss: ü\n';
const start: StartRecord = {
  kind: 'start',
  command: ['audiossl', 'pretrain'],
  versions: {},
  backend: 'libtorch',
  device: 'cpu',
  precision: 'float32',
  threads: 1,
  seed: 0,
  configHash: '',
  classNames: [],
  numClips: { train: 8, validation: 0, test: 0 },
  numParameters: {},
  dataNotes: [],
};

/** Appends records to a new event file of `dir`, closes it and gives its name. */
function write(dir: string, records: readonly LogRecord[], seconds: number): void {
  const file = openEventFile({ dir, configText, now: () => seconds });
  for (const record of records) file.append(record);
  file.close();
}

describe('crc32c', () => {
  it('agrees with RFC 3720, appendix B.4', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  });
});

describe('openEventFile', () => {
  it('writes the bytes that TensorBoard’s own writer does, and a mark at a restart', async () => {
    const dir = join(root, 'run');
    await mkdir(dir);
    const records: LogRecord[] = [
      start,
      { kind: 'step', step: 1, epoch: 1, loss: 2.5, learningRate: 0.03, patchesPerSecond: 100 },
      { kind: 'epoch', step: 300, epoch: 1, loss: Number.NaN, seconds: 1.25 },
      { kind: 'monitor', step: 300, epoch: 1, knnClipMacroAccuracy: 0.4, collapse: 'a line', isBest: true },
      { kind: 'end', reason: 'interrupted', step: 300, epoch: 1 },
    ];
    write(dir, records, 1_700_000_000.5);
    const again: LogRecord[] = [{ ...start, resumedFromStep: 150 }, { kind: 'step', step: 151, epoch: 2, loss: 1.5 } as LogRecord];
    write(dir, again, 1_700_000_000.5);
    // TensorBoard reads them in this order, though the clock stood still.
    const names = (await readdir(dir)).sort();
    expect(names).toEqual(['events.out.tfevents.1700000000.audiossl', 'events.out.tfevents.1700000001.audiossl']);
    const bytes = await Promise.all(names.map(async (name) => (await readFile(join(dir, name))).toString('hex')));
    expect(bytes).toEqual([golden.first, golden.resumed]);
  });
});
