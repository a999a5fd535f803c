import { mixDown } from '../audio/mixDown.js';
import { openRecording } from '../audio/openRecording.js';
import { resample } from '../audio/resample.js';

/** For listening; above it a rate is halved until it is not. */
const mostSamplesPerSecond = 24_000;

/** The first seconds of a recording, mono, at 24 kHz or less; no more of it is decoded. Throws AudiosslError for what is no recording. */
export async function readExcerpt(
  path: string,
  { seconds }: { seconds: number },
): Promise<{ samples: Float32Array; sampleRate: number; isWhole: boolean }> {
  const recording = await openRecording(path, { salvage: true });
  try {
    const from = recording.sampleRate;
    const wanted = Math.round(seconds * from);
    const mono = new Float32Array(wanted);
    let length = 0;
    let isWhole = true;
    for await (const channels of recording.blocks()) {
      const block = mixDown(channels);
      isWhole = length + block.length <= wanted;
      mono.set(block.subarray(0, wanted - length), length);
      length = Math.min(wanted, length + block.length);
      if (!isWhole) break;
    }
    let to = from;
    while (to > mostSamplesPerSecond) to = Math.floor(to / 2);
    return { samples: resample(mono.subarray(0, length), { from, to }), sampleRate: to, isWhole };
  } finally {
    recording.close();
  }
}
