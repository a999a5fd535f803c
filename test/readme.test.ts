import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
// @ts-expect-error plain JavaScript of the set-up script
import { missingPackages, thisSystem } from '../native/setup/systemPackages.mjs';
import { setBackend } from '../src/backend/setBackend.js';
import { createProgram } from '../src/cli/createProgram.js';
import { loadConfig } from '../src/config/loadConfig.js';
import { runFolder } from '../src/run/runFolder.js';
import { tone } from './data/syntheticData.js';
import { saveSmallModel } from './model/smallModel.js';
import { codeBlocks, pages } from './support/pages.js';
import { temporaryFolder } from './support/temporaryFolder.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (name: string): string => readFileSync(root + name, 'utf8');
const readme = read('README.md');
const folder = temporaryFolder();
const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts);

/** Whether it does something itself: `data` does not, `embed` does, beside `embed merge`. */
const isCommand = (command: Command): boolean => '_actionHandler' in command && typeof command._actionHandler === 'function';

describe('README.md and docs/', () => {
  it('have Python that is Python, where there is one', (context) => {
    const check = 'import ast, json, sys\nfor text in json.load(sys.stdin): ast.parse(text)';
    const input = JSON.stringify(codeBlocks('python').map(({ text }) => text));
    const { error, status, stderr } = spawnSync('python3', ['-c', check], { input, encoding: 'utf8' });
    if (error) context.skip('needs python3');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('have a program for losses and log-mel that computes what it says', () => {
    const [{ text }] = codeBlocks('ts').filter(({ page }) => page === 'docs/library.md');
    const { outputText } = ts.transpileModule(text, { compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 } });
    const said = /\/\/ (\d+) x (\d+)/.exec(text)?.slice(1).map(Number);
    const program = `${outputText}\nconsole.log(JSON.stringify([numFrames, nMels, loss.dataSync()[0]]));`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { cwd: root, encoding: 'utf8' });
    expect(stderr).toBe('');
    const [numFrames, nMels, loss] = JSON.parse(stdout) as number[];
    expect([numFrames, nMels]).toEqual(said);
    // 8 random rows of 512 are nearly orthogonal: 15 candidates of about equal similarity.
    expect(Math.abs(loss - Math.log(15))).toBeLessThan(0.8);
  });

  it('have programs that embed, which run as they stand', async () => {
    const dir = temporaryFolder();
    mkdirSync(join(dir, 'my-recordings'));
    writeFileSync(join(dir, 'my-recordings', 'one.wav'), tone(500, 1));
    const checkpoints = runFolder(join(dir, 'runs/acl')).checkpoints;
    mkdirSync(checkpoints, { recursive: true });
    await setBackend({ backend: 'cpu' });
    await saveSmallModel(checkpoints, { name: 'best.safetensors' });
    mkdirSync(join(dir, 'node_modules'));
    symlinkSync(root, join(dir, 'node_modules/audiossl'));
    const programs = codeBlocks('ts').filter(({ text }) => text.includes(' embed({') && !text.includes('pretrain('));
    expect(programs.map(({ page }) => page)).toEqual(['README.md', 'docs/export.md', 'docs/install.md']);
    const given = 'globalThis.samples = Float32Array.from({ length: 22050 }, (_, n) => Math.sin(n / 9));';
    const lines = programs.map(({ text }, i) => {
      const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
      const { outputText } = ts.transpileModule(text, { compilerOptions });
      writeFileSync(join(dir, `${i}.mjs`), `${outputText}\nconsole.log(JSON.stringify([h.length, dim]));`);
      return `await import('./${i}.mjs');`;
    });
    writeFileSync(join(dir, 'all.mjs'), [given, ...lines].join('\n'));
    const { stdout, stderr } = spawnSync(process.execPath, ['all.mjs'], { cwd: dir, encoding: 'utf8' });
    expect(stderr).toBe('');
    const [ofReadme, ofExport, first, second, ofInstall] = stdout.trim().split('\n');
    expect([ofReadme, ofExport, ofInstall].map((line) => JSON.parse(line))).toEqual([[768, 768], [512, 512], [768, 768]]); // biome-ignore format: one line
    expect(first).toMatch(/^1 recordings, 768 numbers each, the first one's largest \d/);
    expect(second).toMatch(/^NT-Xent of random rows: \d\.\d/);
  }, 180_000);

  it('have HTML whose scripts can be read', () => {
    const scripts = codeBlocks('html').flatMap(({ text }) =>
      [...text.matchAll(/<script type="module">([\s\S]*?)<\/script>/g)].map(([, code]) => code),
    );
    expect(scripts.length).toBeGreaterThan(0);
    for (const code of scripts) expect(ts.transpileModule(code, { reportDiagnostics: true }).diagnostics).toEqual([]);
  });

  it('have a Dockerfile with the packages that set-up asks for, and the libraries of the same libtorch', () => {
    const [{ text }] = codeBlocks('dockerfile');
    const [build, run] = [...text.matchAll(/--no-install-recommends ([^&\n]+)/g)].map(([, names]) => names.trim().split(' '));
    const system = { ...thisSystem, exists: () => false, list: () => [], hasCommand: () => false };
    expect(build).toEqual([...missingPackages({ purpose: 'debian libtorch', system }), 'make']);
    expect(run).toEqual(['libtorch1.13', 'libopenblas0-openmp', 'libdnnl2']);
  });

  it('lists every command', () => {
    const program = createProgram();
    const table = readme.slice(readme.indexOf('## Commands'), readme.indexOf('## More'));
    const names = program.commands.flatMap((command) => [
      ...(isCommand(command) ? [command.name()] : []),
      ...command.commands.map((child) => `${command.name()} ${child.name()}`),
    ]);
    expect(names.filter((name) => !table.includes(`\`${name}\``))).toEqual([]);
  });

  it('shows a config that is one, and names every key', () => {
    const page = read('docs/config.md');
    const [{ text }] = codeBlocks('yaml').filter((block) => block.page === 'docs/config.md');
    const file = join(folder, 'config.yaml');
    writeFileSync(file, text);
    expect(() => loadConfig({ file })).not.toThrow();
    expect(Object.keys(loadConfig()).filter((key) => !page.includes(`\`${key}\``))).toEqual([]);
  });

  it.each([...pages, { name: 'CONTRIBUTING.md', text: read('CONTRIBUTING.md') }])(
    '$name names only scripts and files that exist, and places in pages that are there',
    ({ name, text }) => {
      const named = [...text.matchAll(/npm run ([a-z:]+)/g)].map(([, script]) => script);
      expect(named.filter((script) => !scripts.includes(script))).toEqual([]);
      const links = [...text.matchAll(/\]\(([^)#:]*)(?:#([^)]*))?\)/g)];
      const at = (link: string) => (link === '' ? name : posix.join(posix.dirname(name), link));
      expect(links.map(([, link]) => at(link)).filter((file) => !existsSync(root + file))).toEqual([]);
      const places = links.filter(([, , place]) => place !== undefined);
      expect(places.filter(([, link, place]) => !headings(read(at(link))).includes(place)).map(([all]) => all)).toEqual([]);
      const files = [...text.matchAll(/`((?:src|test|configs|native|findings)\/[\w./-]+)`/g)]
        .map(([, file]) => file)
        .filter((file) => !file.includes('my') && !file.startsWith('native/build'));
      expect(files.filter((file) => !existsSync(root + file))).toEqual([]);
    },
  );
});

/** The names of a page's headings as GitHub makes them. */
const headings = (text: string): string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );
