import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../src/cli/createProgram.js';
import { loadConfig } from '../src/config/loadConfig.js';
import { shippedModel } from '../src/model/shippedModel.js';
import { parseCsv } from '../src/util/csv.js';
import { runHere } from './cli/runInProcess.js';
import { codeBlocks, type Fence, fences, pages } from './support/pages.js';
import { shortSettings, shownFolder } from './support/shownFolder.js';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Lines for the shell that are not given here, and where they are or why nowhere. */
const otherLines: Record<string, RegExp> = {
  'given by .ci/run': /^npm (run setup|run quickstart|test)$/,
  'need a registry; what they pack and install is what test/package.test.ts looks at': /^npm (pack|install \.\/audiossl-)|^pnpm add /,
  'installs packages of the system as root and compiles; .ci/run does it in a clone by the same script': /^(npx|pnpm exec) audiossl setup$/,
  'take hours for what the sweep of docs/fsdnoisy18k.md shows; test/configs.test.ts trains a step of each of their systems':
    /^npx audiossl (sweep configs\/sweeps\/(compare-)?esc10\.yaml|report runs\/(sweep-esc10|compare)$)/,
  'starts two processes; test/cli/ranks/trainOnRanks.test.ts does': /^npx audiossl pretrain .* --processes 2 --resume$/,
  'takes ten seconds for the 768 dimensions of the encoder that ships; that of runs/mine is given': /^npx audiossl whiten --data /,
  'needs PyTorch, an idle machine and ten minutes': /^PEER_PYTHON=\S+ npm run bench:step$/,
  'need torchrun of PyTorch 2, or several machines, or a cluster; test/cli/ranks and test/cli/sweepArray.test.ts set the variables that they set':
    /^(torchrun|srun|sbatch) /,
};

/** Fences of other languages, by the test that runs them, or why none does. */
const otherFences: Record<string, string> = {
  'README.md ts': 'test/readme.test.ts',
  'README.md html': 'test/web/page.test.ts',
  'README.md ': 'test/cli/quickstart.test.ts',
  'docs/config.md yaml': 'test/readme.test.ts',
  'docs/embeddings.md python': 'test/embed/parquetReaders.test.ts',
  'docs/embeddings.md js': 'test/service.test.ts',
  'docs/export.md ts': 'test/readme.test.ts',
  'docs/export.md html': 'test/web/page.test.ts',
  'docs/export.md ': 'what test/bench/pythonPackage.mjs printed: needs hearvalidator and xares, which no Debian has',
  'docs/install.md ts': 'test/readme.test.ts',
  'docs/install.md json': 'test/package.test.ts',
  'docs/install.md dockerfile': 'needs a Docker daemon: test/readme.test.ts holds its packages, the page says how its steps were replayed',
  'docs/modules.md yaml': 'test/config/modules.test.ts',
  'docs/modules.md js': 'test/config/modules.test.ts',
};

/** The lines of a page's fences for the shell, each once. */
const linesOf = (page: string): string[] => [
  ...new Set(codeBlocks('sh').flatMap((fence) => (fence.page === page ? fence.text.trim().split('\n') : []))),
];
const isGivenHere = (line: string): boolean => !Object.values(otherLines).some((lines) => lines.test(line));

