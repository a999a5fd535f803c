import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const src = fileURLToPath(new URL('../src', import.meta.url));

/** A folder imports only folders of a level below its own; folders of one level never import one another. */
const levels: Record<string, number> = {
  util: 0,
  audio: 1,
  backend: 1,
  ops: 2,
  data: 3,
  augment: 3,
  nn: 3,
  loss: 3,
  optim: 3,
  parallel: 3,
  model: 4,
  run: 4,
  embed: 5,
  classify: 6,
  eval: 6,
  method: 7,
  train: 8,
  report: 9,
  search: 10,
  explore: 10,
  // Above report, whose pictures and page parts they use.
  export: 10,
  audit: 10,
  config: 10,
  sweep: 11,
  // What a browser runs; export writes it down.
  web: 11,
  cli: 12,
  'index.ts': 13,
};

interface Import {
  from: string;
  to: string;
}

/** Every relative import and re-export of a file, dynamic and type-only ones too. */
function importsOf(file: string, text: string): Import[] {
  const names: string[] = [];
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier))
      names.push(node.moduleSpecifier.text);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [name] = node.arguments;
      if (name && ts.isStringLiteral(name)) names.push(name.text);
    }
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal))
      names.push(node.argument.literal.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true));
  return names
    .filter((name) => name.startsWith('.'))
    .map((name) => ({ from: file, to: relative(src, resolve(src, dirname(file), name)).replace(/\.js$/, '.ts') }));
}

const folderOf = (file: string): string => file.split(sep)[0];

/** What is wrong with an import, in words, or undefined. */
function violation({ from, to }: Import): string | undefined {
  const [importer, imported] = [folderOf(from), folderOf(to)];
  if (importer === imported) return undefined;
  for (const folder of [importer, imported]) {
    if (!(folder in levels)) return `src/${from} imports src/${to}: folder "${folder}" has no level in test/layering.test.ts; give it one`;
  }
  if (levels[imported] < levels[importer]) return undefined;
  const relation = levels[imported] === levels[importer] ? 'of the same level' : 'above it';
  return `src/${from} (${importer}, level ${levels[importer]}) imports src/${to} (${imported}, level ${levels[imported]}), which is ${relation}: move what both need to a folder below`;
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const imports = files.flatMap((file) => importsOf(file, readFileSync(join(src, file), 'utf8')));

describe('layers of src/', () => {
  it('reads the imports', () => {
    expect(imports.length).toBeGreaterThan(files.length);
    expect(imports.filter(({ to }) => !files.includes(to))).toEqual([]);
  });

  it('are held by every import', () => {
    expect(imports.map(violation).filter(Boolean)).toEqual([]);
  });

  it('are all known', () => {
    expect([...new Set(files.map(folderOf))].filter((folder) => !(folder in levels))).toEqual([]);
  });

  it('have no circle of files', () => {
    expect(circles(imports)).toEqual([]);
  });

  it('would be seen to be broken', () => {
    const found = (file: string, text: string) => importsOf(file, text).map(violation);
    expect(found('util/a.ts', `import { x } from '../audio/b.js';`)[0]).toMatch(/^src\/util\/a.ts \(util, level 0\) .* which is above it/);
    expect(found('nn/a.ts', `export * from '../loss/b.js';`)[0]).toMatch(/which is of the same level/);
    expect(found('nn/a.ts', `const f = async () => import('../train/b.js');`)[0]).toMatch(/above it/);
    expect(found('nn/a.ts', `type T = import('../train/b.js').T;`)[0]).toMatch(/above it/);
    expect(found('nn/a.ts', `import type { T } from '../new/b.js';`)[0]).toMatch(/has no level/);
    expect(found('nn/a.ts', `import { x } from '../ops/b.js'; import { y } from './c.js'; import z from 'zod';`)).toEqual([
      undefined,
      undefined,
    ]);
    expect(
      circles([
        { from: 'a', to: 'b' },
        { from: 'b', to: 'c' },
        { from: 'c', to: 'b' },
      ]),
    ).toEqual(['b -> c -> b']);
  });

  it('leave leaving the process and reading the environment to cli/', () => {
    const offenders = files
      .filter((file) => folderOf(file) !== 'cli')
      // How OpenMP's threads wait can be told them by the environment alone, while their library loads.
      .filter((file) => file !== join('backend', 'libtorch', 'loadAddon.ts'))
      .filter((file) => /\bprocess\.(exit\b|exitCode\b|env\b)/.test(readFileSync(join(src, file), 'utf8')));
    expect(offenders).toEqual([]);
  });
});

/** Circles among files, each as `a -> b -> a`. */
function circles(edges: readonly Import[]): string[] {
  const targets = new Map<string, string[]>();
  for (const { from, to } of edges) targets.set(from, [...(targets.get(from) ?? []), to]);
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, above: string[]): void => {
    const start = above.indexOf(file);
    if (start >= 0) found.push([...above.slice(start), file].join(' -> '));
    if (start >= 0 || done.has(file)) return;
    for (const target of targets.get(file) ?? []) visit(target, [...above, file]);
    done.add(file);
  };
  for (const file of targets.keys()) visit(file, []);
  return found;
}
