import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvText, escapeMarkdown, escapeMarkup, h, svgNumber } from '../../src/report/markup.js';

describe('h', () => {
  it('escapes text and attributes, and leaves finished markup as it is', () => {
    expect(h('p', { title: `"'<>&` }, '<b>', h('b', {}, 'x'), ['a', 1], null, false, undefined).markup).toBe(
      '<p title="&quot;&#39;&lt;&gt;&amp;">&lt;b&gt;<b>x</b>a1</p>',
    );
    expect(h('img', { alt: 'x', src: undefined, hidden: true }).markup).toBe('<img alt="x" hidden>');
  });

  it('lets no text out of its element or attribute', () => {
    // Any code point, half surrogates included; the unit 'binary' would list all 1.1 million of them first, in 4 s.
    const character = fc.oneof(fc.nat(0x7f), fc.nat(0xffff), fc.nat(0x10ffff)).map((code) => String.fromCodePoint(code));
    fc.assert(
      fc.property(fc.string({ unit: character }), (text) => {
        const { markup } = h('p', { title: text }, text);
        expect(markup).toMatch(/^<p title="[^"<>]*">[^<>]*<\/p>$/);
      }),
    );
  });

  it('refuses a number that is not finite', () => {
    expect(() => h('line', { x1: Number.NaN })).toThrow(/line x1 must be a finite number, got NaN/);
    expect(svgNumber(-0.001)).toBe('0');
    expect(svgNumber(1e-9)).toBe('0');
    expect(svgNumber(12.3456)).toBe('12.35');
  });

  it('replaces what XML forbids', () => {
    expect(escapeMarkup('a\u0000b\u001b[31m\ud800c\ttab')).toBe('a\ufffdb\ufffd[31m\ufffdc\ttab');
    expect(escapeMarkup('😀')).toBe('😀');
  });
});

it('escapeMarkdown keeps a cell a cell and text text', () => {
  expect(['- a', '# b', '+ c', 'NT-Xent (linear) + 1 #2'].map(escapeMarkdown)).toEqual([
    '\\- a',
    '\\# b',
    '\\+ c',
    'NT-Xent (linear) + 1 #2',
  ]);
  expect(escapeMarkdown('a|b\n*c* <script> [x](y) `d` _e_ \\')).toBe('a\\|b \\*c\\* &lt;script&gt; \\[x\\](y) \\`d\\` \\_e\\_ \\\\');
});

it('csvText disarms formulas only', () => {
  expect(['=cmd', '+1', '-1', '@x', '\tx', 'a=b', ''].map(csvText)).toEqual(["'=cmd", "'+1", "'-1", "'@x", "'\tx", 'a=b', '']);
});
