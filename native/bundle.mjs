// After tsc. What is not TypeScript comes along to dist/; then what runs is bundled into dist/bundle/: the library, and the command line with
// its worker threads. Each is a graph of its own: shared chunks would be many small files, and opening files is most of the time of
// `import 'audiossl'`. Packages stay outside, so that a user's own modules share TensorFlow.js and zod.
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { replaceFile } from './setup/replaceFile.mjs';

const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const dist = here('dist');
const bundle = join(dist, 'bundle');

for (const asset of ['page.html', 'page.css', 'page.js']) copyFileSync(here(`src/explore/${asset}`), here(`dist/explore/${asset}`));
cpSync(here('src/export/pythonPackage'), here('dist/export/pythonPackage'), { recursive: true });

const bundled = (...entryPoints) =>
  build({
    entryPoints: entryPoints.map((file) => join(dist, file)),
    outdir: bundle,
    outbase: dist,
    bundle: true,
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    write: false,
  });
const built = await Promise.all([bundled('index.js'), bundled('cli/main.js', 'data/clipWorker.js')]);
// A chunk that both have is the same file, as its name says what is in it.
const outputFiles = [...new Map(built.flatMap((result) => result.outputFiles).map((file) => [file.path, file])).values()];

// Only what changed, whole, chunks before what names them: a program may be running on the files.
const byDepth = outputFiles.sort((a, b) => Number(b.path.includes('/chunks/')) - Number(a.path.includes('/chunks/')));
for (const { path, contents } of byDepth) {
  if (existsSync(path) && readFileSync(path).equals(contents)) continue;
  mkdirSync(dirname(path), { recursive: true });
  replaceFile(path, (fresh) => writeFileSync(fresh, contents));
}
const made = new Set(outputFiles.map(({ path }) => path));
for (const entry of readdirSync(bundle, { recursive: true, withFileTypes: true })) {
  const path = join(entry.parentPath ?? entry.path, entry.name);
  if (entry.isFile() && !made.has(path)) rmSync(path);
}
chmodSync(join(bundle, 'cli/main.js'), 0o755); // or npx refuses it
