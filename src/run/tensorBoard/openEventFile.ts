import { closeSync, openSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { tfRecord } from '../../util/tfRecord.js';
import type { LogRecord } from '../logRecord.js';
import { type Event, encodeEvent } from './eventMessages.js';
import { eventOf, restartEvent, versionEvent } from './eventOf.js';

const namePattern = /^events\.out\.tfevents\.(\d+)\./;

export interface EventFile {
  append(record: LogRecord): void;
  close(): void;
}

/** Names of the event files in a folder. */
export function eventFilesIn(dir: string): string[] {
  return readdirSync(dir).filter((name) => namePattern.test(name));
}

/** TensorBoard reads the files of a folder in the order of their names. */
export function eventFileName(seconds: number): string {
  return `events.out.tfevents.${String(Math.floor(seconds)).padStart(10, '0')}.audiossl`;
}

/**
 * Opens a new event file in the folder of a run, for TensorBoard to read while the run goes on: `tensorboard --logdir runs`. Each record of
 * the log is handed to the operating system before `append` returns. A resumed run has a file for each of its parts, and each part voids what
 * those before it wrote for steps that are made again.
 */
export function openEventFile({
  dir,
  configText,
  now = () => Date.now() / 1000,
}: {
  dir: string;
  /** The run's config.yaml, for the text page. */
  configText: string;
  /** Seconds since 1970. */
  now?: () => number;
}): EventFile {
  const before = eventFilesIn(dir).map((name) => Number(namePattern.exec(name)?.[1]));
  // After every file that is there, whatever the clock says.
  const file = openSync(join(dir, eventFileName(Math.max(now(), ...before.map((seconds) => seconds + 1)))), 'wx');
  const write = (event: Event) => writeSync(file, tfRecord(encodeEvent(event)));
  write(versionEvent(now()));
  return {
    append(record) {
      if (record.kind === 'start' && before.length > 0) write(restartEvent(now(), (record.resumedFromStep ?? 0) + 1));
      const event = eventOf(record, { wallTime: now(), configText });
      if (event !== undefined) write(event);
    },
    close: () => closeSync(file),
  };
}