/** As a shell splits it: quotes, and a comment at the end. */
const wordsOf = (line: string): string[] =>
  [...line.replace(/ +#.*$/, '').matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word);

/** A training gets settings beside the line with which it is short and its network small; torchvision reads the whole one alone. */
function shortened(words: readonly string[]): readonly string[] {
  const [, , command] = words;
  if (command === 'import' || words.includes('torchvision')) return words.map((word) => (word === 'runs/acl' ? shippedModel().path : word));
  if (command !== 'pretrain' && command !== 'train') return words;
  // What goes on from the encoder that ships has its width.
  const isSmall = command === 'pretrain' && !words.includes('configs/esc10-continued.yaml');
  const settings = [...shortSettings, ...(isSmall ? ['encoder.width=16'] : [])];
  return [...words, ...settings.flatMap((text) => ['--set', text])];
}

/** One page goes on with what another made. */
const order = ['docs/fsdnoisy18k.md', 'README.md'];
const inOrder = [...order, ...pages.map(({ name }) => name).filter((name) => !order.includes(name))].filter((name) =>
  linesOf(name).some(isGivenHere),
);

describe('the commands of README.md and docs/, given in a folder that has what they name', () => {
  const before = process.cwd();
  const given = new Set<string>();
  let dir: string;
  beforeAll(() => {
    dir = shownFolder();
    process.chdir(dir);
  });
  afterAll(() => process.chdir(before));

  it.each(inOrder)(
    '%s',
    async (page) => {
      for (const line of linesOf(page).filter((each) => isGivenHere(each) && !given.has(each))) {
        given.add(line);
        const words = shortened(wordsOf(line));
        expect(words.slice(0, 2)).toEqual(['npx', 'audiossl']);
        const { code, stdout, stderr } = await runHere(words.slice(2));
        expect({ line, code, said: code === 0 ? '' : stderr }).toEqual({ line, code: 0, said: '' });
        expect({ line, isSilent: stdout === '', exitCode: process.exitCode }).toEqual({ line, isSilent: false, exitCode: undefined });
        const out = words.includes('--out') ? words[words.indexOf('--out') + 1] : undefined;
        if (out !== undefined) expect({ line, isThere: existsSync(out) }).toEqual({ line, isThere: true });
        if (line.startsWith('npx audiossl config show')) {
          writeFileSync('shown.yaml', stdout);
          expect(loadConfig({ file: 'shown.yaml' })).toEqual(
            loadConfig({ file: 'configs/esc10.yaml', overrides: ['train.epochs=20', 'views.0.maxWeight=0.1'] }),
          );
        }
      }
    },
    120_000,
  );

  it('label every tone as what it is, with the encoder that comes with the package', () => {
    const { rows } = parseCsv(readFileSync('labels.csv', 'utf8'), 'labels.csv');
    expect(rows.map(({ id, class: label }) => [id, label])).toEqual(rows.map(({ id }) => [id, id.split('/')[0]]));
    expect(rows).toHaveLength(20);
  });

  it('docs/config.md shows the error of a typo', async () => {
    const [, error, from, to] = /^ {4}(audiossl: (?:narrow\.yaml):\d+:\d+: loss\.(\w+): unknown key; did you mean "(\w+)"\?)$/m.exec(
      pages.find(({ name }) => name === 'docs/config.md')?.text ?? '',
    ) as RegExpExecArray;
    const [{ text }] = codeBlocks('yaml').filter(({ page }) => page === 'docs/config.md');
    writeFileSync('narrow.yaml', text.replace(to, from));
    expect(await runHere(['config', 'show', '--config', 'narrow.yaml'])).toEqual({ code: 2, stdout: '', stderr: `${error}\n` });
  });

  it('docs/library.md goes the whole way by functions', () => {
    const [, { text }] = codeBlocks('ts').filter(({ page }) => page === 'docs/library.md');
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
    const { outputText } = ts.transpileModule(text, { compilerOptions });
    const said = /\/\/ h: (\d+) x (\d+)/.exec(text)?.slice(1).map(Number);
    const program = `${outputText}\nconsole.log(JSON.stringify([[ids.length, dim], h.length, record.numClips]));`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { cwd: dir, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual([said, 512, 3]);
  });

  it.for(
    codeBlocks('python')
      .filter(({ text }) => !text.includes('import duckdb'))
      .map(({ page, line, text }) => [page, line, text] as const),
  )(
    '%s reads it in Python, line %i (needs a Python with what it imports: of PEER_PYTHON, HOPLITE_PYTHON or the system)',
    ([, , text], context) => {
      const imported = [...text.matchAll(/^(?:import|from) ([\w., ]+?)(?: +(?:import|#) .*)?$/gm)].flatMap(([, names]) =>
        names.split(/, */),
      );
      const modules = [...new Set(imported.map((name) => name.split('.')[0]))].filter((name) => name !== 'sound_encoder');
      const needed = [...modules, 'numpy', ...(modules.length === 0 ? ['onnxruntime'] : [])];
      const hasAll = `import importlib.util, sys; sys.exit(any(importlib.util.find_spec(name) is None for name in ${JSON.stringify(needed)}))`;
      const python = [process.env.PEER_PYTHON, process.env.HOPLITE_PYTHON, '/usr/bin/python3'].find(
        (candidate) => candidate !== undefined && spawnSync(candidate, ['-c', hasAll]).status === 0,
      );
      if (python === undefined) return context.skip(`needs ${needed.join(', ')}`);
      const program = [pythonBefore(text), text, pythonAfter(text)].join('\n');
      const { status, stderr } = spawnSync(python, ['-c', program], { cwd: dir, encoding: 'utf8' });
      expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
    },
  );
});

/** What a program that is shown has already. */
function pythonBefore(text: string): string {
  if (text.includes('perch_hoplite')) {
    return `import onnxruntime
from perch_hoplite.db import sqlite_usearch_impl
db = sqlite_usearch_impl.SQLiteUSearchDB.create("hoplite")`;
  }
  return 'import sys, numpy\nsys.path.insert(0, "sound_encoder")\nsamples = numpy.sin(numpy.arange(30000, dtype=numpy.float32) / 9)';
}

/** What its comments say of what it makes, by the network of a quarter of the width that the test's runs have. */
function pythonAfter(text: string): string {
  if (text.includes('sound_encoder')) return 'assert (h.dtype, h.shape) == (numpy.float32, (128,))';
  if (text.includes('test.npz')) return 'assert (embedding.dtype, embedding.shape) == (numpy.float32, (6, 128))';
  return '';
}

/** The command that words name, and the words after it. */
function findCommand(command: Command, words: readonly string[]): { command: Command; rest: readonly string[] } {
  const child = command.commands.find((candidate) => candidate.name() === words[0]);
  return child ? findCommand(child, words.slice(1)) : { command, rest: words };
}

describe('the fences of README.md and docs/', () => {
  it('are given above, run by another test, or listed with the reason why not', () => {
    const given = ({ page, language }: Fence) => language === 'sh' || (language === 'python' && page !== 'docs/embeddings.md');
    const other = fences.filter((fence) => !given(fence)).map(({ page, language }) => `${page} ${language}`);
    const library = 'docs/library.md ts'; // above, and in test/readme.test.ts
    expect([...new Set(other)].filter((name) => name !== library).sort()).toEqual(Object.keys(otherFences).sort());
    const tests = Object.values(otherFences).flatMap((text) => text.match(/test\/\S+\.ts/g) ?? []);
    expect(tests.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  it('name only commands and options that there are, also where they are not given and in the text', () => {
    const inText = pages.flatMap(({ text }) => [...text.matchAll(/`((?:npx )?audiossl [^`\n]+)`/g)].map(([, command]) => command));
    const lines = codeBlocks('sh').flatMap(({ text }) => text.trim().split('\n'));
    const commands = [...inText, ...lines.filter((line) => !isGivenHere(line))].filter((line) => line.includes('audiossl '));
    expect(commands.length).toBeGreaterThan(10);
    for (const line of commands) {
      const { command, rest } = findCommand(createProgram(), wordsOf(line.replace(/^.*?audiossl /, '').replace(/"$/, '')));
      expect({ line, isCommand: command.parent !== null || rest.join() === '--help' }).toEqual({ line, isCommand: true });
      const known = command.options.map((option) => option.long);
      const unknown = rest.filter((word) => word.startsWith('--') && !known.includes(word) && word !== '--help');
      expect({ line, unknown }).toEqual({ line, unknown: [] });
    }
  });

  it('have every line that is excepted, and those of .ci/run are in it', () => {
    const lines = codeBlocks('sh').flatMap(({ text }) => text.trim().split('\n'));
    for (const [why, excepted] of Object.entries(otherLines))
      expect({ why, isShown: lines.some((line) => excepted.test(line)) }).toEqual({ why, isShown: true });
    const ci = readFileSync(join(root, '.ci/run'), 'utf8').replaceAll(' --silent', '');
    for (const line of lines.filter((each) => otherLines['given by .ci/run'].test(each))) expect(ci).toContain(line);
  });
});
