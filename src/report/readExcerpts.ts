import { mixDown } from '../audio/mixDown.js';
import { openRecording } from '../audio/openRecording.js';
import { resample } from '../audio/resample.js';

/** For listening; above it a rate is halved until it is not. */
const mostSamplesPerSecond = 24_000;

/** A stretch of a recording, in seconds from its start. */
export interface Stretch {
  from: number;
  seconds: number;
}

/** What a recording holds of a stretch: mono, at its own rate, and shorter than asked for where the recording ends. */
export interface Excerpt {
  from: number;
  samples: Float32Array;
  /** Hz */
  sampleRate: number;
  /** Whether it is all of the recording. */
  isWhole: boolean;
}

/**
 * Stretches of a recording, however they overlap, in one pass; nothing is decoded behind the last of them. Throws AudiosslError for what is
 * no recording, or is damaged before it.
 */
export async function readExcerpts(
  path: string,
  stretches: readonly Stretch[],
  { channel }: { channel?: number } = {},
): Promise<Excerpt[]> {
  const recording = await openRecording(path, { salvage: true, channel });
  try {
    const { sampleRate } = recording;
    const parts = stretches.map(({ from, seconds }) => ({
      first: Math.round(from * sampleRate),
      samples: new Float32Array(Math.round(seconds * sampleRate)),
    }));
    const last = Math.max(...parts.map(({ first, samples }) => first + samples.length));
    let numSamples = 0;
    for await (const channels of recording.blocks()) {
      const block = mixDown(channels);
      for (const { first, samples } of parts) {
        const [begin, end] = [Math.max(first, numSamples), Math.min(first + samples.length, numSamples + block.length)];
        if (begin < end) samples.set(block.subarray(begin - numSamples, end - numSamples), begin - first);
      }
      numSamples += block.length;
      // One sample further: then it is known whether there was more.
      if (numSamples > last) break;
    }
    return parts.map(({ first, samples }, i) => ({
      from: stretches[i].from,
      samples: samples.subarray(0, Math.max(0, numSamples - first)),
      sampleRate,
      isWhole: first === 0 && numSamples <= samples.length,
    }));
  } finally {
    recording.close();
  }
}

/** An excerpt at a rate that is enough to listen to: 24 kHz or less. */
export function forListening({ samples, sampleRate: from }: Excerpt): { samples: Float32Array; sampleRate: number } {
  let to = from;
  while (to > mostSamplesPerSecond) to = Math.floor(to / 2);
  return { samples: resample(samples, { from, to }), sampleRate: to };
}
