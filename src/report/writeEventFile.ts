import { join } from 'node:path';
import { encodeEvent } from '../run/tensorBoard/eventMessages.js';
import { eventOf, versionEvent } from '../run/tensorBoard/eventOf.js';
import { eventFileName, eventFilesIn } from '../run/tensorBoard/openEventFile.js';
import { writeFileAtomic } from '../util/atomicFile.js';
import { errorText, UsageError } from '../util/errors.js';
import { makeFolder } from '../util/makeFolder.js';
import { tfRecord } from '../util/tfRecord.js';
import type { RunReport } from './collectRun.js';

/**
 * Writes a run's log as an event file for TensorBoard into `dir`, which stands for the run there, and returns its path. Written again it
 * replaces itself; throws UsageError where other event files are, such as those of the training: every curve would be there twice.
 */
export async function writeEventFile({ log, configText }: Pick<RunReport, 'log' | 'configText'>, dir: string): Promise<string> {
  const seconds = (time: string | undefined, otherwise: number) => (time === undefined ? otherwise : Date.parse(time) / 1000);
  let wallTime = seconds(log.records[0]?.time, 0);
  const name = `${eventFileName(wallTime)}.report`;
  try {
    await makeFolder(dir);
  } catch (error) {
    throw new UsageError(`report: --tensorboard: ${dir} must be a folder that can be written: ${errorText(error)}; give another`, {
      cause: error,
    });
  }
  const others = eventFilesIn(dir).filter((file) => file !== name);
  if (others.length > 0) {
    throw new UsageError(`report: --tensorboard: ${dir} has ${others[0]} already, every curve would be there twice; give another folder`);
  }
  const events = [versionEvent(wallTime)];
  for (const record of log.records) {
    wallTime = seconds(record.time, wallTime);
    const event = eventOf(record, { wallTime, configText });
    if (event !== undefined) events.push(event);
  }
  const path = join(dir, name);
  await writeFileAtomic(path, Buffer.concat(events.map((event) => tfRecord(encodeEvent(event)))));
  return path;
}
