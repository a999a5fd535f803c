import { appendFile, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { LogRecord, StartRecord } from '../../src/run/logRecord.js';
import { openLogWriter } from '../../src/run/logWriter.js';
import { parseLog, readLog } from '../../src/run/readLog.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

let dir: string;
let path: string;
beforeEach(async () => {
  dir = temporaryFolder();
  path = join(dir, 'log.jsonl');
});

const start: StartRecord = {
  kind: 'start',
  command: ['audiossl', 'pretrain'],
  versions: { audiossl: '0.1.0' },
  backend: 'cpu',
  device: 'cpu',
  precision: 'float32',
  threads: 1,
  seed: 0,
  configHash: 'abc',
  classNames: [],
  numClips: { train: 4, validation: 2, test: 0 },
  numParameters: { encoder: 10 },
  dataNotes: [],
};
const step = (n: number, loss = n / 10): LogRecord => ({
  kind: 'step',
  step: n,
  epoch: Math.ceil(n / 2),
  loss,
  learningRate: 0.03,
  patchesPerSecond: 100,
});
const epoch = (n: number): LogRecord => ({ kind: 'epoch', step: 2 * n, epoch: n, loss: n, seconds: 1 });
const monitor = (n: number): LogRecord => ({ kind: 'monitor', step: 2 * n, epoch: n, validationLoss: 3 - n, isBest: true });

async function write(records: LogRecord[], resumeFrom?: { step: number; epochsDone?: number }) {
  const writer = await openLogWriter({ path, resumeFrom, now: () => new Date('2026-01-02T03:04:05Z') });
  for (const record of records) writer.append(record);
  writer.close();
}
const stepsOf = async () => (await readLog(path)).steps.map((record) => record.step);

describe('openLogWriter', () => {
  it('writes one JSON object a line with the time, and each record is there before the next', async () => {
    const writer = await openLogWriter({ path, now: () => new Date('2026-01-02T03:04:05Z') });
    writer.append(start);
    writer.append(step(1));
    const lines = (await readFile(path, 'utf8')).split('\n');
    expect(lines.length).toBe(3);
    expect(JSON.parse(lines[1])).toEqual({ ...step(1), time: '2026-01-02T03:04:05.000Z' });
    writer.close();
    writer.close();
  });

  it('refuses to write a second run into a log', async () => {
    await write([start]);
    await expect(write([start])).rejects.toThrow(/EEXIST/);
  });

  it('cuts the log back to the checkpoint when it resumes: no step stands twice', async () => {
    await write([start, step(1), step(2), epoch(1), monitor(1), step(3), step(4), epoch(2), monitor(2), step(5)]);
    await appendFile(path, '{"kind":"step","step":6,"lo');
    await write([{ ...start, resumedFromStep: 3 }, step(4), epoch(2), monitor(2), step(5)], { step: 3 });
    const log = await readLog(path);
    expect(log.steps.map((record) => record.step)).toEqual([1, 2, 3, 4, 5]);
    expect(log.epochs.map((record) => record.epoch)).toEqual([1, 2]);
    expect(log.monitors.map((record) => record.epoch)).toEqual([1, 2]);
    expect(log.starts.map((record) => record.resumedFromStep)).toEqual([undefined, 3]);
    expect(log.isTorn).toBe(false);
  });

  it('cuts the end of an epoch that the checkpoint does not have behind it', async () => {
    await write([start, step(1), step(2), epoch(1), monitor(1)]);
    // Checkpoint after step 2 but before the end of epoch 1 was told.
    await write([epoch(1), monitor(1)], { step: 2, epochsDone: 0 });
    const log = await readLog(path);
    expect(log.epochs.length).toBe(1);
    expect(log.monitors.length).toBe(1);
    expect(await stepsOf()).toEqual([1, 2]);
  });

  it('cuts at every possible kill to the same log', async () => {
    const records = [start, step(1), step(2), epoch(1), step(3), step(4), epoch(2)];
    await write(records);
    const text = await readFile(path, 'utf8');
    const whole = (await readLog(path)).records;
    // A checkpoint of step 2 exists once epoch(1) is written.
    const from = text.indexOf('"kind":"epoch"') + 60;
    const firstByte = text.indexOf('\n', from) + 1;
    for (let cut = firstByte; cut <= text.length; cut += 37) {
      await rm(path);
      await appendFile(path, text.slice(0, cut));
      await write(records.slice(4), { step: 2, epochsDone: 1 });
      expect((await readLog(path)).records).toEqual(whole);
    }
  });
});

describe('readLog', () => {
  it('is empty for an absent file', async () => {
    expect(await readLog(path)).toMatchObject({ records: [], end: undefined, isTorn: false });
  });

  it('reads a diverged loss as null and keeps the loss terms of other methods', async () => {
    await write([start, { ...step(1, Number.NaN), crossEntropyLoss: 0.5 }]);
    const [record] = (await readLog(path)).steps;
    expect(record.loss).toBe(null);
    expect(record.crossEntropyLoss).toBe(0.5);
  });

  it('takes the end record of the part that ran last', async () => {
    const end: LogRecord = { kind: 'end', reason: 'interrupted', step: 2, epoch: 1 };
    await write([start, step(1), step(2), end]);
    expect((await readLog(path)).end?.reason).toBe('interrupted');
    await write([start, step(3)], { step: 2 });
    expect((await readLog(path)).end).toBe(undefined);
    expect((await readLog(path)).records.filter(({ kind }) => kind === 'end').length).toBe(1);
  });

  it('names file, record and field of what is no record', () => {
    const line = JSON.stringify({ kind: 'step', step: -1, epoch: 1, loss: 'x', learningRate: 0.1, patchesPerSecond: 1 });
    expect(() => parseLog(`${JSON.stringify(start)}\n${line}\n`, 'runs/a/log.jsonl')).toThrow(
      /readLog: runs\/a\/log\.jsonl: record 2 must be a log record: .*step.*loss/,
    );
    expect(() => parseLog('{"kind":"stop"}\n', 'log.jsonl')).toThrow(/record 1 must be a log record: .*kind/);
  });
});
