/**
 * IEEE 754 half precision as 16-bit patterns, because JavaScript has no Float16Array on Node 20.
 * Encoding rounds to nearest, ties to even, as numpy's `astype(float16)` does; overflow gives infinity.
 */
const word = new Uint32Array(1);
const single = new Float32Array(word.buffer);

/** The half nearest to one number. */
function encodeOne(value: number): number {
  single[0] = value;
  const bits = word[0];
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x47800000) return sign | 0x7c00; // 65536 and more
  if (magnitude < 0x38800000) {
    // Below 2^-14 the halves are multiples of 2^-24. Scaling by a power of two is exact in a double.
    const steps = Math.abs(value) * 16777216;
    const down = Math.floor(steps);
    const rest = steps - down;
    return sign | (rest > 0.5 || (rest === 0.5 && (down & 1) === 1) ? down + 1 : down);
  }
  // 65520 .. 65535 carry into the exponent and become infinity, which is the right rounding.
  return sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13);
}

function decodeOne(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const mantissa = half & 0x3ff;
  if (exponent === 31) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * mantissa * 2 ** -24 : sign * (1024 + mantissa) * 2 ** (exponent - 25);
}

let table: Float32Array | undefined;

/** Float32 values -> half bit patterns, into `out` when given. Values are taken as float32 first. */
export function encodeFloat16(values: ArrayLike<number>, out = new Uint16Array(values.length)): Uint16Array {
  for (let i = 0; i < values.length; i++) {
    single[0] = values[i];
    out[i] = encodeOne(single[0]);
  }
  return out;
}

/** Half bit patterns -> float32 values, into `out` when given. A table of all 65,536 makes it one look-up a value. */
export function decodeFloat16(halves: Uint16Array, out = new Float32Array(halves.length)): Float32Array {
  if (table === undefined) {
    table = new Float32Array(65536);
    for (let half = 0; half < 65536; half++) table[half] = decodeOne(half);
  }
  for (let i = 0; i < halves.length; i++) out[i] = table[halves[i]];
  return out;
}
