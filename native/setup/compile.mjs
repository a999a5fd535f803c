// Compiles src/ to dist/, where that is not done for the files as they are.
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.mjs';

/** Path, size and time of all that dist/ is made of and by, as one text: another than that of the last compilation when there is something to do. */
function sourceStamp(root) {
  const sources = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
  const making = ['package.json', 'tsconfig.json', 'native/bundle.mjs', 'native/bundleWeb.mjs'];
  return [...making.map((file) => join(root, file)), ...sources.sort()]
    .map((file) => {
      const { size, mtimeMs } = statSync(file);
      return `${file} ${size} ${mtimeMs}`;
    })
    .join('\n');
}

/**
 * @param onStart called before the compiler, which takes a while
 * @returns what `run` says of it, or undefined where there is nothing to do
 */
export function compile(root, { onStart = () => {} } = {}) {
  if (!existsSync(join(root, 'src'))) return undefined; // installed as a package: it comes compiled
  const stampFile = join(root, 'dist/.sources');
  const stamp = sourceStamp(root);
  if (existsSync(join(root, 'dist/bundle/cli/main.js')) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) {
    return undefined;
  }
  onStart();
  const result = run('npm', ['run', '--silent', 'build'], { cwd: root });
  if (result.isOk) {
    mkdirSync(join(root, 'dist'), { recursive: true });
    writeFileSync(stampFile, stamp);
  }
  return result;
}
