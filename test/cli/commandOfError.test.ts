import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { setBackend } from '../../src/backend/setBackend.js';
import { loadModel } from '../../src/model/loadModel.js';
import { createRun } from '../../src/run/runFolder.js';
import { AudiosslError, errorText, UsageError } from '../../src/util/errors.js';
import { inProgram } from '../../src/util/inProgram.js';
import { folderWith, tone } from '../data/syntheticData.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { runHere } from './runInProcess.js';

const src = fileURLToPath(new URL('../../src/', import.meta.url));

describe('an error', () => {
  it('names options as programs do, and as the command line does there', async () => {
    const dir = await folderWith({ 'notes.txt': 'mine', 'a.wav': tone(300, 0.6) });
    const said = async (work: () => Promise<unknown>) => String(await work().catch((error: AudiosslError) => error.message));
    expect(await said(() => setBackend({ backend: 'cpu', device: 'cuda' }))).toBe(
      'setBackend: device cuda needs the backend libtorch, got cpu; leave out `backend` or pass `backend` libtorch',
    );
    expect(await said(() => createRun(dir))).toMatch(/^createRun: .*; pass `resume` to go on with it, or another `out`$/);
    expect(await said(() => loadModel(join(dir, 'nope')))).not.toMatch(/ --/);

    const model = await runHere([
      'embed',
      '--model',
      join(dir, 'nope'),
      '--in',
      dir,
      '--out',
      join(temporaryFolder(), 'a.csv'),
      '--backend',
      'cpu',
    ]);
    expect([model.code, model.stderr]).toEqual([2, expect.stringMatching(/^audiossl: embed: needs a .*nope/m)]);
    const device = await runHere(['doctor', '--backend', 'cpu', '--device', 'cuda']);
    expect(`${device.stderr}${device.stdout}`).toContain('leave out --backend or pass --backend libtorch');
  });

  it('keeps what it quotes: commands to give, and paths', () => {
    expect(inProgram('who: x; pass --on-error skip, or another --out')).toBe('who: x; pass `onError` skip, or another `out`');
    for (const text of [
      'classify: no classifier; keep one with audiossl evaluate RUN --protocol linear --keep-probe and train',
      'ranks: take another libtorch (`npm run setup -- --libtorch pypi`)',
      'import: /data/a--b.wav is there',
    ])
      expect(inProgram(text)).toBe(text);
    expect(inProgram('a.wav: cut off; pass salvage (--salvage)')).toBe('a.wav: cut off; pass salvage');
    expect(inProgram('--set seed=-1: must be >= 0')).toBe('`overrides` seed=-1: must be >= 0');
    expect(inProgram('x: audiossl train has one; use --protocol knn')).toBe('x: audiossl train has one; use `protocol` knn');
  });

  it('can be a part of another one, which is told right on both sides', () => {
    const inner = new UsageError('inner: pass --resume');
    const outer = new AudiosslError(`outer: rank 0 failed: ${errorText(inner)}`);
    expect([inner.message, outer.message]).toEqual(['inner: pass `resume`', 'outer: rank 0 failed: inner: pass `resume`']);
    expect(errorText(outer)).toBe('outer: rank 0 failed: inner: pass --resume');
  });

  it('that names an option is one of those of this package everywhere', () => {
    const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    const plain = files.flatMap((name) =>
      [...readFileSync(join(src, name), 'utf8').matchAll(/new (?:Error|TypeError|RangeError)\(\s*(['"`])(?:(?!\1)[\s\S])*\1/g)]
        .map(([text]) => text)
        .filter((text) => /[\s('"`]--[a-z]/.test(text))
        .map((text) => `${name}: ${text}`),
    );
    expect(files.length).toBeGreaterThan(300);
    expect(plain).toEqual([]);
  });
});
