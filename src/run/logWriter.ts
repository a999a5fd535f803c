import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { writeFileAtomic } from '../util/atomicFile.js';
import { jsonLine } from '../util/jsonLines.js';
import type { LogRecord } from './logRecord.js';
import { readLog } from './readLog.js';

/** Appends to log.jsonl. Each record is handed to the operating system before `append` returns, so a killed process loses none. */
export interface LogWriter {
  /** Adds `time`. Epoch, monitor and end records are also flushed to the disk. */
  append(record: LogRecord): void;
  close(): void;
}

/** Where a resumed run goes on. */
export interface ResumePoint {
  /** Updates done according to the checkpoint: later steps are cut from the log, since they will be made again. */
  step: number;
  /** Epochs whose end the checkpoint has behind it: end-of-epoch and monitor records of later ones are cut. Default: `step` alone decides. */
  epochsDone?: number;
}

/**
 * Opens a log for writing. A new run needs `path` to be absent or empty; a resumed one gives `resumeFrom`, and the log is first cut back
 * to that point (through a temporary file), a half-written last line included, so that no step ever stands twice.
 * Start records and the `end` records of earlier parts stay: they are the run's history.
 */
export async function openLogWriter({
  path,
  resumeFrom,
  now = () => new Date(),
}: {
  path: string;
  resumeFrom?: ResumePoint;
  now?: () => Date;
}): Promise<LogWriter> {
  if (resumeFrom !== undefined) {
    const { records } = await readLog(path);
    await writeFileAtomic(
      path,
      records
        .filter((record) => isBefore(record, resumeFrom))
        .map(jsonLine)
        .join(''),
    );
  }
  const file = openSync(path, resumeFrom === undefined ? 'wx' : 'a');
  let isOpen = true;
  return {
    append(record) {
      const line = Buffer.from(jsonLine({ ...record, time: now().toISOString() }));
      // Of a disk that fills up the system takes what fits, and only then refuses.
      for (let written = 0; written < line.length; ) written += writeSync(file, line, written);
      if (record.kind !== 'step') fsyncSync(file);
    },
    close() {
      if (isOpen) closeSync(file);
      isOpen = false;
    },
  };
}

function isBefore(record: LogRecord, { step, epochsDone = Number.POSITIVE_INFINITY }: ResumePoint): boolean {
  switch (record.kind) {
    case 'start':
      return true;
    case 'step':
    case 'end':
      return record.step <= step;
    case 'epoch':
    case 'monitor':
      return record.step <= step && record.epoch <= epochsDone;
  }
}
