import { colourMap } from './colourMap.js';
import { colourRange } from './colourRange.js';
import { encodePng } from './png.js';

/** A log-mel patch, row-major `[numFrames, nMels]`. */
export interface LogMelPatch {
  numFrames: number;
  nMels: number;
  data: Float32Array;
}

/**
 * A PNG of the patch, a pixel a bin: time runs to the right, mel bands upwards. Values outside `range` take the end colours.
 *
 * @example
 * ```ts
 * import { logMelPng } from 'audiossl';
 * const png = logMelPng({ numFrames: 2, nMels: 2, data: Float32Array.of(0, 1, 2, 3) });
 * String.fromCharCode(...png.subarray(1, 4)); // => 'PNG'
 * ```
 */
export function logMelPng({ numFrames, nMels, data }: LogMelPatch, range: readonly [number, number] = colourRange(data)): Uint8Array {
  const pixels = new Uint8Array(numFrames * nMels);
  const scale = 255 / (range[1] - range[0]);
  for (let frame = 0; frame < numFrames; frame++) {
    for (let mel = 0; mel < nMels; mel++) {
      const level = Math.round((data[frame * nMels + mel] - range[0]) * scale);
      pixels[(nMels - 1 - mel) * numFrames + frame] = Math.min(255, Math.max(0, level));
    }
  }
  return encodePng({ width: numFrames, height: nMels, pixels, palette: colourMap });
}

/** For the `src` of an image in a page that stands alone. */
export function pngDataUri(png: Uint8Array): string {
  return `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
}
