/** A page of an Ogg file, to be changed and put together anew. */
export interface Page {
  flags: number;
  granule: bigint;
  serial: number;
  sequence: number;
  segments: Uint8Array;
  body: Uint8Array;
}

export const firstFlag = 2;
export const lastFlag = 4;

export function readPages(file: Uint8Array): Page[] {
  const bytes = Buffer.from(file);
  const pages: Page[] = [];
  for (let at = 0; at < bytes.length; ) {
    const segments = bytes.subarray(at + 27, at + 27 + bytes[at + 26]);
    const start = at + 27 + segments.length;
    const end = start + segments.reduce((sum, size) => sum + size, 0);
    pages.push({
      flags: bytes[at + 5],
      granule: bytes.readBigInt64LE(at + 6),
      serial: bytes.readUInt32LE(at + 14),
      sequence: bytes.readUInt32LE(at + 18),
      segments,
      body: bytes.subarray(start, end),
    });
    at = end;
  }
  return pages;
}

/** The file, each page with its right checksum. */
export function writePages(pages: readonly Page[]): Uint8Array {
  return new Uint8Array(
    Buffer.concat(
      pages.map(({ flags, granule, serial, sequence, segments, body }) => {
        const head = Buffer.alloc(27);
        head.write('OggS');
        head[5] = flags;
        head.writeBigInt64LE(granule, 6);
        head.writeUInt32LE(serial, 14);
        head.writeUInt32LE(sequence, 18);
        head[26] = segments.length;
        const page = Buffer.concat([head, segments, body]);
        page.writeUInt32LE(crc(page), 22);
        return page;
      }),
    ),
  );
}

/** A stream of one page: its first packet and nothing else, as a cover picture's film begins. */
export function onePage(packet: string, serial: number): Page {
  const body = Buffer.from(packet, 'latin1');
  return { flags: firstFlag, granule: 0n, serial, sequence: 0, segments: Uint8Array.of(body.length), body };
}

/** Bit by bit: CRC-32 with the polynomial 0x04c11db7, most significant bit first. */
function crc(bytes: Uint8Array): number {
  let value = 0;
  for (const byte of bytes) {
    value = (value ^ (byte << 24)) >>> 0;
    for (let bit = 0; bit < 8; bit++) value = ((value & 0x80000000 ? (value << 1) ^ 0x04c11db7 : value << 1) >>> 0) >>> 0;
  }
  return value;
}
