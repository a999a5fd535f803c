import { readPredictions } from '../run/predictions.js';
import { runFolder } from '../run/runFolder.js';
import { type ClipAudio, clipAudio } from './clipAudio.js';
import { type ClipPicture, clipPicture } from './clipPicture.js';
import { openClipSource } from './clipSource.js';
import type { Evaluation, RunReport } from './collectRun.js';
import { mainEvaluation } from './resultRows.js';

/** How the sounds of a page come into it: inside of it, from where the recordings lie, or not at all. */
export type SoundPlace = 'embed' | 'link' | 'none';

export interface WrongClip {
  id: string;
  label: string;
  predicted: string;
  /** What the evaluation gave the predicted and the true class. */
  probability: number;
  trueProbability: number;
  picture: ClipPicture | undefined;
  /** Undefined where the recording's place is not known, or no sound was asked for. */
  audio: ClipAudio | undefined;
}

/** The clips that a run's main evaluation got wrong, the surest ones first. */
export interface WrongClips {
  evaluation: Evaluation;
  numWrong: number;
  numClips: number;
  /** The first of them. */
  clips: WrongClip[];
  /** Why there are no recordings or pictures. */
  note: string | undefined;
}

/** The limits of a report that can be sent to somebody: some 12 MB at most. */
export const wrongClipsLimits = { clips: 24, seconds: 10, largerThan: 2 ** 18, bytes: 8 * 2 ** 20, pictureFrames: 400 };

/** Undefined where no evaluation has predictions. `out` is the folder of the page. */
export async function wrongClips(run: RunReport, { out, sounds }: { out: string; sounds: SoundPlace }): Promise<WrongClips | undefined> {
  const evaluation = mainEvaluation(run);
  const read = evaluation && (await readPredictions(runFolder(run.dir), evaluation.name));
  if (evaluation === undefined || read === undefined) return undefined;
  const wrong = read.predictions
    .filter(({ label, predicted }) => label !== predicted)
    .map(({ id, label, predicted, probabilities }) => {
      const of = (name: string) => probabilities[read.classNames.indexOf(name)] ?? 0;
      return { id, label, predicted, probability: of(predicted), trueProbability: of(label) };
    })
    .sort((a, b) => b.probability - a.probability || (a.id < b.id ? -1 : 1));
  const shown = wrong.slice(0, wrongClipsLimits.clips);
  const source = await openClipSource(run, evaluation.record);
  try {
    const paths = sounds === 'none' ? shown.map(() => undefined) : shown.map(({ id }) => source.pathOf(id));
    const { largerThan, seconds, bytes, pictureFrames } = wrongClipsLimits;
    const known = paths.filter((path) => path !== undefined);
    const heard = await clipAudio(known, { pageDir: out, mostBytes: sounds === 'embed' ? bytes : 0, excerpt: { largerThan, seconds } });
    const clips: WrongClip[] = [];
    for (const [i, clip] of shown.entries()) {
      const path = paths[i];
      const index = source.indexOf(clip.id);
      clips.push({
        ...clip,
        picture: source.store && index !== undefined ? await clipPicture(source.store, index, { mostFrames: pictureFrames }) : undefined,
        audio: path === undefined ? undefined : heard[known.indexOf(path)],
      });
    }
    return { evaluation, numWrong: wrong.length, numClips: read.predictions.length, clips, note: source.note };
  } finally {
    await source.close();
  }
}
