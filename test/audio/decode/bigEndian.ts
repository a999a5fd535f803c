/** `u16:1`, `u32:..`, `i64:..`, `f64:..` = a number, most significant byte first; anything else is text. */
export type Field = `u16:${number}` | `u32:${number}` | `i64:${number}` | `f64:${number}` | string;

export function bigEndian(...fields: Field[]): Buffer {
  return Buffer.concat(
    fields.map((field) => {
      const [, kind, value] = /^(u16|u32|i64|f64):(-?[\d.]+)$/.exec(field) ?? [];
      const bytes = Buffer.alloc(kind === 'u16' ? 2 : kind === 'u32' ? 4 : 8);
      if (kind === 'u16') bytes.writeUInt16BE(Number(value));
      else if (kind === 'u32') bytes.writeUInt32BE(Number(value));
      else if (kind === 'i64') bytes.writeBigInt64BE(BigInt(value));
      else if (kind === 'f64') bytes.writeDoubleBE(Number(value));
      else return Buffer.from(field, 'latin1');
      return bytes;
    }),
  );
}
