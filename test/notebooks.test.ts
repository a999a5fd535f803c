import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import * as audiossl from '../src/index.js';
import { encodePng } from '../src/report/png.js';
import { temporaryFolder } from './support/temporaryFolder.js';

const notebookFolder = fileURLToPath(new URL('../notebooks/', import.meta.url));
const runner = join(notebookFolder, 'run.mjs');
const notebooks = readdirSync(notebookFolder).filter((name) => name.endsWith('.ipynb'));

const folder = temporaryFolder();

interface Output {
  output_type: string;
  text?: string[];
  data?: Record<string, string | string[]>;
}

function run(args: readonly string[]): { code: number | null; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [runner, ...args], { encoding: 'utf8' });
  expect(stdout).toBe('');
  return { code: status, stderr };
}

/** Writes a notebook with these code cells, runs it and gives back what its cells show. */
function runCells(...sources: string[]): { code: number | null; stderr: string; outputs: Output[][]; file: string } {
  const file = join(folder, 'n.ipynb');
  const cells = sources.map((source) => ({ cell_type: 'code', execution_count: null, metadata: {}, outputs: [], source }));
  writeFileSync(file, JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 4 }));
  const result = run([file]);
  const notebook = JSON.parse(readFileSync(file, 'utf8')) as { cells: { outputs: Output[] }[] };
  return { ...result, file, outputs: notebook.cells.map((cell) => cell.outputs) };
}

describe('the notebooks', () => {
  // The others train and embed: `npm run notebooks` runs them too.
  it('show what is saved in them: the first', () => {
    const first = join(notebookFolder, '01-log-mel-and-views.ipynb');
    expect(run(['--check', first])).toMatchObject({ code: 0, stderr: expect.stringContaining('nothing changed') });
  });

  it.each(notebooks)('%s was run from its first cell to its last, and imports what there is', (name) => {
    // No folder of the machine that it ran on.
    expect(readFileSync(join(notebookFolder, name), 'utf8')).not.toMatch(/\/[\w./-]+\/data\/esc10\//);
    const { cells } = JSON.parse(readFileSync(join(notebookFolder, name), 'utf8')) as {
      cells: { cell_type: string; source: string[]; execution_count?: number | null }[];
    };
    const code = cells.filter(({ cell_type }) => cell_type === 'code');
    expect(code.map(({ execution_count }) => execution_count)).toEqual(code.map((_, i) => i + 1));
    const imports = code.flatMap(({ source }) => [...source.join('').matchAll(/^import \{([^}]*)\} from 'audiossl'/gm)]);
    const names = imports.flatMap(([, list]) => list.split(',').map((each) => each.trim()));
    expect(names.length).toBeGreaterThan(3);
    expect(names.filter((each) => !(each in audiossl))).toEqual([]);
  });
});

describe('the notebook runner', () => {
  it('carries names, functions and imports from cell to cell, and awaits', () => {
    const { code, outputs } = runCells(
      `import { basename, join as joinPath } from 'node:path'; import * as os from 'node:os'; import fs from 'node:fs'; import type { Stats } from 'node:fs';
       const [first, ...rest]: number[] = await Promise.resolve([1, 2, 3]);
       let { total = 4, other: { deep } } = { other: { deep: 5 } } as { total?: number; other: { deep: number } };
       function twice(x: number): number { return 2 * x + total; }`,
      `total = 10; console.log(twice(first), rest, deep, basename(joinPath('a', 'b')), typeof os.cpus, typeof fs.readFileSync);`,
    );
    expect(code).toBe(0);
    expect(outputs).toEqual([[], [{ name: 'stdout', output_type: 'stream', text: ['12 [ 2, 3 ] 5 b function function\n'] }]]);
  });

  const png = Buffer.from(encodePng({ width: 1, height: 1, pixels: Uint8Array.of(0), palette: Uint8Array.of(1, 2, 3) })).toString('base64');

  it('saves text and pictures in the order in which they were shown', () => {
    const { outputs } = runCells(
      `import { display } from 'tslab'; console.log('a'); console.log('b'); console.error('c'); display.svg('<svg>\\n</svg>'); display.png(Buffer.from('${png}', 'base64')); console.log('d');`,
    );
    expect(outputs[0]).toEqual([
      { name: 'stdout', output_type: 'stream', text: ['a\n', 'b\n'] },
      { name: 'stderr', output_type: 'stream', text: ['c\n'] },
      { data: { 'image/svg+xml': ['<svg>\n', '</svg>'] }, metadata: {}, output_type: 'display_data' },
      { data: { 'image/png': png }, metadata: {}, output_type: 'display_data' },
      { name: 'stdout', output_type: 'stream', text: ['d\n'] },
    ]);
  });

  it('stops at an error and names the cell, saving nothing', () => {
    const { code, stderr, outputs } = runCells(`console.log('fine');`, `throw new RangeError('too far');`, `console.log('never');`);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^notebooks: n.ipynb: code cell 2 failed: RangeError: too far\n/);
    expect(outputs).toEqual([[], [], []]);
    expect(runCells(`const a = ;`)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('code cell 1 failed: SyntaxError: Expression expected'),
    });
  });

  it('tells with --check when an output would change, and leaves the file alone', () => {
    const { file } = runCells(`console.log(process.argv.length > 0 ? 'one' : '');`);
    const saved = readFileSync(file, 'utf8');
    const changed = saved.replace('one\\n', 'two\\n');
    expect(changed).not.toBe(saved);
    writeFileSync(file, changed);
    expect(run(['--check', file])).toMatchObject({ code: 1, stderr: expect.stringContaining('n.ipynb: running it gives other outputs') });
    expect(readFileSync(file, 'utf8')).toBe(changed);
  });
});
