import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** README.md and the pages of docs/. */
export const pages = ['README.md', ...readdirSync(`${root}docs`).map((name) => `docs/${name}`)]
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, text: readFileSync(root + name, 'utf8') }));

/** A block of code between two fences, wherever it is indented. */
export interface Fence {
  page: string;
  /** Empty for what is no code: what programs print. */
  language: string;
  /** Of the page, from 1, where it begins. */
  line: number;
  text: string;
}

/** The fences of all pages, in their order. */
export const fences: Fence[] = pages.flatMap(({ name, text }) =>
  [...text.matchAll(/^( *)```(\w*)\n([\s\S]*?)^ *```$/gm)].map(([, indent, language, code], i, all) => ({
    page: name,
    language,
    line: text.slice(0, all[i].index).split('\n').length,
    text: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  })),
);

/** Those of a language. */
export const codeBlocks = (language: string): Fence[] => fences.filter((fence) => fence.language === language);
