import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeReport } from '../../src/report/writeReport.js';
import { writeClipEmbeddings } from '../../src/run/clipEmbeddings.js';
import type { RunFolder } from '../../src/run/runFolder.js';
import { parseCsv } from '../../src/util/csv.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { expectSound, found } from './expectSound.js';
import { type FixtureSweep, type FixtureSystem, writeFixtureSweep } from './fixtureSweep.js';

const root = temporaryFolder();

const acl = (contrastiveWeight: number, temperature = 0.2) => ({
  loss: { name: 'angularContrastive', temperature, contrastiveWeight, marginRadians: 0.5, marginOn: 'embedding' },
});
const supervised = (crossEntropyWeight: number, protocol: string) => ({
  encoder: { name: 'supCnn' },
  data: { protocol },
  loss: { name: 'crossEntropyMargin', crossEntropyWeight, marginOn: 'pooled' },
});

async function report(runs: RunFolder[], name: string, isPaperShown?: boolean) {
  const now = new Date('2026-11-22T12:00:00Z');
  const files = await writeReport({ runs, out: join(root, name), version: '0.1.0', isPaperShown, now });
  const [html, markdown, csv, json] = await Promise.all(
    [files.html, files.markdown, files.csv, files.json].map((file) => readFile(file, 'utf8')),
  );
  return { html, markdown, table: parseCsv(csv, 'report.csv').rows, json: JSON.parse(json), csv };
}

/** Accuracies of one system, a number a seed, by counting. */
function accuracies(sweep: FixtureSweep, system: string) {
  return [...(sweep.predictions.get(system) ?? [])].map(([seed, byClip]) => {
    const clips = [...byClip.values()];
    const labels = [...new Set(clips.map(({ label }) => label))].sort();
    const share = (some: typeof clips) => some.filter(({ label, predicted }) => label === predicted).length / some.length;
    const recalls = labels.map((label) => share(clips.filter((clip) => clip.label === label)));
    return { seed, micro: share(clips), macro: recalls.reduce((sum, recall) => sum + recall, 0) / labels.length, recalls };
  });
}
const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const deviation = (values: number[]) =>
  Math.sqrt(values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1));
/** What a reader sees: text without elements. */
const textOf = (html: string) =>
  html
    .replace(/<style>[\s\S]*?<\/style>/, '')
    .replace(/<title>[^<]*<\/title>/g, '')
    .replace(/<[^>]+>/g, '')
    .replaceAll('&#39;', "'");
const section = (html: string, id: string) => new RegExp(`<section aria-labelledby="${id}">[\\s\\S]*?</section>`).exec(html)?.[0] ?? '';

const plain: FixtureSystem = { name: 'plain', config: acl(1), skill: 0.5 };

