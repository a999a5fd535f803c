/** A linear congruential generator: the same inputs for the same seed on every machine. Returns n -> an integer in 0 .. n - 1. */
export function dice(seed) {
  let state = seed >>> 0;
  return (sides) => {
    state = (Math.imul(1_664_525, state) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

const telling = [0, 1, 2, 0x7f, 0x80, 0xfe, 0xff, 0x0a, 0x22, 0x2c, 0x3b];
const lengths = [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xffffffdb, 0x7ffff000, 65_535];

/** One to four changes of `bytes`: most of them in the first kilobyte, where headers are. `others` are spliced in. */
export function mutate(bytes, roll, others) {
  let out = Buffer.from(bytes);
  for (let left = 1 + roll(4); left > 0 && out.length > 0; left--) {
    const at = roll(roll(3) > 0 ? Math.min(out.length, 1024) : out.length);
    switch (roll(8)) {
      case 0:
        out[at] = roll(256);
        break;
      case 1:
        out[at] = telling[roll(telling.length)];
        break;
      case 2:
        out[at] ^= 1 << roll(8);
        break;
      case 3: {
        const length = lengths[roll(lengths.length)];
        if (at + 4 <= out.length) roll(2) ? out.writeUInt32LE(length, at) : out.writeUInt32BE(length, at);
        break;
      }
      case 4:
        out = out.subarray(0, at);
        break;
      case 5:
        out = Buffer.concat([out.subarray(0, at), out.subarray(Math.min(out.length, at + 1 + roll(64)))]);
        break;
      case 6:
        out = Buffer.concat([out.subarray(0, at), Buffer.alloc(1 + roll(64), roll(256)), out.subarray(at)]);
        break;
      default: {
        const other = others[roll(others.length)];
        const from = roll(other.length);
        out = Buffer.concat([out.subarray(0, at), other.subarray(from, from + 1 + roll(2000)), out.subarray(at)]);
      }
    }
  }
  return new Uint8Array(out);
}
