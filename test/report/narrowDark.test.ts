import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { auditLabels } from '../../src/audit/auditLabels.js';
import { writeAudit } from '../../src/audit/writeAudit.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { writeReport } from '../../src/report/writeReport.js';
import { openRun } from '../../src/run/runFolder.js';
import { Rng } from '../../src/util/rng.js';
import { chromium, openPage } from '../support/chromiumPage.mjs';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { writeFixtureRun } from './fixtureRun.js';

/** What explore and search write is looked at beside their own tests. */
describe.skipIf(chromium === undefined)('pages on a telephone, in the dark (needs Chromium)', () => {
  const root = temporaryFolder();
  const pages: Record<string, string> = {};

  beforeAll(async () => {
    await setBackend({ backend: 'cpu' });
    const runs = [];
    for (const [i, name] of ['a-run-with-a-rather-long-name-in-which-nothing-can-be-broken', 'b'].entries()) {
      const evaluations = [{ protocol: 'linear' as const, seeds: [0, 1] }];
      await writeFixtureRun({
        dir: join(root, name),
        numEpochs: 3,
        stepsPerEpoch: 2,
        testClipsPerClass: 4,
        isSupervised: i === 1,
        evaluations,
      });
      runs.push(await openRun(join(root, name)));
    }
    pages.report = (await writeReport({ runs: runs.slice(0, 1), out: join(root, 'one'), version: '0' })).html;
    pages.comparison = (await writeReport({ runs, out: join(root, 'both'), version: '0' })).html;

    const clips = Array.from({ length: 24 }, (_, i) => ({ id: `a/long/folder/of/recordings/${'x'.repeat(60)}${i}.wav`, label: ['low', 'high'][i % 2], group: `g${i}` })); // biome-ignore format: one line
    const store = {
      nMels: 4,
      clips: clips.map(({ id }) => ({ id, path: join(root, 'none', id), numFrames: 30, numSamples: 8000, sampleRate: 16000 })),
      readPatches: async (_: unknown, frames: number) => new Float32Array(frames * 4),
    } as never;
    const rng = new Rng({ seed: 1, purpose: 'test' });
    const audit = await auditLabels({ embeddings: Float32Array.from({ length: 24 * 3 }, () => rng.normal()), dim: 3, clips, numFolds: 3 });
    const facts = { facts: { command: ['test'] }, model: 'model', data: 'data', split: 'train' as const, notes: [], time: '2026-01-01T00:00:00Z', version: '0' }; // biome-ignore format: one line
    await writeAudit({ audit, store, indices: clips.map((_, i) => i), pathOf: () => join(root, 'none.wav'), out: join(root, 'audit'), top: 5, ...facts }); // biome-ignore format: one line
    pages.audit = join(root, 'audit', 'index.html');
  }, 60_000);

  it('are no wider than the window, and light on dark', async () => {
    const page = await openPage('about:blank', { width: 390, height: 844 });
    try {
      await page.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: 'dark' }] });
      for (const [name, path] of Object.entries(pages)) {
        const url = pathToFileURL(path).href;
        await page.send('Page.navigate', { url });
        await page.until(`location.href === ${JSON.stringify(url)} && document.readyState === 'complete'`);
        expect(await page.evaluate('document.documentElement.scrollWidth'), name).toBeLessThanOrEqual(390);
        // Relative luminance as WCAG 2 defines it; 4.5 to 1 is what it asks of text.
        const [back, ...texts] = await page.evaluate<number[]>(`(() => {
          const light = (colour) => { const [r, g, b] = colour.match(/[\\d.]+/g).map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4)); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
          const behind = getComputedStyle(document.body).backgroundColor;
          const colours = [...document.querySelectorAll('h1, h2, p, th, td')].map((node) => getComputedStyle(node).color);
          return [behind === 'rgba(0, 0, 0, 0)' ? getComputedStyle(document.documentElement).backgroundColor : behind, ...new Set(colours)].map(light);
        })()`);
        expect(back, name).toBeLessThan(0.05);
        expect(texts.length, name).toBeGreaterThan(0);
        for (const text of texts) expect((text + 0.05) / (back + 0.05), name).toBeGreaterThan(4.5);
      }
    } finally {
      await page.close();
    }
  }, 60_000);
});
