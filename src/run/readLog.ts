import { z } from 'zod';
import { AudiosslError } from '../util/errors.js';
import { parseJsonLines } from '../util/jsonLines.js';
import {
  type EndRecord,
  type EpochRecord,
  type LogRecord,
  logRecord,
  type MonitorRecord,
  type StartRecord,
  type StepRecord,
} from './logRecord.js';
import { readTextIfThere } from './readTextIfThere.js';

/** A run's log, in the order of the file, by kind. */
export interface RunLog {
  records: LogRecord[];
  starts: StartRecord[];
  steps: StepRecord[];
  epochs: EpochRecord[];
  monitors: MonitorRecord[];
  /** Of the part that ran last; absent while it runs and after a kill. */
  end: EndRecord | undefined;
  /** The last line was half-written and is left out. */
  isTorn: boolean;
}

/** Checks text read from log.jsonl. Throws AudiosslError naming file, record and field. */
export function parseLog(text: string, file: string): RunLog {
  const { values, isTorn } = parseJsonLines(text, file);
  const records = values.map((value, i) => {
    const parsed = logRecord.safeParse(value);
    if (parsed.success) return parsed.data;
    const what = z.prettifyError(parsed.error).replace(/\s*\n\s*/g, ' ');
    throw new AudiosslError(`readLog: ${file}: record ${i + 1} must be a log record: ${what}`);
  });
  const last = records.filter((record) => record.kind === 'start' || record.kind === 'end').at(-1);
  return {
    records,
    starts: records.filter((record) => record.kind === 'start'),
    steps: records.filter((record) => record.kind === 'step'),
    epochs: records.filter((record) => record.kind === 'epoch'),
    monitors: records.filter((record) => record.kind === 'monitor'),
    end: last?.kind === 'end' ? last : undefined,
    isTorn,
  };
}

/** Reads log.jsonl; an absent file is an empty log. A torn last line (a kill while writing) is left out. */
export async function readLog(path: string): Promise<RunLog> {
  return parseLog((await readTextIfThere(path)) ?? '', path);
}
