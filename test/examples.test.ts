import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { tone } from './data/syntheticData.js';
import { docExamples, withChecks } from './support/docExamples.js';
import { temporaryFolder } from './support/temporaryFolder.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const examples = docExamples();

/** These go first: the examples of what begins with a run, or with a probe, take those that they leave. */
const first = ['pretrain', 'loadProbe'];

/** Numbers to four digits, tensors and typed arrays as lists. */
const check = `
import { isDeepStrictEqual, inspect } from 'node:util';
function plain(value) {
  if (typeof value?.arraySync === 'function') return plain(value.arraySync());
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return Array.from(value, plain);
  if (typeof value === 'number') return Number(value.toPrecision(4)) + 0;
  if (value !== null && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
  return value;
}
const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
const near = (a, b) => typeof a === 'number' && typeof b === 'number' ? Math.abs(a - b) <= 1e-4 * Math.max(1, Math.abs(b))
  : Array.isArray(a) && Array.isArray(b) ? a.length === b.length && a.every((each, i) => near(each, b[i]))
  : isObject(a) && isObject(b) ? isDeepStrictEqual(Object.keys(a).sort(), Object.keys(b).sort()) && Object.keys(a).every((key) => near(a[key], b[key]))
  : isDeepStrictEqual(a, b);
export function check(got, wanted) {
  if (!near(plain(got), plain(wanted))) throw new Error('gives ' + inspect(plain(got), { breakLength: Infinity }) + ', the comment says ' + inspect(wanted, { breakLength: Infinity }));
}`;

/** A folder of two classes in five folds: a low and a high tone, ten recordings each. */
function writeRecordings(dir: string): void {
  let table = 'fname,label,fold\n';
  for (const [label, hertz] of [['low', 200], ['high', 3000]] as const) // biome-ignore format: one line
    for (let i = 0; i < 10; i++) {
      mkdirSync(join(dir, label), { recursive: true });
      writeFileSync(join(dir, label, `${i}.wav`), tone(hertz * (1 + 0.02 * i), 1.5));
      table += `${label}/${i}.wav,${label},${1 + (i % 5)}\n`;
    }
  writeFileSync(join(dir, 'labels.csv'), table);
}

describe('the examples in docstrings of public names', () => {
  it('are there, use the name and say what comes out', () => {
    expect(examples.filter(({ name, code = '' }) => !new RegExp(`\\b${name}\\b`).test(code) || !code.includes('; // => '))).toEqual([]);
  });

  it('run as they are and give what they say, in a project that has the package', () => {
    const project = temporaryFolder();
    const modules = join(project, 'node_modules');
    mkdirSync(modules);
    symlinkSync(root, join(modules, 'real'));
    // The encoder that comes with the package is read once for all examples.
    mkdirSync(join(modules, 'audiossl'));
    writeFileSync(join(modules, 'audiossl', 'package.json'), '{ "type": "module", "exports": "./index.js" }');
    writeFileSync(
      join(modules, 'audiossl', 'index.js'),
      `import * as audiossl from '../real/dist/bundle/index.js';
      export * from '../real/dist/bundle/index.js';
      let shipped;
      export const loadModel = (...given) => (given.length > 0 ? audiossl.loadModel(...given) : (shipped ??= audiossl.loadModel()));`,
    );
    symlinkSync(join(root, 'data'), join(project, 'data'));
    writeRecordings(join(project, 'my-recordings'));
    writeFileSync(join(project, 'check.mjs'), check);
    for (const { name, code = '' } of examples)
      writeFileSync(join(project, `${name}.mjs`), `import { check } from './check.mjs';\n${withChecks(code)}\n`);
    const names = JSON.stringify([...new Set([...first, ...examples.map(({ name }) => name)])]);
    writeFileSync(
      join(project, 'all.mjs'),
      `import { setBackend } from 'audiossl';
      await setBackend();
      const problems = {};
      for (const name of ${names}) await import('./' + name + '.mjs').catch((error) => { problems[name] = error.message; });
      console.log(JSON.stringify(problems));`,
    );
    const { status, stdout, stderr } = spawnSync(process.execPath, ['all.mjs'], { cwd: project, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({});
  }, 120_000);
});
