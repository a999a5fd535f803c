import { join } from 'node:path';
import type { FeatureStore } from '../data/FeatureStore.js';
import { colourRange } from '../report/colourRange.js';
import { writeFileAtomic } from '../util/atomicFile.js';
import { makeFolder } from '../util/makeFolder.js';

/** A picture is at most so large; two pixels a byte, 16 levels. */
export const pictureFrames = 96;
export const pictureMels = 48;
/** Pictures a file: what the page fetches when one of them is asked for. */
export const picturesPerFile = 128;

/**
 * Small log-mel pictures of clips, in files that a page opened by double click can load one at a time: `pictures/0.js` calls
 * `showPictures(0, [[frames, "base64"], ...])`. A row without a clip has an empty one.
 *
 * @param clips index in the store of each row's clip, or undefined
 */
export async function writePictures(
  store: Pick<FeatureStore, 'clips' | 'nMels' | 'readPatches'>,
  clips: readonly (number | undefined)[],
  out: string,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: (done: number) => void } = {},
): Promise<void> {
  await makeFolder(join(out, 'pictures'));
  for (let first = 0; first < clips.length; first += picturesPerFile) {
    signal?.throwIfAborted();
    const pictures: [number, string][] = [];
    for (const clip of clips.slice(first, first + picturesPerFile)) {
      if (clip === undefined) pictures.push([0, '']);
      else {
        const { numFrames } = store.clips[clip];
        const data = await store.readPatches([{ clip, start: 0 }], numFrames);
        pictures.push(smallPicture({ data, numFrames, nMels: store.nMels }));
      }
    }
    const file = first / picturesPerFile;
    await writeFileAtomic(join(out, 'pictures', `${file}.js`), `showPictures(${file}, ${JSON.stringify(pictures)});\n`);
    onProgress?.(Math.min(clips.length, first + picturesPerFile));
  }
}

/** Means over boxes of frames and mel bands, as 16 levels between the clip's own 0.5 % and 99.5 %; time after time, low bands first. */
export function smallPicture({ data, numFrames, nMels }: { data: Float32Array; numFrames: number; nMels: number }): [number, string] {
  const [frames, mels] = [Math.min(pictureFrames, numFrames), Math.min(pictureMels, nMels)];
  const boxes = new Float32Array(frames * mels);
  const edge = (i: number, count: number, of: number) => Math.floor((i * of) / count);
  for (let t = 0; t < frames; t++) {
    for (let m = 0; m < mels; m++) {
      let sum = 0;
      const [t0, t1, m0, m1] = [edge(t, frames, numFrames), edge(t + 1, frames, numFrames), edge(m, mels, nMels), edge(m + 1, mels, nMels)];
      for (let frame = t0; frame < t1; frame++) for (let mel = m0; mel < m1; mel++) sum += data[frame * nMels + mel];
      boxes[t * mels + m] = sum / ((t1 - t0) * (m1 - m0));
    }
  }
  const [low, high] = colourRange(boxes);
  const level = (i: number) => Math.min(15, Math.max(0, Math.round((15 * (boxes[i] - low)) / (high - low))));
  const bytes = new Uint8Array(Math.ceil(boxes.length / 2));
  for (let i = 0; i < boxes.length; i++) bytes[i >> 1] |= level(i) << (i % 2 === 0 ? 4 : 0);
  return [frames, Buffer.from(bytes).toString('base64')];
}
