import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeUtf8 } from '../../src/util/decodeUtf8.js';

const bytesOf = (text: string) => new TextEncoder().encode(text);

describe('decodeUtf8', () => {
  it('gives back any text, U+FFFD too, without a byte-order mark', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(decodeUtf8(bytesOf(`\uFEFF${text}`), 'f')).toBe(text);
      }),
    );
    expect(decodeUtf8(bytesOf('caf\uFFFD'), 'f')).toBe('caf\uFFFD');
  });

  it('names the line of the first byte that is none of UTF-8', () => {
    for (const before of ['', 'a\n', 'é\n\n\uFFFD,b\n']) {
      for (const after of ['', '\n', '\nfine\n']) {
        const bytes = new Uint8Array([...bytesOf(`${before}caf`), 0xe9, ...bytesOf(after)]);
        const line = before.split('\n').length;
        expect(() => decodeUtf8(bytes, 'csv: f.csv')).toThrow(
          `csv: f.csv: must be UTF-8 text (or, of a table, UTF-16), got something else on line ${line}; save it as UTF-8`,
        );
      }
    }
  });
});
