import { kaiserSinc } from './kaiserSinc.js';

const reach = 127;
/** h[k] = 0.5 * kaiserSinc(k / 2), k = 0 .. 127. */
export const halvingFilter = Float64Array.from({ length: reach + 1 }, (_, k) => 0.5 * kaiserSinc(k / 2));

const blockOutputs = 4096;

/**
 * Exactly 2:1, [n] -> [ceil(n / 2)]: y[t] = sum over |k| <= 127 of h[|k|] x[2t - k], x being 0 outside the clip, for
 * t < floor(n / 2); for odd n a zero follows, as the authors' chain has it.
 * Blocks of the clip are widened to float64, which spares a conversion a product; four outputs at once share loads.
 */
export function halveRate(samples: Float32Array): Float32Array {
  const n = samples.length;
  const numOut = n >> 1;
  const out = new Float32Array((n + 1) >> 1);
  const h = halvingFilter;
  // Scratch index of sample i in the block that starts at output t0: i - 2 t0 + reach.
  const x = new Float64Array(2 * blockOutputs + 2 * reach + 8);
  for (let t0 = 0; t0 < numOut; t0 += blockOutputs) {
    const count = Math.min(blockOutputs, numOut - t0);
    const from = 2 * t0 - reach;
    x.fill(0);
    const begin = Math.max(0, from);
    x.set(samples.subarray(begin, Math.min(n, from + x.length)), begin - from);
    for (let t = 0; t < count; t += 4) {
      const c = 2 * t + reach;
      let y0 = h[0] * x[c];
      let y1 = h[0] * x[c + 2];
      let y2 = h[0] * x[c + 4];
      let y3 = h[0] * x[c + 6];
      for (let k = 1, l = c - 1, r = c + 1; k <= reach; k++, l--, r++) {
        const w = h[k];
        y0 += w * (x[l] + x[r]);
        y1 += w * (x[l + 2] + x[r + 2]);
        y2 += w * (x[l + 4] + x[r + 4]);
        y3 += w * (x[l + 6] + x[r + 6]);
      }
      out[t0 + t] = y0;
      // Past the block's end these are overwritten by the next block; past numOut they are cut below.
      if (t + 1 < count) out[t0 + t + 1] = y1;
      if (t + 2 < count) out[t0 + t + 2] = y2;
      if (t + 3 < count) out[t0 + t + 3] = y3;
    }
  }
  return out;
}
