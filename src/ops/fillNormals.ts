/**
 * Standard normals of (key, bin) times `scale`, written into `out`: the definition is at `gaussianNoise`.
 * Philox is written out here without arrays, with the 64-bit products split into 16-bit halves: a training step asks for a million values,
 * and `philox4x32` of util/rng, made for a few at a time, would take four times as long.
 */
export function fillNormals(out: Float32Array, key0: number, key1: number, scale: number): void {
  for (let first = 0; first < out.length; first += 4) {
    let c0 = first >>> 2;
    let c1 = 0;
    let c2 = 0;
    let c3 = 0;
    let k0 = key0 | 0;
    let k1 = key1 | 0;
    for (let round = 0; round < 10; round++) {
      // High and low words of 0xd2511f53 * c0; every partial sum stays below 2^32.
      let low = c0 & 0xffff;
      let high = c0 >>> 16;
      let middle = (Math.imul(0xd251, low) >>> 0) + (Math.imul(0x1f53, low) >>> 16);
      let middle2 = (Math.imul(0x1f53, high) >>> 0) + (middle & 0xffff);
      const high0 = (Math.imul(0xd251, high) + (middle >>> 16) + (middle2 >>> 16)) | 0;
      const low0 = Math.imul(0xd2511f53, c0);
      // And of 0xcd9e8d57 * c2.
      low = c2 & 0xffff;
      high = c2 >>> 16;
      middle = (Math.imul(0xcd9e, low) >>> 0) + (Math.imul(0x8d57, low) >>> 16);
      middle2 = (Math.imul(0x8d57, high) >>> 0) + (middle & 0xffff);
      const high1 = (Math.imul(0xcd9e, high) + (middle >>> 16) + (middle2 >>> 16)) | 0;
      const low1 = Math.imul(0xcd9e8d57, c2);
      c0 = high1 ^ c1 ^ k0;
      c1 = low1;
      c2 = high0 ^ c3 ^ k1;
      c3 = low0;
      k0 = (k0 + 0x9e3779b9) | 0;
      k1 = (k1 + 0xbb67ae85) | 0;
    }
    const radius0 = scale * Math.sqrt(-2 * Math.log(((c0 >>> 8) + 1) * 2 ** -24));
    const angle0 = (c1 >>> 8) * ((2 * Math.PI) / 2 ** 24);
    const radius1 = scale * Math.sqrt(-2 * Math.log(((c2 >>> 8) + 1) * 2 ** -24));
    const angle1 = (c3 >>> 8) * ((2 * Math.PI) / 2 ** 24);
    // Writes past the end of a typed array are ignored, which is what the last block needs.
    out[first] = radius0 * Math.cos(angle0);
    out[first + 1] = radius0 * Math.sin(angle0);
    out[first + 2] = radius1 * Math.cos(angle1);
    out[first + 3] = radius1 * Math.sin(angle1);
  }
}
