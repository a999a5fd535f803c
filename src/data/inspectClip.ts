import { createHash } from 'node:crypto';
import { clipDescriptors } from '../audio/clipDescriptors.js';
import { mixDown } from '../audio/mixDown.js';
import { readAudio } from '../audio/readAudio.js';

/** Samples that stay within this distance of their mean are silence: -80 dB of full scale. */
const SILENCE_PEAK = 1e-4;

export interface ClipInspection {
  format: string;
  sampleRate: number;
  numChannels: number;
  /** Samples a channel. */
  numSamples: number;
  isSilent: boolean;
  /** SHA-256 of the decoded samples and their rate: equal for copies in other containers of the same samples. */
  contentHash: string;
  warnings: string[];
  /** Means over the clip, where asked for. */
  descriptors?: Record<string, number>;
}

/** Decodes a file and looks at it. Throws AudiosslError for a file that cannot be read. */
export async function inspectClip(
  path: string,
  { salvage, hasDescriptors }: { salvage: boolean; hasDescriptors: boolean },
): Promise<ClipInspection> {
  const { sampleRate, channels, numFrames, format, warnings } = await readAudio(path, { salvage });
  const hash = createHash('sha256').update(`${sampleRate} ${channels.length}`);
  for (const channel of channels) hash.update(new Uint8Array(channel.buffer, channel.byteOffset, channel.byteLength));
  const samples = mixDown(channels);
  let sum = 0;
  for (const sample of samples) sum += sample;
  const mean = sum / samples.length;
  let peak = 0;
  for (const sample of samples) peak = Math.max(peak, Math.abs(sample - mean));
  return {
    format,
    sampleRate,
    numChannels: channels.length,
    numSamples: numFrames,
    isSilent: peak < SILENCE_PEAK,
    contentHash: hash.digest('hex'),
    warnings,
    ...(hasDescriptors ? { descriptors: { ...clipDescriptors(samples, sampleRate) } } : {}),
  };
}
