import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { auditLabels, type LabelAudit } from '../../src/audit/auditLabels.js';
import { writeAudit } from '../../src/audit/writeAudit.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { parseCsv } from '../../src/util/csv.js';
import { Rng } from '../../src/util/rng.js';
import { temporaryFolder } from '../support/temporaryFolder.js';

const folder = temporaryFolder();
const odd = '<script>alert(1)</script>';

beforeAll(() => setBackend({ backend: 'cpu' }));

describe('writeAudit', () => {
  const clips = Array.from({ length: 24 }, (_, i) => ({ id: `${odd}/${i}.wav`, label: ['=1+1', odd][i % 2], group: `g${i}` }));
  const store = {
    nMels: 4,
    clips: clips.map(({ id }) => ({ id, path: join(folder, 'none', id), numFrames: 30, numSamples: 8000, sampleRate: 16000 })),
    readPatches: async (_: unknown, frames: number) => Float32Array.from({ length: frames * 4 }, (_, i) => Math.sin(i)),
  } as never;
  const out = join(folder, 'out');
  let audit: LabelAudit;

  beforeAll(async () => {
    const rng = new Rng({ seed: 1, purpose: 'test' });
    const embeddings = Float32Array.from({ length: 24 * 3 }, (_, i) => (Math.floor(i / 3) % 2) * (i % 3) + rng.normal());
    audit = await auditLabels({ embeddings, dim: 3, clips, numFolds: 3 });
    await writeAudit({
      audit,
      store,
      indices: clips.map((_, i) => i),
      pathOf: () => join(folder, 'none.wav'),
      out,
      top: 5,
      trueLabels: clips.map(() => 'truth'),
      facts: { command: ['test'] },
      model: 'model',
      data: odd,
      split: 'train',
      notes: [odd],
      time: '2026-01-01T00:00:00Z',
      version: '0',
    });
  });

  test('labels.csv holds every clip in its order, safe for spreadsheets; audit.json the numbers', async () => {
    const { rows } = parseCsv(await readFile(join(out, 'labels.csv'), 'utf8'), 'labels.csv');
    expect(rows.map(({ id }) => id)).toEqual(audit.clips.map(({ id }) => id));
    expect(rows.map(({ score }) => Number(score))).toBeAllClose(
      audit.clips.map(({ score }) => score),
      { atol: 5.1e-5 },
    );
    expect(new Set(rows.map(({ label }) => label))).toEqual(new Set(["'=1+1", odd]));
    expect(rows.filter(({ isSuspected }) => isSuspected === 'true')).toHaveLength(audit.numSuspected);
    expect(rows[0].labelBeforeFlip).toBe('truth');
    const json = JSON.parse(await readFile(join(out, 'audit.json'), 'utf8'));
    expect(json).toMatchObject({ schemaVersion: 1, numClips: 24, classNames: [odd, '=1+1'].sort(), command: ['test'], numFolds: 3 });
    expect(json.clips).toBeUndefined();
  });

  test('the page shows as many clips as asked for, escapes what users wrote, and says where a recording is not', async () => {
    const html = await readFile(join(out, 'index.html'), 'utf8');
    expect(html.match(/<li class="clip-card"/g)).toHaveLength(5);
    expect(html.match(/<img src="data:image\/png/g)).toHaveLength(5);
    expect(html).not.toContain('<script');
    expect(html).not.toMatch(/NaN|undefined/);
    expect(html).toContain('The recording is not at');
    expect(html).toContain('.wav · 0.5 s · score ');
    expect(html).toContain(`${audit.numSuspected} clip`);
  });

  test('the opinions on a clip are shares of all classes, in whole per cent that add up to 100', async () => {
    const html = await readFile(join(out, 'index.html'), 'utf8');
    const rows = [...html.matchAll(/<th scope="row">(Classifier|Neighbours)<\/th>(.*?)<\/tr>/g)];
    expect(rows).toHaveLength(10);
    const labels = new Map(clips.map(({ id, label }) => [id, label]));
    rows.forEach(([, name, cells], i) => {
      const shares = [...cells.matchAll(/(\d+) %<\/td>/g)].map(([, share]) => Number(share));
      expect(shares.reduce((a, b) => a + b, 0)).toBe(100);
      // Two classes: there are no others.
      expect(shares).toHaveLength(3);
      expect(shares[2]).toBe(0);
      const clip = audit.clips[Math.floor(i / 2)];
      const heard = clip.neighbours.filter(({ index }) => labels.get(clips[index].id) === clip.label).length / clip.neighbours.length;
      const expected = name === 'Neighbours' ? heard : clip.outOfFoldProbability;
      expect(Math.abs(shares[0] - 100 * expected)).toBeLessThan(1);
    });
  });

  test('a folder that cannot be made is refused in one line', async () => {
    const { prepareFolder } = await import('../../src/util/prepareFolder.js');
    await writeFile(join(folder, 'file'), '');
    await expect(prepareFolder(join(folder, 'file'), { who: 'audit-labels' })).rejects.toThrow(
      /^audit-labels: .*file must be a folder .*; give another `out`$/,
    );
    await prepareFolder(join(folder, 'new', 'one'), { who: 'audit-labels' });
    expect((await stat(join(folder, 'new', 'one'))).isDirectory()).toBe(true);
  });
});
