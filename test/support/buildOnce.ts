import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

let isBuilt = false;

/** Compiles `src/` to `dist/` once before the suite (incremental: a second when nothing changed). */
export default function buildOnce(): void {
  if (isBuilt) return; // each project of vitest's asks
  isBuilt = true;
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const result = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`npm run build failed:\n${result.stdout}${result.stderr}`);
}
