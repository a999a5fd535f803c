import { stat } from 'node:fs/promises';
import { clipLogMel } from '../audio/clipLogMel.js';
import type { FrontEnd } from '../audio/frontEnd.js';
import { type ClipAudio, clipAudioPlacer, type Span } from '../report/clipAudio.js';
import { type ClipPicture, logMelPicture } from '../report/clipPicture.js';
import { type Excerpt, readExcerpts } from '../report/readExcerpts.js';
import { AudiosslError } from '../util/errors.js';

/** Where a row of an embedding file comes from: a recording, and the seconds of it; without them all of it. */
export interface RowPlace {
  path: string;
  span?: Span;
}

/** What a page has of it. */
export interface RowClip {
  picture?: ClipPicture;
  audio?: ClipAudio;
  /** Why there is none. */
  trouble?: string;
  /** What is worth knowing of it: silence, or that it goes on. */
  note?: string;
}

/** Of longer recordings so much is seen and heard; of a stretch at least so much is heard, for what comes after it. */
export const rowClipLimits = { seconds: 30, heardSeconds: 10, largerThan: 2 ** 20, pictureFrames: 400 };

/**
 * Pictures and sounds of rows, in their order, each recording being decoded once and no further than needed. Small recordings are embedded
 * whole, their player beginning where the row does, of others the stretch. What is missing or broken is told with the row.
 */
export async function rowClips(
  places: readonly (RowPlace | undefined)[],
  {
    pageDir,
    frontEnd,
    channel,
    mostBytes,
    signal,
    onProgress,
  }: {
    pageDir: string;
    frontEnd: FrontEnd;
    /** Of the recordings: the one that was embedded. */
    channel?: number;
    mostBytes?: number;
    signal?: AbortSignal;
    onProgress?: (done: number, total: number) => void;
  },
): Promise<(RowClip | undefined)[]> {
  const { seconds, largerThan } = rowClipLimits;
  const place = clipAudioPlacer({ pageDir, mostBytes, excerpt: { largerThan, seconds } });
  const clips: (RowClip | undefined)[] = places.map(() => undefined);
  const ofRecording = new Map<string, number[]>();
  for (const [i, at] of places.entries()) if (at !== undefined) ofRecording.set(at.path, [...(ofRecording.get(at.path) ?? []), i]);
  let done = 0;
  for (const [path, rows] of ofRecording) {
    signal?.throwIfAborted();
    const spans = rows.map((i) => places[i]?.span);
    const excerpts = await read(path, spans, channel);
    for (const [k, i] of rows.entries()) {
      if (excerpts === undefined) clips[i] = { audio: { kind: 'missing', path } };
      else if (typeof excerpts === 'string') clips[i] = { trouble: excerpts };
      else clips[i] = await clipOf(excerpts[k], spans[k], frontEnd, (more) => place(path, more)).catch(troubleOf);
    }
    onProgress?.(++done, ofRecording.size);
  }
  return clips;
}

/** Undefined where there is no file, a text where it is broken. */
async function read(
  path: string,
  spans: readonly (Span | undefined)[],
  channel: number | undefined,
): Promise<Excerpt[] | string | undefined> {
  const { seconds, heardSeconds } = rowClipLimits;
  const info = await stat(path).catch(() => undefined);
  if (!info?.isFile()) return undefined;
  const stretches = spans.map((span) =>
    span === undefined ? { from: 0, seconds } : { from: span[0], seconds: Math.min(seconds, Math.max(heardSeconds, span[1] - span[0])) },
  );
  try {
    return await readExcerpts(path, stretches, { channel });
  } catch (error) {
    return troubleOf(error).trouble;
  }
}

/** What is no recording, or no sound, is told; anything else is a mistake of ours. */
function troubleOf(error: unknown): { trouble: string } {
  if (!(error instanceof AudiosslError)) throw error;
  return { trouble: `It cannot be heard: ${error.message}.` };
}

async function clipOf(
  excerpt: Excerpt,
  span: Span | undefined,
  frontEnd: FrontEnd,
  place: (more: { span?: Span; cut: Excerpt }) => Promise<ClipAudio>,
): Promise<RowClip> {
  const { samples, sampleRate } = excerpt;
  if (samples.length === 0)
    return { trouble: `The recording ends before ${excerpt.from.toFixed(2)} s: it is not the one that was embedded.` };
  const { seconds, pictureFrames: mostFrames } = rowClipLimits;
  const seen = span === undefined ? samples : samples.subarray(0, Math.round((span[1] - span[0]) * sampleRate));
  const isLong = span === undefined ? !excerpt.isWhole : span[1] - span[0] > seconds;
  // Its picture is black, and its embedding is near to that of any silence.
  const isSilent = seen.every((sample) => sample === 0);
  const note = [isSilent && 'digital silence', isLong && `its first ${seconds} s`].filter(Boolean).join(' · ') || undefined;
  const audio = await place({ span, cut: excerpt });
  const picture = logMelPicture(clipLogMel({ channels: [seen], sampleRate }, frontEnd), { mostFrames });
  return { picture, audio, ...(note !== undefined && { note }) };
}
