/** ITU-T G.711: the 16-bit value of each of the 256 codes. */
function table(decode: (code: number) => number): Int16Array {
  return Int16Array.from({ length: 256 }, (_, code) => decode(code));
}

/** A-law: even bits inverted; sign, 3-bit exponent, 4-bit mantissa. A set sign bit means positive. */
export const aLawTable = table((code) => {
  const bits = code ^ 0x55;
  const exponent = (bits >> 4) & 7;
  const mantissa = ((bits & 15) << 4) + 8;
  const size = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1);
  return bits & 0x80 ? size : -size;
});

/** mu-law: all bits inverted; sign, 3-bit exponent, 4-bit mantissa, bias 0x84. A set sign bit means negative. */
export const muLawTable = table((code) => {
  const bits = ~code & 0xff;
  const size = ((((bits & 15) << 3) + 0x84) << ((bits >> 4) & 7)) - 0x84;
  return bits & 0x80 ? -size : size;
});
