import { statSync } from 'node:fs';
import type { BackendOptions } from '../../backend/setBackend.js';
import { type ClassifiedRecording, classifyRecordings } from '../../classify/classifyRecordings.js';
import type { LabelFormat } from '../../classify/labelFormatNames.js';
import { prepareLabelOutput, writeLabels } from '../../classify/writeLabels.js';
import { findRecordings } from '../../embed/findRecordings.js';
import { loadProbe, withProbe } from '../../model/keptProbe.js';
import type { Model } from '../../model/loadModel.js';
import { describeTroubles } from '../describeTroubles.js';
import { interruptible } from '../interruptible.js';
import { type RecordingOptions, recordingProgress } from '../recordingOptions.js';
import { withModel } from '../withSubject.js';

export interface ClassifyCommandOptions extends Partial<BackendOptions>, RecordingOptions {
  model?: string;
  probe?: string;
  in: string[];
  out: string;
  checkpoint?: string;
  format: LabelFormat;
  window?: number;
  hop?: number;
  threshold: number;
  top: number;
  classes?: string[];
  json?: boolean;
}

/** Longer recordings as a whole hold more than one sound, as a rule. */
const longSeconds = 60;

/** Labels the recordings and says how many of each class were found. */
export async function runClassify(options: ClassifyCommandOptions): Promise<void> {
  const { out, format, window, hop = window, threshold, top, classes, onError, salvage, channel, batchSize, workers, checkpoint } = options;
  const recordings = await findRecordings(options.in, { who: 'classify', onNote: (note) => process.stderr.write(`${note}\n`) });
  const ids = recordings.map(({ id }) => id);
  await prepareLabelOutput(out, format, ids);
  const probe = options.probe === undefined ? undefined : await loadProbe(options.probe);
  const found = new Map<string, number>();
  let numLong = 0;
  const count = ({ seconds, sounds }: ClassifiedRecording) => {
    for (const { label } of sounds) found.set(label, (found.get(label) ?? 0) + 1);
    if (window === undefined && seconds > longSeconds) numLong++;
  };
  const { onProgress, finish } = recordingProgress('Classifying');
  const summary = await interruptible((signal) =>
    withModel(options.model, { checkpoint, backend: options }, async ({ model: encoder }) => {
      const model: Model = probe === undefined ? encoder : withProbe(encoder, probe, options.probe as string);
      try {
        return await writeLabels({ out, format, ids, frontEnd: model.frontEnd }, (write) =>
          classifyRecordings({
            ...{
              model,
              recordings,
              threshold,
              top,
              classes,
              onError,
              salvage,
              channel,
              batchSize,
              numWorkers: workers,
              onProgress,
              signal,
            },
            window: window === undefined ? undefined : { window, hop: hop as number },
            async onRecording(recording) {
              count(recording);
              await write(recording);
            },
          }),
        );
      } finally {
        if (model !== encoder) model.dispose();
        finish();
      }
    }),
  );
  const [folder, ...others] = options.in;
  const dir = others.length === 0 && statSync(folder).isDirectory() ? folder : undefined;
  process.stderr.write(describeTroubles(summary, { allIn: 'the summary of --json', dir }));
  if (numLong > 0) {
    process.stderr.write(
      `${numLong} ${numLong === 1 ? 'recording is' : 'recordings are'} longer than ${longSeconds} s and labelled as a whole; --window 2 labels them along time\n`,
    );
  }
  const { numEmbedded: numClassified, rejected, warnings, filled } = summary;
  const classesFound = Object.fromEntries([...found].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)));
  const numLabels = [...found.values()].reduce((sum, n) => sum + n, 0);
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ out, format, numClassified, numLabels, classes: classesFound, rejected, warnings, filled })}\n`
      : `${out}: ${numLabels} labels of ${numClassified} recordings${describeClasses(classesFound)}${rejected.length > 0 ? `; ${rejected.length} broken ones left out` : ''}\n`,
  );
}

function describeClasses(classes: Record<string, number>): string {
  const all = Object.entries(classes).map(([label, n]) => `${label} ${n}`);
  if (all.length === 0) return '';
  return `: ${all.slice(0, 8).join(', ')}${all.length > 8 ? ` and ${all.length - 8} more classes` : ''}`;
}
