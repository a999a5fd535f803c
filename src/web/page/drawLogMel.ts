import type { FrontEnd } from '../../audio/frontEndPresets.js';
import type { LogMel } from '../../audio/logMel.js';
import { hzToMel } from '../../audio/melFilterBank.js';
import { colourMap } from '../../report/colourMap.js';
import { colourRange } from '../../report/colourRange.js';
import { element } from './elements.js';

/** More columns than a screen has are means of frames. */
const maxColumns = 1600;

/** Draws a log-mel, a pixel a bin, low bands at the bottom. */
export function drawLogMel(canvas: HTMLCanvasElement, { data, numFrames, nMels }: LogMel): void {
  const columns = Math.min(numFrames, maxColumns);
  const values = new Float32Array(columns * nMels);
  for (let column = 0; column < columns; column++) {
    const first = Math.floor((column * numFrames) / columns);
    const end = Math.max(first + 1, Math.floor(((column + 1) * numFrames) / columns));
    for (let mel = 0; mel < nMels; mel++) {
      let sum = 0;
      for (let frame = first; frame < end; frame++) sum += data[frame * nMels + mel];
      values[(nMels - 1 - mel) * columns + column] = sum / (end - first);
    }
  }
  paint(canvas, values, columns, colourRange(values));
}

/** An embedding as a strip of four lines, from its smallest to its largest value. */
export function drawEmbedding(canvas: HTMLCanvasElement, embedding: Float32Array): void {
  const width = Math.ceil(embedding.length / 4);
  const values = new Float32Array(4 * width).fill(Math.min(...embedding));
  values.set(embedding);
  paint(canvas, values, width, [Math.min(...embedding), Math.max(...embedding)]);
}

function paint(canvas: HTMLCanvasElement, values: Float32Array, width: number, [low, high]: readonly [number, number]): void {
  canvas.width = width;
  canvas.height = values.length / width;
  const image = new ImageData(canvas.width, canvas.height);
  for (let i = 0; i < values.length; i++) {
    const level = Math.min(255, Math.max(0, Math.round((255 * (values[i] - low)) / (high - low || 1))));
    image.data.set(colourMap.subarray(3 * level, 3 * level + 3), 4 * i);
    image.data[4 * i + 3] = 255;
  }
  (canvas.getContext('2d') as CanvasRenderingContext2D).putImageData(image, 0, 0);
}

/** Marks of frequencies from bottom to top. */
export function frequencyMarks({ fMin, fMax, melScale }: FrontEnd): HTMLElement[] {
  const [low, high] = [hzToMel(fMin, melScale), hzToMel(fMax, melScale)];
  const marks: HTMLElement[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const hz of [100, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000]) {
    const share = (hzToMel(hz, melScale) - low) / (high - low);
    if (share < 0.03 || share > 0.98 || share - last < 0.09) continue;
    const mark = element('span', hz < 1000 ? `${hz}` : `${hz / 1000}k`);
    mark.style.bottom = `${100 * share}%`;
    marks.push(mark);
    last = share;
  }
  return marks;
}

/** Marks of seconds from left to right. */
export function timeMarks(seconds: number): HTMLElement[] {
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300].find((each) => seconds / each <= 6) ?? 300;
  return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, i) => {
    const mark = element('span', `${Number((i * step).toFixed(1))} s`);
    mark.style.left = `${(100 * i * step) / seconds}%`;
    return mark;
  });
}
