import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { resolveFrontEnd } from '../../src/audio/frontEnd.js';
import { buildFeatureStore } from '../../src/data/buildFeatureStore.js';
import { featureStoreDir } from '../../src/data/featureStoreDir.js';
import { loadDataset } from '../../src/data/loadDataset.js';
import { writeReport } from '../../src/report/writeReport.js';
import { readEvaluations } from '../../src/run/evaluationRecord.js';
import type { RunFolder } from '../../src/run/runFolder.js';
import { parseCsv } from '../../src/util/csv.js';
import { tone } from '../data/syntheticData.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { expectSound } from './expectSound.js';
import { writeFixtureRun } from './fixtureRun.js';

const root = temporaryFolder();
const data = join(root, 'recordings');

/** A run on ten recordings of two classes, `0-0.ogg` to `0-9.ogg`, whose bytes are those of small WAV files. */
function make(name: string, dataset = data): Promise<RunFolder> {
  const evaluations = [{ protocol: 'linear', seeds: [0] }];
  return writeFixtureRun({
    ...{ dir: join(root, 'runs', name), dataset, evaluations, classNames: ['dog', 'rain'] },
    ...{ numEpochs: 1, stepsPerEpoch: 2, testClipsPerClass: 5, dim: 4, hasViews: false },
  });
}
async function page(run: RunFolder, sounds?: 'embed' | 'link' | 'none', out = run.report): Promise<string> {
  const { html } = await writeReport({ runs: [run], out, version: '0', sounds });
  return (await readFile(html, 'utf8')).replace(/[\s\S]*(<section aria-labelledby="wrong">[\s\S]*?<\/section>)[\s\S]*/, '$1');
}
const cards = (section: string) => section.split('<li class="clip-card"').slice(1);

describe('wrong clips in the report of a run', () => {
  /** What must be shown, from the table of predictions by hand: id, classes, per cent. */
  let expected: { id: string; label: string; predicted: string; percent: number; ofLabel: number }[];
  let run: RunFolder;
  beforeAll(async () => {
    await mkdir(data, { recursive: true });
    for (let i = 0; i < 10; i++) await writeFile(join(data, `0-${i}.ogg`), tone(300 + 100 * i, 0.3));
    run = await make('one');
    const { rows } = parseCsv(await readFile(join(run.evaluations, 'linear-test-best-seed0.predictions.csv'), 'utf8'), '');
    expected = rows
      .filter(({ label, predicted }) => label !== predicted)
      .map((row) => ({
        ...{ id: row.id, label: row.label, predicted: row.predicted },
        percent: Number(row[`probability:${row.predicted}`]),
        ofLabel: Number(row[`probability:${row.label}`]),
      }))
      .sort((a, b) => b.percent - a.percent)
      .map((one) => ({ ...one, percent: Math.round(100 * one.percent), ofLabel: Math.round(100 * one.ofLabel) }));
    expect(expected.length).toBeGreaterThan(1);
  });

  it('are all there, the surest first, with both classes, both probabilities and their own bytes as sound', async () => {
    const { html } = await writeReport({ runs: [run], out: run.report, version: '0' });
    const whole = await readFile(html, 'utf8');
    expectSound(whole);
    expect(whole).toContain('media-src data:');
    const shown = cards(await page(run));
    expect(shown.length).toBe(expected.length);
    for (const [i, card] of shown.entries()) {
      const { id, label, predicted, percent, ofLabel } = expected[i];
      expect(card).toContain(`<span>${label}<span class="arrow"> → </span>${predicted}</span>`);
      expect([...card.matchAll(/<th scope="row">(\w+)<\/th>.*?(\d+) %<\/td>/g)].map(([, name, share]) => [name, Number(share)])).toEqual([
        [predicted, percent],
        [label, ofLabel],
      ]);
      const bytes = await readFile(join(data, id));
      expect(card).toContain(`src="data:audio/ogg;base64,${bytes.toString('base64')}"`);
      expect(card).not.toContain('<img');
    }
  });

  it('have pictures where the features stand: those of the run’s store, or of the store that the log names', async () => {
    const [{ record }] = await readEvaluations(run);
    const store = featureStoreDir({ data, out: run.dir, frontEndHash: record.frontEndHash });
    expect(dirname(store)).toBe(join(root, 'runs', 'features'));
    await buildFeatureStore({
      ...{ dataset: await loadDataset(data, { format: 'unlabelled' }), out: store, numWorkers: 1 },
      frontEnd: resolveFrontEnd({ preset: 'acl', nMels: 24, minSeconds: 0.2 }),
    });
    for (const [name, dataset] of [
      ['near', data],
      ['named', store],
    ]) {
      const shown = cards(await page(await make(name, dataset)));
      expect(shown.length).toBe(expected.length);
      // 0.3 s at a hop of 10 ms.
      for (const card of shown) expect(card).toMatch(/<img src="data:image\/png;base64,[^"]+" width="3\d" height="24"/);
      for (const card of shown) expect(card).toContain('<audio');
    }
    await rename(store, join(root, 'elsewhere'));
  });

  it('are linked or silent when asked for, and a table where the recordings are gone', async () => {
    const out = join(root, 'a page', 'of mine');
    expect(cards(await page(run, 'link', out))[0]).toContain(`src="../../recordings/${expected[0].id}"`);
    for (const section of [await page(run, 'none'), await page(await make('gone', join(root, 'gone')))]) {
      expect(section).not.toMatch(/<audio|<img/);
      const rows = [...section.matchAll(/<tr><th scope="row"><span class="clip">(.*?)<\/span>/g)].map(([, id]) => id);
      expect(rows).toEqual(expected.map(({ id }) => id));
    }
    expect(await page(await make('gone too', join(root, 'gone')))).toContain('The run’s data are not at ');
  });

  it('never leave the folder of the recordings, whatever a table of predictions says', async () => {
    const odd = await make('odd');
    await writeFile(join(root, 'secret.wav'), tone(500, 0.1));
    const file = join(odd.evaluations, 'linear-test-best-seed0.predictions.csv');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replaceAll(`${expected[0].id},`, '../secret.wav,'));
    const [card] = cards(await page(odd));
    expect(card).toContain('../secret.wav');
    expect(card).not.toContain('<audio');
  });
});
