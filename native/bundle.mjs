// After tsc: what is not TypeScript comes along to dist/. Then bundles what runs, from dist/ to dist/bundle/. The library, the command line and the worker threads share its chunks, so that each
// module is there once; packages stay outside, so that a user's own modules share TensorFlow.js and zod. `import 'audiossl'` then opens some
// hundred files in place of four hundred, which is most of its time.
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const dist = here('dist');
const bundle = join(dist, 'bundle');

for (const asset of ['page.html', 'page.css', 'page.js']) copyFileSync(here(`src/explore/${asset}`), here(`dist/explore/${asset}`));
cpSync(here('src/export/pythonPackage'), here('dist/export/pythonPackage'), { recursive: true });

const { outputFiles } = await build({
  entryPoints: ['index.js', 'cli/main.js', 'data/clipWorker.js'].map((file) => join(dist, file)),
  outdir: bundle,
  bundle: true,
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  write: false,
});

// Only what changed, whole, chunks before what names them: a program may be running on the files.
const byDepth = outputFiles.sort((a, b) => Number(b.path.includes('/chunks/')) - Number(a.path.includes('/chunks/')));
for (const { path, contents } of byDepth) {
  if (existsSync(path) && readFileSync(path).equals(contents)) continue;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.new`, contents);
  renameSync(`${path}.new`, path);
}
const made = new Set(outputFiles.map(({ path }) => path));
for (const entry of readdirSync(bundle, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath ?? entry.path, entry.name);
  if (entry.isFile() && !made.has(path)) rmSync(path);
}
chmodSync(join(bundle, 'cli/main.js'), 0o755); // or npx refuses it
