import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addonPath } from '../../src/backend/libtorch/loadAddon.js';
import { describeLibraries, parseLibraries } from '../../src/cli/doctor/libtorch.js';
import { availableBackends } from '../support/backends.js';

/** Runs lines of JavaScript with the addon as `a` in a process of their own, and returns what they print as JSON. */
function withAddon(lines: string, env: Record<string, string> = {}): unknown {
  const code = `const fs = require('fs'); const a = require(${JSON.stringify(addonPath())}); ${lines}`;
  return JSON.parse(execFileSync(process.execPath, ['-e', code], { encoding: 'utf8', env: { ...process.env, ...env } }));
}

const facts = () => parseLibraries(withAddon('console.log(JSON.stringify(a.libraries()))') as string);

describe.skipIf(!availableBackends.includes('libtorch'))('the libraries of a process (skipped where the addon is not built)', () => {
  it('are one libtorch, of the release of the headers, and one OpenMP', () => {
    const { headers, libtorch, libtorchFile, openMp } = facts();
    expect(libtorch).toBe(headers);
    expect(existsSync(libtorchFile)).toBe(true);
    expect(openMp.split(';')).toHaveLength(1);
    const mapped = withAddon(`console.log(JSON.stringify(fs.readFileSync('/proc/self/maps', 'utf8')))`) as string;
    const files = new Set(mapped.match(/\/\S*\/lib(torch_cpu|gomp|omp|iomp5)[^/\s]*\.so[^/\s]*/g));
    expect(
      [...files].filter((file) => file.includes('libtorch_cpu')),
      'as the kernel lists them',
    ).toHaveLength(1);
    expect(files.size).toBe(2);
  });

  it.skipIf(!existsSync('/proc/self/task'))('share one set of threads of OpenMP, beside that of our own loops', () => {
    // A second OpenMP library or a BLAS with threads of its own would start more once it has work, and those would take time. (libtorch 2.x
    // also starts a pool for mobile kernels when threads are set, which sleeps.)
    const work = `
      const tasks = () => new Map(fs.readdirSync('/proc/self/task').map((id) => {
        const fields = fs.readFileSync('/proc/self/task/' + id + '/stat', 'utf8').split(') ')[1].split(' ');
        return [id, Number(fields[11]) + Number(fields[12])];
      }));
      a.setThreads(3);
      const before = tasks();
      const fill = (...shape) => a.full(shape, 0.5, 0);
      const [x, filter, left, right] = [fill(16, 26, 24, 64), fill(3, 3, 64, 64), fill(600, 600), fill(600, 600)];
      for (let i = 0; i < 150; i++) { // long enough that the clock of 10 ms sees every thread
        a.release(a.conv(x, filter, [1, 1], [1, 1, 1, 1], [1, 1], false));
        a.release(a.matmul(left, right, false, false));
        a.release(a.exp(x));
      }
      const after = tasks();
      const spent = [...after].map(([id, ticks]) => ticks - (before.get(id) ?? 0));
      const busy = spent.filter((ticks) => ticks >= Math.max(...spent) / 10).length;
      console.log(JSON.stringify({ started: after.size - before.size, busy }))`;
    const { started, busy } = withAddon(work) as { started: number; busy: number };
    expect(started).toBe(0);
    expect(busy, 'the thread of JavaScript and twice two that help it').toBeLessThanOrEqual(5);
  });

  it('sleep soon while they wait, unless the user says how', ({ skip }) => {
    if (!facts().openMp.includes('libgomp')) skip('another OpenMP library than GNU’s');
    const loadAddon = new URL('../../dist/backend/libtorch/loadAddon.js', import.meta.url);
    const code = `
      import { loadAddon, useAddon } from '${loadAddon}';
      useAddon(${JSON.stringify(addonPath())});
      loadAddon();
      console.log(process.env.GOMP_SPINCOUNT);`;
    const run = (env: Record<string, string>) => {
      const { OMP_WAIT_POLICY: _, GOMP_SPINCOUNT: __, ...others } = process.env;
      const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
        encoding: 'utf8',
        env: { ...others, OMP_DISPLAY_ENV: 'VERBOSE', ...env },
      });
      return { spin: /GOMP_SPINCOUNT = '(\w+)'/.exec(stderr)?.[1], left: stdout.trim() };
    };
    expect(run({})).toEqual({ spin: '2000', left: 'undefined' });
    expect(run({ GOMP_SPINCOUNT: '77' })).toEqual({ spin: '77', left: '77' });
  });

  it('are the ones of the build whatever LD_LIBRARY_PATH says', () => {
    const folderOf = ({ libtorchFile }: Record<string, string>) => dirname(realpathSync(libtorchFile));
    const folder = folderOf(facts());
    const others = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu'].filter((other) => other !== folder).join(':');
    const other = withAddon('console.log(JSON.stringify(a.libraries()))', { LD_LIBRARY_PATH: others }) as string;
    expect(folderOf(parseLibraries(other))).toBe(folder);
  });
});

describe('what doctor says of libraries', () => {
  const base = {
    headers: '2.13.0',
    libtorch: '2.13.0',
    libtorchFile: '/v/torch/lib/libtorch_cpu.so',
    oneDnn: '3.12.0',
    directOneDnn: '',
    directOneDnnFile: '',
    openMp: '/v/torch/lib/libgomp.so.1',
    blas: 'MKL',
    simd: 'avx2',
  };

  it('names files, releases, threads and who chose', () => {
    expect(describeLibraries(base, 2, ', PyTorch of python3').map(({ found }) => found)).toEqual([
      '2.13.0 (tested), PyTorch of python3; loaded: /v/torch/lib/libtorch_cpu.so',
      '3.12.0, inside libtorch and only through it',
      '/v/torch/lib/libgomp.so.1, 2 threads; MKL; own loops: avx2',
    ]);
    const direct = { ...base, libtorch: '2.1.0', directOneDnn: '2.6.3', directOneDnnFile: '/usr/lib/libdnnl.so.2' };
    expect(describeLibraries(direct, 1).map(({ found }) => found)).toEqual([
      '2.1.0 (untested; tested: 1.13, 2.13, 2.14); loaded: /v/torch/lib/libtorch_cpu.so',
      '2.6.3, called directly: /usr/lib/libdnnl.so.2',
      '/v/torch/lib/libgomp.so.1, 1 thread; MKL; own loops: avx2',
    ]);
  });

  it('warns of two OpenMP libraries', () => {
    const [, , openMp] = describeLibraries({ ...base, openMp: '/a/libgomp.so.1;/b/libiomp5.so' }, 2);
    expect(openMp).toMatchObject({ state: 'slower', found: expect.stringContaining('/a/libgomp.so.1, /b/libiomp5.so') });
    expect(openMp.remedy).toBeDefined();
  });
});
