import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createRun, openRun } from '../../src/run/runFolder.js';
import { UsageError } from '../../src/util/errors.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

let dir: string;
beforeEach(async () => {
  dir = temporaryFolder();
});

describe('createRun', () => {
  it('has its paths and makes the folders that are written to', async () => {
    const { run, hasCheckpoint } = await createRun(join(dir, 'deep', 'new'));
    expect(hasCheckpoint).toBe(false);
    const at = (...parts: string[]) => join(dir, 'deep', 'new', ...parts);
    expect(run).toEqual({
      dir: at(),
      config: at('config.yaml'),
      contents: at('contents.csv'),
      embeddings: at('embeddings'),
      split: at('split.csv'),
      log: at('log.jsonl'),
      checkpoints: at('checkpoints'),
      lastCheckpoint: at('checkpoints', 'last.safetensors'),
      bestCheckpoint: at('checkpoints', 'best.safetensors'),
      whitenedCheckpoint: at('checkpoints', 'whitened.safetensors'),
      evaluations: at('evaluations'),
      transfers: at('transfers'),
      testAccess: at('test-access.jsonl'),
      modules: at('modules'),
      views: at('views.json'),
      report: at('report'),
    });
    await writeFile(run.lastCheckpoint, '');
    await writeFile(join(run.evaluations, 'x.json'), '');
  });

  it('refuses a folder with content, and touches nothing in it', async () => {
    await writeFile(join(dir, 'notes.txt'), 'mine');
    await expect(createRun(dir)).rejects.toThrow(/must be empty, .* is not; pass `resume`/);
    await expect(createRun(dir)).rejects.toBeInstanceOf(UsageError);
    await expect(createRun(dir, { resume: true })).rejects.toThrow(/`resume` needs the folder of a run, .* has no config\.yaml/);
  });

  it('takes the folder of a start that failed before it wrote anything', async () => {
    await createRun(dir);
    expect((await createRun(dir)).hasCheckpoint).toBe(false);
    await writeFile(join(dir, 'checkpoints', 'last.safetensors'), '');
    await expect(createRun(dir)).rejects.toThrow(/must be empty/);
  });

  it('resumes: tells whether there is a checkpoint; an absent folder is a new run', async () => {
    await writeFile(join(dir, 'config.yaml'), 'seed: 0');
    expect((await createRun(dir, { resume: true })).hasCheckpoint).toBe(false);
    await writeFile(join(dir, 'checkpoints', 'last.safetensors'), '');
    expect((await createRun(dir, { resume: true })).hasCheckpoint).toBe(true);
    expect((await createRun(join(dir, 'absent'), { resume: true })).hasCheckpoint).toBe(false);
  });

  it('refuses a file in place of a folder', async () => {
    await writeFile(join(dir, 'file'), '');
    await expect(createRun(join(dir, 'file'))).rejects.toThrow(/file must be a folder that can be read/);
  });
});

describe('openRun', () => {
  it('opens a run, and says what is wrong with anything else', async () => {
    await mkdir(join(dir, 'other'));
    await expect(openRun(join(dir, 'absent'))).rejects.toThrow(/openRun: the run folder must exist/);
    await expect(openRun(join(dir, 'other'))).rejects.toThrow(/other is no run folder: it has no config\.yaml/);
    await writeFile(join(dir, 'config.yaml'), 'seed: 0');
    expect((await openRun(dir)).config).toBe(join(dir, 'config.yaml'));
  });
});
