import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonLine, parseJsonLines } from '../../src/util/jsonLines.js';

describe('parseJsonLines', () => {
  it('gives back what jsonLine wrote, whatever the text', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (values) => {
        const text = values.map(jsonLine).join('');
        const back = parseJsonLines(text, 'x.jsonl');
        expect(back.values).toEqual(JSON.parse(JSON.stringify(values)));
        expect(back.isTorn).toBe(false);
        expect(back.numBytes).toBe(Buffer.byteLength(text));
      }),
    );
  });

  it('drops a last line cut at any byte, and only that', () => {
    const whole = `${jsonLine({ a: 1 })}${jsonLine({ b: 'ä' })}`;
    for (let cut = 8; cut < whole.length; cut++) {
      const { values, isTorn, numBytes } = parseJsonLines(whole.slice(0, cut), 'x.jsonl');
      expect(values).toEqual([{ a: 1 }]);
      expect(isTorn).toBe(cut > 8);
      expect(numBytes).toBe(8);
    }
  });

  it('drops a last line of zeros with an end, as a power cut leaves it', () => {
    expect(parseJsonLines('{"a":1}\n\0\0\0\n', 'x.jsonl')).toEqual({ values: [{ a: 1 }], isTorn: true, numBytes: 8 });
  });

  it('names file and line of a broken line in the middle', () => {
    expect(() => parseJsonLines('{"a":1}\n\n{"b"\n{"c":3}\n', 'run/log.jsonl')).toThrow(
      /readJsonLines: run\/log\.jsonl:3: each line must be JSON/,
    );
  });

  it('writes NaN and Infinity as null', () => {
    expect(jsonLine({ loss: Number.NaN, rate: Number.POSITIVE_INFINITY })).toBe('{"loss":null,"rate":null}\n');
  });
});
