// After tsc: what a browser runs of src/web, for `audiossl export --format web`, to dist/web: audiossl.js (front end, decoders and what
// loads the encoder) and page.js, with the page beside them. The front end is the same code as in Node.js; three of its modules, which
// only Node.js can have, are left out.
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { replaceFile } from './setup/replaceFile.mjs';

const here = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const out = here('dist/web');

const without = {
  'frontEndAddon.js': 'export const frontEndAddon = () => undefined;',
  'fileSource.js': 'export const openFileSource = () => { throw new Error("a page reads bytes, no paths"); };',
  // A page trusts the checksums of FLAC's frames; that of the whole needs Node's MD5.
  'sampleMd5.js': 'export const sampleMd5 = () => undefined;',
};
const leaveOut = {
  name: 'leave-out',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.{1,2}\// }, ({ path }) =>
      basename(path) in without ? { path: basename(path), namespace: 'left-out' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'left-out' }, ({ path }) => ({ contents: without[path] }));
  },
};
const common = {
  bundle: true,
  format: 'iife',
  define: { global: 'globalThis' }, // wav-decoder's word
  platform: 'browser',
  target: 'es2022',
  minify: true,
  legalComments: 'inline',
  write: false,
  logLevel: 'warning',
  plugins: [leaveOut],
};
const bundles = await Promise.all([
  // The browser decodes MP3 itself.
  build({
    ...common,
    entryPoints: [here('src/web/index.ts')],
    outfile: join(out, 'audiossl.js'),
    globalName: 'audiossl',
    external: ['mpg123-decoder'],
  }),
  build({ ...common, entryPoints: [here('src/web/page/page.ts')], outfile: join(out, 'page.js') }),
]);

mkdirSync(out, { recursive: true });
for (const { path, contents } of bundles.flatMap(({ outputFiles }) => outputFiles)) {
  replaceFile(path, (fresh) => writeFileSync(fresh, contents));
}
for (const asset of ['page.html', 'page.css']) copyFileSync(here(`src/web/page/${asset}`), join(out, asset));
