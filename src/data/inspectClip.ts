import { clipDescriptors, descriptorFrames } from '../audio/clipDescriptors.js';
import { frontEndPresets } from '../audio/frontEndPresets.js';
import { mixDown } from '../audio/mixDown.js';
import { openRecording } from '../audio/openRecording.js';
import { RecordingTraits, type Traits } from '../audio/RecordingTraits.js';
import { SoundCheck } from '../audio/SoundCheck.js';
import { SoundFingerprint } from '../audio/SoundFingerprint.js';
import { ContentHash } from './ContentHash.js';

/** Samples that are held in memory: what clipDescriptors looks at most. */
const maxKept = 2 ** 19;

/** What is looked at here is yet to be trained on. */
const BAND_ADVICE = 'pre-train with a larger frontEnd.sampleRate and frontEnd.fMax';

export interface ClipInspection {
  format: string;
  sampleRate: number;
  numChannels: number;
  /** Samples a channel. */
  numSamples: number;
  isSilent: boolean;
  /** See ContentHash: equal for copies in other containers of the same samples. */
  contentHash: string;
  warnings: string[];
  /** Means over the clip, where asked for. */
  descriptors?: Record<string, number>;
  /** Likewise. */
  traits?: Traits;
  /** Likewise; see SoundFingerprint. */
  fingerprint?: Uint32Array;
}

export interface InspectOptions {
  salvage?: boolean;
  /** Look at this channel alone, 1 being the first; absent = at all, and their mean. */
  channel?: number;
  hasDescriptors?: boolean;
  hasFingerprint?: boolean;
}

/** Decodes a file piece by piece and looks at it; warnings about a model's band mean the default front end's. Throws AudiosslError for a file that cannot be read. */
export async function inspectClip(
  path: string,
  { salvage, channel, hasDescriptors = false, hasFingerprint = false }: InspectOptions,
): Promise<ClipInspection> {
  const recording = await openRecording(path, { salvage, channel });
  try {
    const { sampleRate, numChannels, format } = recording;
    const check = new SoundCheck(recording, frontEndPresets.acl.fMax, BAND_ADVICE);
    const content = new ContentHash(sampleRate);
    const traits = hasDescriptors ? new RecordingTraits(sampleRate) : undefined;
    const fingerprint = hasFingerprint ? new SoundFingerprint(sampleRate) : undefined;
    let numSamples = 0;
    // Of a short clip the mean of the channels is kept, so that it is decoded once.
    const kept: Float32Array[] = [];
    for await (const channels of recording.blocks()) {
      content.add(channels);
      const mono = mixDown(channels);
      check.add(channels, mono);
      traits?.add(channels, mono);
      fingerprint?.add(mono);
      numSamples += mono.length;
      if (hasDescriptors && numSamples <= maxKept) kept.push(mono);
    }
    return {
      format,
      sampleRate,
      numChannels,
      numSamples,
      isSilent: check.isSilent,
      contentHash: content.digest(),
      warnings: [...recording.warnings, ...check.warnings()],
      ...(fingerprint && { fingerprint: fingerprint.result() }),
      ...(traits && {
        traits: traits.result(),
        descriptors: { ...clipDescriptors(await chosenFrames(numSamples <= maxKept ? kept : recording.blocks(), numSamples), sampleRate) },
      }),
    };
  } finally {
    recording.close();
  }
}

/** The samples that clipDescriptors looks at, of a clip that comes block by block: all of a short one, of a longer one its frames, joined. */
async function chosenFrames(blocks: Iterable<Float32Array> | AsyncIterable<Float32Array[]>, numSamples: number): Promise<Float32Array> {
  const stretches = descriptorFrames(numSamples);
  const out = new Float32Array(stretches.reduce((length, { start, end }) => length + end - start, 0));
  let at = 0;
  let next = 0;
  let done = 0;
  for await (const block of blocks) {
    const mono = Array.isArray(block) ? mixDown(block) : block;
    while (next < stretches.length && stretches[next].start < done + mono.length) {
      const { start, end } = stretches[next];
      const part = mono.subarray(Math.max(0, start - done), end - done);
      out.set(part, at);
      at += part.length;
      if (end > done + mono.length) break;
      next++;
    }
    done += mono.length;
  }
  return out;
}
