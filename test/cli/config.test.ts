import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { runCli } from './runCli.js';
import { runHere } from './runInProcess.js';

const folder = temporaryFolder();

describe('audiossl config show', () => {
  it('prints a config that can be given back and comes out the same', async () => {
    const first = await runHere(['config', 'show', '--set', 'train.epochs=3', '--set', 'seed=9']);
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(first.stdout).toMatch(/^# config [0-9a-f]{16}\ndata:\n/);
    expect(first.stdout).toContain('epochs: 3\n');
    const file = join(folder, 'again.yaml');
    writeFileSync(file, first.stdout);
    expect(await runHere(['config', 'show', '--config', file])).toEqual(first);
  });

  it('prints JSON with the same hash', async () => {
    const yaml = (await runHere(['config', 'show'])).stdout;
    const { hash, config } = JSON.parse((await runHere(['config', 'show', '--json'])).stdout);
    expect(yaml.split('\n')[0]).toBe(`# config ${hash}`);
    expect(config).toMatchObject({ seed: 0, train: { epochs: 500 } });
  });

  it('tells a typo in a file with its place', () => {
    const file = join(folder, 'typo.yaml');
    writeFileSync(file, 'seed: 1\ntrain:\n  bachSize: 3\n');
    const { code, stdout, stderr } = runCli(['config', 'show', '--config', 'typo.yaml'], { cwd: folder });
    expect({ code, stdout, stderr }).toEqual({
      code: 2,
      stdout: '',
      stderr: 'audiossl: typo.yaml:3:3: train.bachSize: unknown key; did you mean "batchSize"?\n',
    });
  });
});

describe('audiossl config schema', () => {
  it('prints a JSON schema that names every part', async () => {
    const { code, stdout } = await runHere(['config', 'schema']);
    expect(code).toBe(0);
    const schema = JSON.parse(stdout);
    expect(schema.additionalProperties).toBe(false);
    expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(['data', 'frontEnd', 'views', 'train', 'seed']));
    expect(schema.properties.train.properties.epochs).toMatchObject({ type: 'integer', minimum: 0, default: 500 });
  });
});
