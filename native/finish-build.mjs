// After tsc: what is not TypeScript comes along, and the command must be executable, or npx refuses it.
import { chmodSync, copyFileSync, cpSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
for (const asset of ['page.html', 'page.css', 'page.js']) copyFileSync(here(`src/explore/${asset}`), here(`dist/explore/${asset}`));
cpSync(here('src/export/pythonPackage'), here('dist/export/pythonPackage'), { recursive: true });

const main = here('dist/cli/main.js');
if (existsSync(main)) chmodSync(main, 0o755);
