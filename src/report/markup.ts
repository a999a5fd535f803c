import { AudiosslError } from '../util/errors.js';

/** Finished HTML or SVG text. Only `h` and `markup` make it, so that every other text is escaped on its way into a page. */
export interface Markup {
  readonly markup: string;
}

export type Child = Markup | string | number | undefined | null | false | readonly Child[];
/** Numbers are rounded to 2 decimals; undefined and false leave the attribute out, true writes its name alone. */
export type Attributes = Record<string, string | number | boolean | undefined>;

const voidElements = new Set(['img', 'meta', 'wbr']);

/** An element of HTML or SVG. Text children and attribute values are escaped; a number that is not finite is an error, never a `NaN` in a page. */
export function h(name: string, attributes: Attributes = {}, ...children: Child[]): Markup {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined && value !== false)
    .map(([key, value]) => (value === true ? ` ${key}` : ` ${key}="${escapeMarkup(attributeText(value, `${name} ${key}`))}"`))
    .join('');
  return { markup: voidElements.has(name) ? `<${name}${written}>` : `<${name}${written}>${children.map(childText).join('')}</${name}>` };
}

/** Text that is markup already: the style sheet, a doctype. Never for anything that a user wrote. */
export function markup(text: string): Markup {
  return { markup: text };
}

export function escapeMarkup(text: string): string {
  return withoutControls(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** Text for a table cell or a line of Markdown: its signs escaped, line ends made spaces. */
export function escapeMarkdown(text: string): string {
  return (
    withoutControls(text)
      .replace(/\s+/g, ' ')
      .replace(/[\\`*_[\]|~$]/g, '\\$&')
      // These mean something at the start of a line only; elsewhere escaping them would spoil the text for those who read it as it is.
      .replace(/^[#+-]/, '\\$&')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
  );
}

/** Text of a csv cell that a spreadsheet must not run as a formula: one that starts with = + - @ or a tab gets an apostrophe before it. */
export function csvText(text: string): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}

/** A number as an attribute of SVG: at most 2 decimals, no exponent, no minus zero. */
export function svgNumber(value: number, where = 'svg'): string {
  if (!Number.isFinite(value)) throw new AudiosslError(`report: ${where} must be a finite number, got ${value}`);
  return String(Math.round(value * 100) / 100 || 0);
}

function attributeText(value: string | number | boolean | undefined, where: string): string {
  return typeof value === 'number' ? svgNumber(value, where) : String(value);
}

function childText(child: Child): string {
  if (child === undefined || child === null || child === false) return '';
  if (typeof child === 'string') return escapeMarkup(child);
  if (typeof child === 'number') return svgNumber(child, 'text');
  if ('markup' in child) return child.markup;
  return child.map(childText).join('');
}

/** Control characters, lone surrogates and the other code points that XML forbids become U+FFFD. */
function withoutControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd');
}
