import meydaModule from 'meyda';
import { AudiosslError } from '../util/errors.js';

// meyda's types describe an ES module with a default export; what Node loads is CommonJS, whose default is meyda itself.
const Meyda = meydaModule as unknown as typeof meydaModule.default;

/** Means over a clip's frames, of what is plain to the ear; for summaries of a data set, not for training. */
export interface ClipDescriptors {
  /** meyda's total loudness: the sum over 24 Bark bands of (sum of magnitudes)^0.23, no unit. */
  loudness: number;
  /** Hz, mean of the frequencies weighed by their magnitudes; frames of digital silence are left out. */
  spectralCentroid: number;
  /** Geometric by arithmetic mean of the magnitudes: 0 = a tone, 1 = white noise; frames of digital silence are left out. */
  spectralFlatness: number;
  /** Changes of sign a second. */
  zeroCrossingRate: number;
}

/** Samples a frame, without overlap; meyda needs a power of two. */
const frameLength = 1024;
/** Longer clips are looked at in this many frames, evenly spread: meyda is slow. */
const maxFrames = 512;

/**
 * The stretches of a clip that are looked at, in order. One behind the other they are a clip with the same descriptors: what a long
 * recording, which is not held in memory, is asked for.
 */
export function descriptorFrames(numSamples: number): { start: number; end: number }[] {
  const available = Math.max(1, Math.floor(numSamples / frameLength));
  if (available <= maxFrames) return [{ start: 0, end: numSamples }];
  return Array.from({ length: maxFrames }, (_, f) => {
    const start = Math.floor((f * available) / maxFrames) * frameLength;
    return { start, end: start + frameLength };
  });
}

/**
 * meyda's descriptors of a mono clip (Hann window, frames of 1024 samples, the last one filled with zeros), averaged.
 * Throws AudiosslError for 0 samples.
 */
export function clipDescriptors(samples: Float32Array, sampleRate: number): ClipDescriptors {
  if (samples.length === 0) throw new AudiosslError('clipDescriptors: at least 1 sample is needed, got 0');
  const available = Math.max(1, Math.floor(samples.length / frameLength));
  const numFrames = Math.min(available, maxFrames);
  let loudness = 0;
  let centroid = 0;
  let flatness = 0;
  let crossings = 0;
  let numSounding = 0;
  const settings = { bufferSize: Meyda.bufferSize, sampleRate: Meyda.sampleRate, windowingFunction: Meyda.windowingFunction };
  try {
    // meyda's settings are global; they hold for this synchronous stretch only.
    Object.assign(Meyda, { bufferSize: frameLength, sampleRate, windowingFunction: 'hanning' });
    for (let f = 0; f < numFrames; f++) {
      const frame = new Float32Array(frameLength);
      const start = Math.floor((f * available) / numFrames) * frameLength;
      frame.set(samples.subarray(start, start + frameLength));
      const features = Meyda.extract(['loudness', 'spectralCentroid', 'spectralFlatness'], frame);
      if (!features) throw new AudiosslError('clipDescriptors: meyda gave no features');
      loudness += features.loudness?.total ?? 0;
      // On the samples themselves: extract('zcr') counts on the windowed frame, whose zeroed ends add crossings.
      crossings += Meyda.featureExtractors.zcr({ signal: frame });
      // Digital silence divides 0 by 0.
      if (!Number.isFinite(features.spectralCentroid)) continue;
      numSounding++;
      centroid += ((features.spectralCentroid ?? 0) * sampleRate) / frameLength;
      flatness += features.spectralFlatness ?? 0;
    }
  } finally {
    Object.assign(Meyda, settings);
  }
  return {
    loudness: loudness / numFrames,
    spectralCentroid: numSounding > 0 ? centroid / numSounding : 0,
    spectralFlatness: numSounding > 0 ? flatness / numSounding : 0,
    zeroCrossingRate: (crossings * sampleRate) / (Math.min(samples.length, frameLength) * numFrames),
  };
}
