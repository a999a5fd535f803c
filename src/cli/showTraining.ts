import type { MonitorRecord, StartRecord } from '../run/logRecord.js';
import { STEPS_OF_EVIDENCE } from '../train/monitorLook.js';
import type { EpochProgress } from '../train/runEpochs.js';
import { createProgress, type Progress } from '../util/progress.js';
import { percent } from './percent.js';

/** Shows a training run on standard error: what it starts with, a bar an epoch or lines, a line a look at the validation clips. */
export function showTraining(label: string): {
  listeners: {
    onStart: (record: StartRecord) => void;
    onProgress: (progress: EpochProgress) => void;
    onMonitor: (record: MonitorRecord) => void;
  };
  finish: () => void;
} {
  let progress: Progress | undefined;
  const line = (text: string) => {
    if (progress) progress.line(text);
    else process.stderr.write(`${text}\n`);
  };
  return {
    listeners: {
      onStart(record) {
        for (const text of describeStart(record)) line(text);
      },
      onProgress({ epoch, epochs, batch, numBatches, loss, patchesPerSecond }) {
        const done = (epoch - 1) * numBatches + batch;
        progress ??= createProgress({ label, total: epochs * numBatches, unit: 'steps', initial: done - 1 });
        progress.update(done, `epoch ${epoch}, loss ${loss.toFixed(4)}, ${Math.round(patchesPerSecond)} patches/s`);
      },
      onMonitor(record) {
        line(describeMonitor(record));
        if (record.collapse !== undefined) line(`warning: ${record.collapse}`);
      },
    },
    finish: () => progress?.finish(),
  };
}

function describeStart({
  numClips,
  numParameters,
  dataNotes,
  backend,
  precision,
  threads,
  numEpochs,
  stepsPerEpoch,
  resumedFromStep,
  changedEngine,
}: StartRecord): string[] {
  const total = Object.values(numParameters).reduce((sum, count) => sum + count, 0);
  const start = resumedFromStep === undefined ? '' : `, going on after step ${resumedFromStep}`;
  return [
    ...dataNotes.map((note) => `data: ${note}`),
    `run: ${numClips.train} clips to train on, ${numClips.validation} to validate, ${total.toLocaleString('en-US')} parameters, ${numEpochs} epochs of ${stepsPerEpoch} steps, ` +
      `${backend} ${precision}, ${threads} thread${threads === 1 ? '' : 's'}${start}`,
    ...(changedEngine === undefined ? [] : [`note: ${changedEngine}`]),
  ];
}

/** One line about a look at the validation clips. */
export function describeMonitor({
  epoch,
  step,
  knnClipMacroAccuracy,
  knnClipMicroAccuracy,
  clipMacroAccuracy,
  clipMicroAccuracy,
  validationLoss,
  alignment,
  uniformity,
  effectiveRank,
  isBest,
}: MonitorRecord): string {
  const parts = [
    ...(typeof knnClipMacroAccuracy === 'number' && typeof knnClipMicroAccuracy === 'number'
      ? [`kNN ${percent(knnClipMacroAccuracy)} macro, ${percent(knnClipMicroAccuracy)} micro`]
      : []),
    ...(typeof clipMacroAccuracy === 'number' && typeof clipMicroAccuracy === 'number'
      ? [`accuracy ${percent(clipMacroAccuracy)} macro, ${percent(clipMicroAccuracy)} micro`]
      : []),
    ...(typeof validationLoss === 'number' ? [`loss ${validationLoss.toFixed(4)}`] : []),
    ...(typeof alignment === 'number' ? [`alignment ${alignment.toFixed(3)}`] : []),
    ...(typeof uniformity === 'number' ? [`uniformity ${uniformity.toFixed(3)}`] : []),
    ...(typeof effectiveRank === 'number' ? [`effective rank ${effectiveRank.toFixed(1)}`] : []),
  ];
  const early = step < STEPS_OF_EVIDENCE ? `; after ${step} steps batch norm's running statistics lag behind: too early to judge` : '';
  return `epoch ${epoch} validation: ${parts.join(', ')}${isBest ? ' (best so far)' : ''}${early}`;
}
