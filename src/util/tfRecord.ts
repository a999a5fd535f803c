import { crc32c } from './crc32c.js';

/**
 * One record of TensorFlow's TFRecord files: length as uint64, masked CRC of the length, the bytes, masked CRC of the bytes; little-endian.
 * A file is such records one after the other, so that it may be appended to.
 */
export function tfRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(data.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(crc32c(record.subarray(0, 8))), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, masked(crc32c(data)), true);
  return record;
}

/** A CRC that stands inside of data which themselves get a CRC is rotated and shifted, as the format prescribes. */
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