describe('a comparison of systems over seeds and folds', () => {
  const systems: FixtureSystem[] = [
    { name: 'plain', config: acl(1), skill: 0.45 },
    { name: 'margin', config: acl(0.3), skill: [0.8, 0.5, 0.7, 0.6] },
    { name: 'random', config: { ...acl(1), train: { epochs: 0 } }, skill: 0.3 },
  ];
  const names = { plain: 'NT-Xent', margin: 'ACL, alpha 0.3', random: 'random weights' };
  let sweep: FixtureSweep;
  let texts: Awaited<ReturnType<typeof report>>;
  beforeAll(async () => {
    sweep = await writeFixtureSweep({ root, systems, seeds: [0, 1], folds: [1, 2, 3], clipsPerClass: 6 });
    texts = await report(sweep.runs, 'out', true);
  });

  it('pools folds and averages seeds as counting does, in all four forms', () => {
    for (const [key, name] of Object.entries(names)) {
      const own = accuracies(sweep, key);
      const json = texts.json.comparison.systems.find((one: { name: string }) => one.name === name);
      for (const metric of ['micro', 'macro'] as const) {
        const values = own.map((one) => one[metric]);
        expect(json[metric].estimate).toBeCloseTo(mean(values), 12);
        expect(json[metric].seeds).toMatchObject({ n: 2, mean: expect.closeTo(mean(values), 12) });
        expect(json[metric].seeds.standardDeviation).toBeCloseTo(deviation(values), 12);
        expect(json[metric].low).toBeLessThanOrEqual(mean(values));
        expect(json[metric].high).toBeGreaterThanOrEqual(mean(values));
        const csvMetric = metric === 'micro' ? 'clipMicroAccuracy' : 'clipMacroAccuracy';
        const row = texts.table.find((one) => one.predictor === name && one.metric === csvMetric);
        expect(Number(row?.value)).toBeCloseTo(mean(values), 12);
        expect([row?.numClips, row?.numSeeds]).toEqual(['24', '2']);
        const text = `${(100 * mean(values)).toFixed(1)} % ± ${(100 * deviation(values)).toFixed(1)}`;
        expect(section(texts.html, 'systems')).toContain(text);
        expect(texts.markdown).toContain(text);
      }
      json.perClass.forEach(({ estimate }: { estimate: number }, k: number) => {
        expect(estimate).toBeCloseTo(mean(own.map(({ recalls }) => recalls[k])), 12);
      });
    }
  });

  it('compares each pair on the same clips: differences and McNemar’s counts are those of the predictions', () => {
    const { pairs } = texts.json.comparison;
    expect(pairs.map(({ a, b }: { a: string; b: string }) => [a, b])).toContainEqual([names.margin, names.plain]);
    expect(pairs.length).toBe(3);
    // The pair that the claims are about stands first.
    expect([pairs[0].a, pairs[0].b]).toEqual([names.margin, names.plain]);
    const [a, b] = [accuracies(sweep, 'margin'), accuracies(sweep, 'plain')];
    expect(pairs[0].macro.difference.estimate).toBeCloseTo(mean(a.map(({ macro }) => macro)) - mean(b.map(({ macro }) => macro)), 12);
    for (const test of pairs[0].mcnemar) {
      const [ofA, ofB] = ['margin', 'plain'].map((system) => sweep.predictions.get(system)?.get(test.seed));
      const isRight = (clip: { label: string; predicted: string } | undefined) => clip?.label === clip?.predicted;
      const ids = [...(ofA?.keys() ?? [])];
      expect(test.aOnly).toBe(ids.filter((id) => isRight(ofA?.get(id)) && !isRight(ofB?.get(id))).length);
      expect(test.bOnly).toBe(ids.filter((id) => !isRight(ofA?.get(id)) && isRight(ofB?.get(id))).length);
    }
    expect(textOf(section(texts.html, 'pairs'))).toContain('With 2 seeds this says little about other seeds.');
    const points = 100 * pairs[0].macro.difference.estimate;
    expect(textOf(section(texts.html, 'pairs'))).toContain(`${points < 0 ? '−' : '+'}${Math.abs(points).toFixed(1)} [`);
    const row = texts.table.find(
      (one) => one.predictor === `${names.margin} minus ${names.plain}` && one.metric === 'clipMacroAccuracyDifference',
    );
    expect(Number(row?.value)).toBeCloseTo(points / 100, 12);
  });

  it('draws the classes with both recalls: bars as long as the counted recalls', () => {
    const classes = section(texts.html, 'classes').split('<details>')[0];
    const [a, b] = [accuracies(sweep, 'margin'), accuracies(sweep, 'plain')];
    ['dog', 'rain', 'rooster', 'sea_waves'].forEach((label, k) => {
      const plot = new RegExp(`<svg class="cell-plot"[^>]*aria-label="${label}: ACL[\\s\\S]*?</svg>`).exec(classes)?.[0] ?? '';
      const widths = [...plot.matchAll(/<rect[^>]*width="([\d.]+)%"/g)].map(([, width]) => Number(width));
      expect(widths).toBeAllClose(
        [a, b].map((own) => 97 * mean(own.map(({ recalls }) => recalls[k]))),
        { atol: 0.006 },
      ); // two decimals of 97 %
    });
    const better = ['dog', 'rain', 'rooster', 'sea_waves'].filter(
      (_, k) => mean(a.map(({ recalls }) => recalls[k])) > mean(b.map(({ recalls }) => recalls[k])),
    );
    expect(textOf(classes)).toContain(`in ${better.length} of 4 classes`);
  });

  it('marks published numbers, says that they are of other data, and names what a claim needs', () => {
    const alpha = section(texts.html, 'alpha');
    expect(alpha).toMatch(/class="curve stroke-\d published"/);
    expect(textOf(alpha)).toContain('published, FSDnoisy18k');
    expect(textOf(alpha)).toContain('your runs are of other data');
    const claims = textOf(section(texts.html, 'claims'));
    // Two seeds decide nothing; supervised claims have no runs.
    expect(claims).toContain('2 seeds, a verdict needs 5');
    expect(claims).toContain('not tested');
    expect(claims).toContain('audiossl train --set data.protocol=clean');
    expect(textOf(section(texts.html, 'test'))).toContain(
      'The runs looked at their test clips 18 times in all, and no evaluation was repeated',
    );
  });

  it('is one sound page without single runs in full, and equal bytes again', async () => {
    expectSound(texts.html);
    expect(texts.html).not.toContain('id="run1"');
    expect(found(texts.markdown, /NaN|undefined|\[object/)).toBe(undefined);
    expect(found(texts.csv, /NaN|undefined|\[object/)).toBe(undefined);
    const again = await report(sweep.runs, 'again', true);
    expect(again.html).toBe(texts.html);
    expect(again.csv).toBe(texts.csv);
    // The own systems stand before everything that a paper printed.
    const order = ['systems', 'pairs', 'training', 'alpha', 'claims'].map((id) => texts.html.indexOf(`<section aria-labelledby="${id}">`));
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order[0]).toBeGreaterThan(0);
  });
});

describe('curves and tables of the paper', () => {
  let texts: Awaited<ReturnType<typeof report>>;
  let sweep: FixtureSweep;
  beforeAll(async () => {
    const features = (weight: number) => ({ uniformity: -0.2 - 0.1 * weight, tolerance: 0.95 - 0.02 * weight });
    const systems: FixtureSystem[] = [
      ...[0.2, 0.5].flatMap((t) =>
        [0.3, 1].map((w) => ({ name: `t${t}w${w}`, config: acl(w, t), skill: 0.5 + (1 - w) / 5, features: features(w) })),
      ),
      ...[0.7, 1].map((w) => ({ name: `all${w}`, config: supervised(w, 'all'), skill: w === 1 ? 0.5 : 0.6, protocol: 'classifier' })),
    ];
    sweep = await writeFixtureSweep({ root: join(root, 'paper'), systems, seeds: [0], folds: [], clipsPerClass: 5 });
    texts = await report(sweep.runs, 'paper-out', true);
  });

  it('have a point at each temperature, from the runs and from the paper', () => {
    const [accuracy, uniformity, tolerance] = texts.json.comparison.temperatureCurves;
    const measured = accuracy.series.filter((one: { isPublished: boolean }) => !one.isPublished);
    expect(measured.map((one: { points: { x: number }[] }) => one.points.map(({ x }) => x))).toEqual([
      [0.2, 0.5],
      [0.2, 0.5],
    ]);
    expect(measured[1].points[0].y).toBeCloseTo(accuracies(sweep, 't0.2w0.3')[0].macro, 12);
    // The paper prints minus the logarithm.
    expect(uniformity.series[0].points[0].y).toBeCloseTo(0.3, 12);
    expect(tolerance.series[1].points[0].y).toBeCloseTo(0.944, 12);
    const published = uniformity.series.find((one: { name: string }) => one.name === 'ACL, published');
    expect(published.points.length).toBe(10);
    expect(published.points[1]).toMatchObject({ x: 0.2, y: 0.2605 });
  });

  it('have the accuracy against the batch size, a line a loss, and a map each', async () => {
    const loss = { supCon: { name: 'supCon', temperature: 0.1 }, tcl: { name: 'tcl', temperature: 0.1, k1: 5000, k2: 1 } };
    const systems = (['supCon', 'tcl'] as const).flatMap((name) =>
      [32, 256].map(
        (batchSize): FixtureSystem => ({
          name: `${name}${batchSize}`,
          config: { loss: loss[name], train: { epochs: 20, batchSize }, optimizer: { name: 'sgd', learningRate: batchSize / 1000 } },
          skill: name === 'tcl' ? 0.7 : 0.5,
        }),
      ),
    );
    const batches = await writeFixtureSweep({ root: join(root, 'batches'), systems, seeds: [0], folds: [], clipsPerClass: 5 });
    for (const run of batches.runs) {
      const data = Float32Array.from({ length: 20 * 3 }, (_, i) => Math.sin(i * i));
      await writeClipEmbeddings(run, 'linear-test-best-seed0', { data, dim: 3 });
    }
    const { json, html, markdown, table } = await report(batches.runs, 'batches-out', true);
    const [curve] = json.comparison.batchSizeCurves;
    expect(curve.series.map((one: { name: string }) => one.name)).toEqual(['supCon', 'tcl']);
    const points = curve.series.flatMap((one: { points: { x: number; y: number }[] }) => one.points.map(({ x, y }) => [2 ** x, y]));
    const macro = (name: string) => accuracies(batches, name)[0].macro;
    expect(points.flat()).toBeAllClose([32, macro('supCon32'), 256, macro('supCon256'), 32, macro('tcl32'), 256, macro('tcl256')], {
      atol: 1e-12,
    });
    // The curve can be drawn from report.csv alone.
    const inCsv = table.filter((row) => row.run === '' && row.metric === 'clipMacroAccuracy');
    expect(inCsv.map((row) => [row.batchSize, row.temperature, Number(row.value)])).toEqual(
      systems.map(({ name }) => [/\d+$/.exec(name)?.[0], '0.1', macro(name)]),
    );
    expect(textOf(section(html, 'batch-size'))).toMatch(/SupCon: highest at batch size (32|256)/i);
    expect(markdown).toMatch(/\| tcl \| 256 \|/);
    expect(json.comparison.maps.map(({ run }: { run: string }) => run)).toEqual(systems.map(({ name }) => `${name}-seed0`));
    expect(section(html, 'maps').match(/<svg class="[^"]*" viewBox="0 0 440 320"/g)?.length).toBe(4);
    const mapPoints = parseCsv(await readFile(join(root, 'batches-out/maps.csv'), 'utf8'), 'maps.csv').rows;
    expect(mapPoints.map(({ system, id, label, x, y }) => [system, id, label, Number(x), Number(y)])).toEqual(
      json.comparison.maps.flatMap(({ system, map }: { system: string; map: { points: Record<string, unknown>[] } }) =>
        map.points.map(({ id, label, x, y }) => [system, id, label, x, y]),
      ),
    );
    expect(textOf(section(html, 'maps'))).not.toContain('No map');
    await rm(join(batches.runs[3].dir, 'evaluations/linear-test-best-seed0.embeddings.npy'));
    const fewer = await report(batches.runs, 'batches-out', true);
    expect(textOf(section(fewer.html, 'maps'))).toContain('No map, as no embeddings of its clips are stored: tcl, train.batchSize 256, ');
    // The claims of the papers are about NT-Xent and the margin: other losses are no evidence.
    expect(json.comparison.verdicts.every(({ verdict }: { verdict: string }) => verdict === 'notTested')).toBe(true);
    expectSound(html);
  });

  it('show Table 1 and 2 with the published numbers in their own columns', () => {
    const { table1, table2 } = texts.json.comparison;
    expect(table1[0].margin.micro.estimate).toBeCloseTo(accuracies(sweep, 'all0.7')[0].micro, 12);
    expect(table1[0].difference.estimate).toBeCloseTo(accuracies(sweep, 'all0.7')[0].micro - accuracies(sweep, 'all1')[0].micro, 12);
    expect(table1[3].base.system).toBe(null);
    expect(table2.map((row: { published: { percent: number } }) => row.published.percent)).toEqual([70.1, 73.6, 74.2, 77.1]);
    const tables = section(texts.html, 'tables');
    expect(tables).toMatch(/<span class="published">73\.6 %/);
    expect(textOf(tables)).toContain('not run: audiossl train --set data.protocol=clean');
    expectSound(texts.html);
  });
});

describe('runs of which only some were tested, on data that are not the paper’s', () => {
  let runs: RunFolder[];
  let texts: Awaited<ReturnType<typeof report>>;
  beforeAll(async () => {
    const small = { root: join(root, 'partly'), seeds: [0, 1], folds: [], clipsPerClass: 5 };
    const tested = await writeFixtureSweep({
      ...{ ...small, splits: ['test', 'validation'] as const },
      systems: [0.3, 0.6].map((weight) => ({ name: `acl${weight}`, config: acl(weight), skill: 0.6 })),
    });
    const others = await writeFixtureSweep({
      ...{ ...small, splits: ['validation'] as const },
      systems: [{ name: 'plain', config: acl(1), skill: 0.3 }],
    });
    runs = [...tested.runs, ...others.runs];
    texts = await report(runs, 'partly-out');
  });

  it('are compared on the test clips, and all of them on validation clips, which is said; a seed of each counted', async () => {
    const { comparison } = texts.json;
    expect([comparison.split, comparison.systems.length, comparison.onValidation.systems.length]).toEqual(['test', 2, 3]);
    expect(comparison.runsLeftOut).toEqual(['plain-seed0', 'plain-seed1']);
    const shares = await Promise.all(
      runs.slice(-2).map(async (run, seed) => {
        const { rows } = parseCsv(await readFile(join(run.evaluations, `linear-validation-best-seed${seed}.predictions.csv`), 'utf8'), '');
        return rows.filter(({ label, predicted }) => label === predicted).length / rows.length;
      }),
    );
    const plain = comparison.onValidation.systems.find(({ name }: { name: string }) => name === 'NT-Xent');
    expect(plain.micro.estimate).toBeCloseTo(mean(shares), 12);
    const row = texts.table.find((one) => one.predictor === 'NT-Xent' && one.split === 'validation' && one.metric === 'clipMicroAccuracy');
    expect(Number(row?.value)).toBeCloseTo(mean(shares), 12);
    const text = `${(100 * mean(shares)).toFixed(1)} % ± `;
    expect(textOf(section(texts.html, 'on-validation'))).toContain(text);
    expect(textOf(section(texts.html, 'on-validation'))).toContain('on which checkpoints were chosen, and their numbers flatter');
    expect(textOf(section(texts.html, 'systems'))).not.toContain('flatter');
    expect(texts.markdown.split('## On the validation clips')[1]).toContain(text);
    expectSound(texts.html);
  });

  it('show nothing of the paper unasked: neither tables nor claims nor published curves', () => {
    const { comparison } = texts.json;
    expect([comparison.table1, comparison.table2, comparison.verdicts]).toEqual([null, null, null]);
    const [curve] = comparison.alphaCurves;
    expect(curve.series.map(({ isPublished }: { isPublished: boolean }) => isPublished)).toEqual([false]);
    expect(textOf(texts.html)).not.toMatch(/published|FSDnoisy18k/i);
    expect(texts.markdown).not.toMatch(/published|FSDnoisy18k|claims/i);
  });

  it('of which none was evaluated are a page of their curves and their configs', async () => {
    const systems = [plain, { ...plain, name: 'margin', config: acl(0.3) }];
    const none = await writeFixtureSweep({ root: join(root, 'none'), systems, seeds: [0], folds: [], clipsPerClass: 3, splits: [] });
    const { html, markdown, json } = await report(none.runs, 'none-out');
    expect(json.comparison).toBe(null);
    expect(markdown).toContain('Not evaluated yet.');
    expect(textOf(section(html, 'training'))).toContain('Fewer than two of these runs have logged an epoch.');
    expect(textOf(section(html, 'differences'))).toContain('contrastiveWeight');
    expectSound(html);
  });
});

describe('what cannot be compared', () => {
  const small = { seeds: [0], folds: [], clipsPerClass: 3 };
  const refused = async (runs: RunFolder[], message: RegExp) => {
    const out = join(root, `refused-${Math.random()}`);
    await expect(writeReport({ runs, out, version: '0.1.0' })).rejects.toThrow(message);
    const error = await writeReport({ runs, out, version: '0.1.0' }).catch((reason: unknown) => reason);
    expect(error instanceof Error && error.message.includes('\n')).toBe(false);
    // Nothing is written.
    await expect(readdir(out)).rejects.toThrow(/ENOENT/);
  };

  it('a run of another dataset, mixed front ends: one line, nothing written', async () => {
    const { runs: own } = await writeFixtureSweep({ root: join(root, 'own'), systems: [plain], ...small });
    const margin = { name: 'margin', config: acl(0.3), skill: 0.5 };
    const { runs: otherClasses } = await writeFixtureSweep({
      root: join(root, 'classes'),
      systems: [margin],
      ...small,
      classNames: ['a', 'b'],
    });
    await refused([...own, ...otherClasses], /runs that are compared must be of one dataset/);
    const { runs: otherClips } = await writeFixtureSweep({ root: join(root, 'clips'), systems: [margin], ...small, clipsPerClass: 4 });
    await refused([...own, ...otherClips], /must be tested on the same clips, got/);
    const { runs: otherFrontEnd } = await writeFixtureSweep({
      root: join(root, 'ears'),
      systems: [margin],
      ...small,
      frontEndHash: 'ffff',
    });
    await refused([...own, ...otherFrontEnd], /must have one front end/);
  });
});
