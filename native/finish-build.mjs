// After tsc: what it leaves alone of src/ is copied, and the command must be executable, or npx refuses it.
import { chmodSync, copyFileSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
for (const asset of ['page.html', 'page.css', 'page.js']) copyFileSync(here(`src/explore/${asset}`), here(`dist/explore/${asset}`));

const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));
if (existsSync(main)) chmodSync(main, 0o755);
