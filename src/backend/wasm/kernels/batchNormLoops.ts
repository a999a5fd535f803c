/**
 * A part of channels-last data: `rows` rows of `channels` values from index `start` on, all of one group.
 *
 * The loops below compute in float64, so that E[x^2] - E[x]^2 is as good as float32 data can be. They take two or four rows at a time:
 * a channel's sums or factors are then read (and stored) that much less often, which is most of the time of such a loop.
 */
export interface Part {
  start: number;
  rows: number;
  channels: number;
}

/** Adds up a and a b of each channel. Of b = a these are the moments. */
export function addProducts(
  a: Float32Array,
  b: Float32Array,
  { start, rows, channels }: Part,
  sums: Float64Array,
  products: Float64Array,
): void {
  const end = start + rows * channels;
  let first = start;
  for (; first + 4 * channels <= end; first += 4 * channels) {
    let i = first;
    let [j, k, l] = [i + channels, i + 2 * channels, i + 3 * channels];
    for (let c = 0; c < channels; c++, i++, j++, k++, l++) {
      sums[c] += a[i] + a[j] + (a[k] + a[l]);
      products[c] += a[i] * b[i] + a[j] * b[j] + (a[k] * b[k] + a[l] * b[l]);
    }
  }
  for (let i = first; i < end; i++) {
    const c = (i - first) % channels;
    sums[c] += a[i];
    products[c] += a[i] * b[i];
  }
}

/** `y = scale x + shift` a channel, then the residual and the ReLU where there are any. */
export function normalise(
  x: Float32Array,
  y: Float32Array,
  { start, rows, channels }: Part,
  { scale, shift }: { scale: Float64Array; shift: Float64Array },
  { residual, relu }: { residual: Float32Array | undefined; relu: boolean },
): void {
  // ReLU as v / 2 + |v| / 2, which is exact: a branch would be mispredicted every other time. The other way round: v + 0 |v|.
  const even = relu ? 0.5 : 0;
  const keep = 1 - even;
  const end = start + rows * channels;
  for (let first = start; first < end; first += 2 * channels) {
    let i = first;
    let j = first + channels < end ? first + channels : first; // the last of an odd number of rows is done twice
    for (let c = 0; c < channels; c++, i++, j++) {
      let v = x[i] * scale[c] + shift[c];
      let w = x[j] * scale[c] + shift[c];
      if (residual) {
        v += residual[i];
        w += residual[j];
      }
      y[i] = keep * v + even * Math.abs(v);
      y[j] = keep * w + even * Math.abs(w);
    }
  }
}

/** g = dy where y > 0, else 0, from index `start` to `end`, on the bit patterns (again no branch). */
export function maskByOutput(dy: Int32Array, y: Int32Array, g: Int32Array, start: number, end: number): void {
  for (let i = start; i < end; i++) {
    const bits = y[i];
    // The first factor is all ones where y is not zero, the second where its sign is plus.
    g[i] = dy[i] & (-(bits & 0x7fffffff) >> 31) & ~(bits >> 31);
  }
}

/** `dx = scale g + slope x + offset` a channel; dx may be g itself. */
export function combine(
  g: Float32Array,
  x: Float32Array,
  dx: Float32Array,
  { start, rows, channels }: Part,
  { scale, slope, offset }: { scale: Float64Array; slope: Float64Array; offset: Float64Array },
): void {
  const end = start + rows * channels;
  for (let first = start; first < end; first += 2 * channels) {
    let i = first;
    let j = first + channels < end ? first + channels : first;
    for (let c = 0; c < channels; c++, i++, j++) {
      // Both before either is written: they are the same where the last row is done twice.
      const v = scale[c] * g[i] + slope[c] * x[i] + offset[c];
      const w = scale[c] * g[j] + slope[c] * x[j] + offset[c];
      dx[i] = v;
      dx[j] = w;
    }
  }
}
