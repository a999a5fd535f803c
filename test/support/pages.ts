import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** README.md and the pages of docs/. */
export const pages = ['README.md', ...readdirSync(`${root}docs`).map((name) => `docs/${name}`)].map((name) => ({
  name,
  text: readFileSync(root + name, 'utf8'),
}));

/** The blocks of code of a language, wherever they are indented, of all pages. */
export function codeBlocks(language: string): { page: string; text: string }[] {
  const fence = new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\``, 'gm');
  return pages.flatMap(({ name, text }) =>
    [...text.matchAll(fence)].map(([, indent, code]) => ({ page: name, text: code.replaceAll(new RegExp(`^${indent}`, 'gm'), '') })),
  );
}
