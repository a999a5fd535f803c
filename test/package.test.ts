import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import ts from 'typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { installedPackage, type PackedFile, packedFiles } from './support/installedPackage.js';
import { codeBlocks } from './support/pages.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

let files: PackedFile[];
let paths: Set<string>;
let project: string;
beforeAll(() => {
  files = packedFiles();
  paths = new Set(files.map(({ path }) => path));
  project = installedPackage(files);
});

/** Everything that `first` imports by relative paths, and the packages that it names; `statically`: without `import()`. */
function reached(first: string, imports: RegExp): { files: Set<string>; packages: Set<string> } {
  const found = { files: new Set<string>(), packages: new Set<string>() };
  const visit = (file: string): void => {
    if (found.files.has(file)) return;
    found.files.add(file);
    const text = file.endsWith('.d.ts') ? read(file).replace(/\/\*\*[\s\S]*?\*\//g, '') : read(file); // without examples
    for (const [, name] of text.matchAll(imports)) {
      if (name.startsWith('.')) visit(posix.join(posix.dirname(file), file.endsWith('.d.ts') ? name.replace(/\.js$/, '.d.ts') : name));
      else found.packages.add(name);
    }
  };
  visit(first);
  return found;
}

const staticImport = /^(?:import|export)\b[^'"();]*?["']([^"']+)["']/gm;
const typeImport = /(?:\bfrom|\bimport\()\s*["']([^"']+)["']/g;

describe('the package', () => {
  it('is at most 4 MB beside its encoder, without recordings, sources, tests and maps', () => {
    const others = [...paths].filter((path) => !path.startsWith('models/'));
    expect(gzipSync(Buffer.concat(others.map((path) => readFileSync(join(root, path))))).length).toBeLessThan(4e6);
    const unwanted = /\.map$|\.tsbuildinfo$|\.sources$|^src\/|^test\/|^data\/(esc10|freeSounds)\/|^native\/build\/|^runs\/|\.new$/;
    expect([...paths].filter((path) => unwanted.test(path))).toEqual([]);
    const mapped = [...paths].filter((path) => /\.(js|ts)$/.test(path) && read(path).includes('sourceMappingURL'));
    expect(mapped).toEqual([]);
  });

  it('has what it names, what set-up builds from, every config and the splits of FSDnoisy18k', () => {
    const { bin, exports } = JSON.parse(read('package.json')) as { bin: Record<string, string>; exports: Record<string, unknown> };
    const named = [...Object.values(bin), ...JSON.stringify(exports).matchAll(/:"\.\/([^"*]+\.\w+)"/g)].map((match) =>
      typeof match === 'string' ? match : match[1],
    );
    expect(named.length).toBeGreaterThan(4);
    const inRepository = [
      'configs',
      'native/src',
      'native/simd',
      'native/common',
      'native/gloo',
      'native/frontEnd',
      'native/setup',
      'data/fsdnoisy18k',
    ].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length)),
    );
    const wanted = [
      ...named,
      ...inRepository,
      'native/setup.mjs',
      'native/build.mjs',
      'native/CMakeLists.txt',
      'dist/bundle/data/clipWorker.js',
      ...['page.html', 'page.css', 'page.js'].map((name) => `dist/explore/${name}`),
      'dist/export/pythonPackage/pyproject.toml',
    ];
    expect(wanted.filter((path) => !paths.has(path))).toEqual([]);
  });

  it('has all that its code and its types import, and no type of it needs those of Node.js', () => {
    const code = ['index.js', 'cli/main.js', 'data/clipWorker.js'].map((file) =>
      reached(`dist/bundle/${file}`, /(?:\bfrom|\bimport\(|^import)\s*["']([\w@./:-]+)["']/gm),
    );
    const types = reached('dist/index.d.ts', typeImport);
    for (const { files: needed } of [...code, types]) expect([...needed].filter((path) => !paths.has(path))).toEqual([]);
    expect([...types.packages].sort()).toEqual(['@tensorflow/tfjs-core', 'zod']);
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
    const packages = new Set(code.flatMap(({ packages: named }) => [...named]).filter((name) => !name.startsWith('node:')));
    const packageOf = (name: string) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/');
    const optional = /^(usearch|mpg123-decoder)$/;
    expect([...packages].map(packageOf).filter((name) => !(name in dependencies) && !optional.test(name))).toEqual([]);
  });

  it('opens few files when it is imported: nothing that only some uses need', () => {
    const { files: opened, packages } = reached('dist/bundle/index.js', staticImport);
    expect(opened.size).toBeLessThan(50);
    const atOnce = [...packages].filter((name) => !name.startsWith('node:'));
    expect(atOnce).toEqual(expect.arrayContaining(['@tensorflow/tfjs-core', 'zod']));
    expect(
      atOnce.filter(
        (name) =>
          /hyparquet|csv-parse|yaml|^ml-|umap|protobufjs|commander|tfjs-(layers|backend)|decoder/.test(name) && name !== 'wav-decoder',
      ),
    ).toEqual([]);
  });

  it('finds its own files by one function, which knows the bundle', () => {
    const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
    const offenders = sources.filter((file) => /new URL\([^)]*import\.meta/.test(read(`src/${file}`)));
    expect(offenders).toEqual([]);
  });
});

/**
 * What the compiler says of a project with `skipLibCheck: false`. Left out are the declarations of zod and of JavaScript itself: they take
 * three quarters of the time, and nothing here can make them wrong.
 */
function typeErrors(configFile: string): string[] {
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => {} };
  const { fileNames, options, errors } = ts.getParsedCommandLineOfConfigFile(configFile, {}, host)!;
  const program = ts.createProgram(fileNames, options);
  const checked = program.getSourceFiles().filter(({ fileName }) => !/\/node_modules\/(zod|typescript)\//.test(fileName));
  expect(checked.length).toBeGreaterThan(200);
  const found = [
    ...[...errors, ...program.getOptionsDiagnostics(), ...program.getSyntacticDiagnostics()],
    ...checked.flatMap((file) => program.getSemanticDiagnostics(file)),
    ...program.getGlobalDiagnostics(),
  ];
  return found.map(({ file, messageText }) => `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`);
}

describe('a project that installed it', () => {
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: project, encoding: 'utf8' });
    return { code: status, stdout, stderr };
  };

  it('passes a strict type check that reads the libraries too, as do the programs of README and docs', () => {
    const [{ text: shownConfig }] = codeBlocks('json').filter(({ page }) => page === 'docs/install.md');
    const config = JSON.parse(shownConfig) as { compilerOptions: object };
    expect(config).toMatchObject({ compilerOptions: { strict: true, skipLibCheck: false, types: ['node'] } });
    // Those of Node.js are for code that uses it: what is checked here does not.
    const compilerOptions = { ...config.compilerOptions, noEmit: true, types: [] };
    const shown = codeBlocks('ts').map(({ page, text }, i) => ({ name: `${page.replaceAll('/', '-')}-${i}.mts`, text }));
    expect(shown.length).toBeGreaterThan(4);
    for (const { name, text } of shown) writeFileSync(join(project, name), `${text}\nexport {};\n`);
    writeFileSync(join(project, 'theirs.d.ts'), 'declare const samples: Float32Array; // what a program that is shown has already');
    const files = ['own.mts', 'theirs.d.ts', ...shown.map(({ name }) => name)];
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ ...config, compilerOptions, files }));
    writeFileSync(
      join(project, 'own.mts'),
      `import { defineLoss, embed, loadConfig, loadModel, logMel, ntXentLoss, readNpz, resolveFrontEnd, setBackend, tf, z } from 'audiossl';
      import type { ConfigInput, Encoder, FrontEndOptions, Model, ResolvedConfig } from 'audiossl';
      const options: FrontEndOptions = { preset: 'acl' };
      const loss: tf.Scalar = ntXentLoss(tf.zeros([2, 3]), tf.zeros([2, 3]), { temperature: 0.2 });
      const { backend } = { backend: (await setBackend('wasm')).name };
      const model: Model = await loadModel('runs/acl');
      const { h, dim }: { h: Float32Array; dim: number } = await embed({ model, paths: ['a.wav'] });
      const config: ResolvedConfig = loadConfig({ overrides: ['train.epochs=1'] });
      const epochs: number = config.train.epochs;
      const input: ConfigInput = { train: { epochs } };
      const arrays = await readNpz('a.npz');
      export const mine = defineLoss({
        name: 'mine', description: 'mean', options: { scale: z.number().default(1) },
        compute: (pairs, { scale }) => tf.tidy(() => tf.mul(tf.mean(pairs.anchors), scale) as tf.Scalar),
      });
      // @ts-expect-error a number is asked for: the types say something
      ntXentLoss(tf.zeros([2, 3]), tf.zeros([2, 3]), { temperature: 'warm' });
      // @ts-expect-error no such backend
      await setBackend('abacus');
      // @ts-expect-error h holds numbers
      const text: string = h[0];
      export { arrays, backend, dim, input, logMel, loss, options, resolveFrontEnd, text };
      export type { Encoder };
      `,
    );
    expect(typeErrors(join(project, 'tsconfig.json'))).toEqual([]);
  }, 180_000);

  it('says in one line that set-up has no folder to write to, be it one that cannot be made or a file', () => {
    for (const home of ['/proc/none', join(project, 'tsconfig.json')]) {
      const setup = join(project, 'node_modules/audiossl/native/setup.mjs');
      const options = { encoding: 'utf8', env: { ...process.env, AUDIOSSL_HOME: home }, timeout: 20_000 } as const;
      const { status, stdout, stderr } = spawnSync(process.execPath, [setup, '--no-system-packages'], options);
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
      expect(stderr).toMatch(/^setup: cannot write to [^\n]* \(E\w+\), where the native addons go; set AUDIOSSL_HOME [^\n]*\n$/);
    }
  });

  it('resolves its configs, and its quickstart says in one line where the recordings are', () => {
    const url = run('--input-type=module', '-e', "process.stdout.write(import.meta.resolve('audiossl/configs/esc10.yaml'))");
    expect(fileURLToPath(url.stdout)).toBe(join(project, 'node_modules/audiossl/configs/esc10.yaml'));
    const main = join(project, 'node_modules/audiossl/dist/bundle/cli/main.js');
    const { code, stdout, stderr } = run(main, 'quickstart');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^audiossl: quickstart: the ESC-10 recordings come with a clone of the repository[^\n]*\n$/);
  });
});
