import { expect } from 'vitest';

/** What a pattern finds: a failing test then prints that, not the whole page. */
export const found = (text: string, pattern: RegExp) => pattern.exec(text)?.[0];

/** Every page must hold these. */
export function expectSound(html: string): void {
  // Nothing from outside: no address, no script, no url() and no source but data.
  expect(found(html, /https?:|<script|<link|<iframe|<object|@import|url\(/i)).toBe(undefined);
  for (const [tag] of html.matchAll(/<[a-z][^>]*>/g)) expect(found(tag.replace(/="[^"]*"/g, ''), /\son\w+|["'=]/)).toBe(undefined);
  for (const [, source] of html.matchAll(/\ssrc="([^"]*)"/g))
    expect(source).toMatch(/^data:(image\/png|audio\/(wav|ogg|flac|mpeg));base64,/);
  for (const [, target] of html.matchAll(/\shref="([^"]*)"/g)) expect(html).toContain(`id="${target.slice(1)}"`);
  expect(found(html.replace(/base64,[^"]*/g, ''), /NaN|Infinity|undefined|\[object/)).toBe(undefined);
  const ids = [...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  // Every picture has words.
  for (const [svg] of html.matchAll(/<svg[^>]*>/g)) expect(svg).toMatch(/aria-(label="[^"]+"|hidden="true")/);
  for (const [image] of html.matchAll(/<img[^>]*>/g)) expect(image).toMatch(/alt="[^"]+"/);
  // Elements are closed in order.
  const open: string[] = [];
  for (const [, slash, name] of html.replace(/<style>[\s\S]*?<\/style>/, '').matchAll(/<(\/?)([a-z]\w*)[^>]*>/g)) {
    if (slash === '/') expect(open.pop()).toBe(name);
    else if (!['meta', 'img', 'wbr'].includes(name)) open.push(name);
  }
  expect(open).toEqual([]);
}
