import type { LogRecord } from '../logRecord.js';
import { type Event, textValue, type Value } from './eventMessages.js';

/** TensorBoard groups its charts by what stands before the slash. */
const groups = { step: 'train', epoch: 'epoch', monitor: 'validation' } as const;

/** The version that TensorBoard asks of an event file; its first record. */
export function versionEvent(wallTime: number): Event {
  return { wallTime, fileVersion: 'brain.Event:2' };
}

/** Voids what files before this one hold for `step` and later ones. */
export function restartEvent(wallTime: number, step: number): Event {
  return { wallTime, step, sessionLog: { status: 1 } };
}

/**
 * A record of log.jsonl as TensorBoard has it: each number a scalar over steps, `train/loss` a step, `epoch/loss` the mean of an epoch,
 * `validation/knnClipMacroAccuracy` a look; one that is not finite is NaN. A start is the config as text. Undefined for the end.
 */
export function eventOf(record: LogRecord, { wallTime, configText }: { wallTime: number; configText: string }): Event | undefined {
  if (record.kind === 'end') return undefined;
  if (record.kind === 'start') {
    const config = `\`${record.command.join(' ')}\`\n\n${configText.replace(/^(?=.)/gm, '    ')}`;
    return { wallTime, step: record.resumedFromStep ?? 0, summary: { value: [textValue('config', config)] } };
  }
  const value = Object.entries(record).flatMap(([key, measured]): Value[] => {
    if (key === 'step' || (key === 'epoch' && record.kind !== 'step')) return [];
    if (typeof measured !== 'number' && measured !== null) return [];
    return [{ tag: `${groups[record.kind]}/${key}`, simpleValue: measured ?? Number.NaN }];
  });
  return { wallTime, step: record.step, summary: { value } };
}
