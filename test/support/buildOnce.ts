import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Compiles `src/` to `dist/` once before the suite (incremental: a second when nothing changed). */
export default function buildOnce(): void {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const result = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`npm run build failed:\n${result.stdout}${result.stderr}`);
}
