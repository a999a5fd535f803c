import { type Command, Option } from 'commander';
import { createProgress, type Progress } from '../util/progress.js';
import { positiveInteger } from './optionParsers.js';

/** How recordings are read on their way into an encoder. */
export interface RecordingOptions {
  onError: 'skip' | 'fail';
  salvage?: boolean;
  channel?: number;
  batchSize: number;
  workers?: number;
}

/** Adds the options of a command that takes recordings through an encoder. */
export function addRecordingOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--on-error <what>', 'leave broken recordings out and list them, or stop').choices(['skip', 'fail']).default('skip'),
    )
    .option('--salvage', 'use what can be decoded of damaged recordings')
    .option('--channel <n>', 'use one channel of each recording, 1 being the first (default: the mean of all)', positiveInteger)
    .option('--batch-size <number>', 'patches embedded at once', positiveInteger, 64)
    .option('--workers <n>', 'threads that decode (default: one a core but one)', positiveInteger);
}

/** A bar over the recordings, begun with the first that is done. */
export function recordingProgress(label: string): {
  onProgress: (done: number, total: number, numRejected: number) => void;
  finish: () => void;
} {
  let progress: Progress | undefined;
  return {
    onProgress(done, total, numRejected) {
      progress ??= createProgress({ label, total, unit: 'recordings', initial: done - 1 });
      progress.update(done, numRejected > 0 ? `${numRejected} rejected` : undefined);
    },
    finish: () => progress?.finish(),
  };
}
