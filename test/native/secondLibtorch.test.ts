import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const build = fileURLToPath(new URL('../../native/build', import.meta.url));
const read = (file: string): Record<string, string> => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {});
const second = read(join(build, 'second.json'));
const reason = second.reason ?? 'npm test has not built one';

// vitest.config.ts makes a project of the backend's tests on it.
it.skipIf(second.addon === undefined)(
  `a second libtorch is there for the backend's tests, another than the first${second.addon === undefined ? ` (skipped: ${reason})` : ''}`,
  () => {
    expect(existsSync(second.addon)).toBe(true);
    const [first, other] = [build, dirname(second.addon)].map((folder) => read(join(folder, 'stamp.json')));
    expect(other.release).toBe(second.release);
    expect(other.folder).not.toBe(first.folder);
    expect([first, other].filter(({ folder }) => folder === '/usr')).toHaveLength(1);
  },
);
