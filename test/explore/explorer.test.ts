import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveFrontEnd } from '../../src/audio/frontEnd.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { registerData } from '../../src/cli/data.js';
import { buildFeatureStore } from '../../src/data/buildFeatureStore.js';
import type { Dataset } from '../../src/data/clip.js';
import { FeatureStore } from '../../src/data/FeatureStore.js';
import { loadDataset } from '../../src/data/loadDataset.js';
import { readEmbeddings } from '../../src/embed/readEmbeddings.js';
import { writeEmbeddings } from '../../src/embed/writeEmbeddings.js';
import { groupColouring } from '../../src/explore/colourings.js';
import { explorePage } from '../../src/explore/explorePage.js';
import { smallPicture } from '../../src/explore/pictureFiles.js';
import { writeExplorer } from '../../src/explore/writeExplorer.js';
import { parseCsv } from '../../src/util/csv.js';
import { inProcess } from '../cli/runInProcess.js';
import { folderWith, tone } from '../data/syntheticData.js';
import { saveSmallModel } from '../model/smallModel.js';
import { type ChromiumPage, chromium, openPage } from '../support/chromiumPage.mjs';
import { temporaryFolder } from '../support/temporaryFolder.js';

const folder = temporaryFolder();
const out = join(folder, 'map');
/** Ten recordings in two classes, one of a name that must not end the script; their embeddings lie on an arc in this order. */
const names = ['high/a.wav', 'high/b.wav', 'high/c.wav', 'high/d.wav', 'high/</script>.wav', ...[0, 1, 2, 3, 4].map((i) => `low/${i}.wav`)];
const vectors = names.map((_, i) => [1, Math.cos(0.15 * i), Math.sin(0.15 * i)]);
/** Cosines of unit rows seen from their mean, by a loop. */
function centredCosines(of: number): number[] {
  const unit = vectors.map((row) => row.map((value) => value / Math.hypot(...row)));
  const mean = unit[0].map((_, i) => unit.reduce((sum, row) => sum + row[i], 0) / unit.length);
  const rows = unit.map((row) => row.map((value, i) => value - mean[i]));
  return rows.map((row) => row.reduce((sum, value, i) => sum + value * rows[of][i], 0) / Math.hypot(...row) / Math.hypot(...rows[of]));
}
let data: string;
let store: FeatureStore;
let dataset: Dataset;

beforeAll(async () => {
  await setBackend({ backend: 'cpu' });
  const safe = names.filter((name) => !name.includes('script'));
  data = await folderWith(Object.fromEntries(safe.map((name, i) => [name, tone(name.startsWith('low') ? 300 : 3000, 0.5 + 0.05 * i)])));
  dataset = await loadDataset(data);
  const frontEnd = resolveFrontEnd({ preset: 'acl', nMels: 24, minSeconds: 0.5 });
  await buildFeatureStore({ dataset, frontEnd, out: `${data}-store`, numWorkers: 1 });
  store = await FeatureStore.open(`${data}-store`);
  const path = join(folder, 'e.npz');
  const table = {
    dim: 3,
    ids: names,
    timestamps: new Float64Array(names.length),
    readRows: async (first: number, count: number) => Float32Array.from(vectors.slice(first, first + count).flat()),
  };
  await writeEmbeddings(path, 'npz', table, { per: 'clip' });
  const file = await readEmbeddings(path);
  const scores = names.map((id, i) => ({ id, score: String(i) }));
  await writeExplorer({
    ...{ file, dataset, store, out, map: 'pca', numClusters: 2, seed: 0, sounds: 'copy', title: 'ten tones', version: '0' },
    tables: [{ file: 't.csv', table: { columns: ['id', 'score'], rows: scores } }],
  });
  await file.close();
});
afterAll(() => store.close());

/** What the page's button gives to be saved. */
const downloaded = (page: ChromiumPage) =>
  page.evaluate<string>(`(async () => {
    const create = URL.createObjectURL;
    const made = new Promise((resolve) => { URL.createObjectURL = (blob) => (resolve(blob.text()), create(blob)); });
    HTMLAnchorElement.prototype.click = () => {};
    document.getElementById('download').click();
    URL.createObjectURL = create;
    return made;
  })()`);

describe.skipIf(chromium === undefined)('the page of explore, opened as a file', () => {
  let page: ChromiumPage;
  beforeAll(async () => {
    page = await openPage(pathToFileURL(join(out, 'index.html')).href, { width: 1000, height: 700 });
    await page.until("document.getElementById('map')?.dataset.paintMs");
  });
  afterAll(() => page.close());

  const text = (id: string) => page.evaluate<string>(`document.getElementById('${id}').textContent`);
  /** Centres of what is drawn in the map, left to right, in the page's pixels: found in the picture, not asked of the page's own code. */
  const dots = () =>
    page.evaluate<[number, number][]>(`(() => {
      const map = document.getElementById('map');
      const { left, top } = map.getBoundingClientRect();
      const { width, height } = map;
      const pixels = map.getContext('2d').getImageData(0, 0, width, height).data;
      const seen = new Uint8Array(width * height);
      const found = [];
      for (let at = 0; at < width * height; at++) {
        const isDot = (i) => pixels[4 * i + 3] > 150 && Math.max(pixels[4 * i], pixels[4 * i + 1], pixels[4 * i + 2]) > 90;
        if (seen[at] || !isDot(at)) continue;
        const stack = [at]; seen[at] = 1; let [sx, sy, count] = [0, 0, 0];
        while (stack.length) {
          const i = stack.pop(); sx += i % width; sy += Math.floor(i / width); count++;
          for (const j of [i - 1, i + 1, i - width, i + width]) if (!seen[j] && isDot(j)) { seen[j] = 1; stack.push(j); }
        }
        found.push([left + sx / count, top + sy / count]);
      }
      return found.sort((a, b) => a[0] - b[0]);
    })()`);

  it('draws every row once and counts them', async () => {
    expect(await text('count')).toBe('10 points');
    expect(await dots()).toHaveLength(10);
    expect(await text('legend')).toContain('high (4)low (5)none (1)');
  });

  it('tells what the pointer is at: name, class, sound and log-mel', async () => {
    const places = await dots();
    const seen: string[] = [];
    for (const [x, y] of places) {
      await page.mouse('mouseMoved', x, y);
      seen.push(await text('name'));
    }
    const order = [...seen];
    expect([...seen].sort()).toEqual([...names].sort());
    // They lie in a row, from one end to the other.
    expect([order.join(), [...order].reverse().join()]).toContain(names.join());
    const last = order[9];
    expect(await text('label')).toBe(last.split('/')[0]);
    await page.until("document.getElementById('sound').src.includes('/sounds/')");
    const seconds = await page.evaluate<number>(`new Promise((resolve, reject) => {
      const audio = new Audio(document.getElementById('sound').src);
      audio.onloadedmetadata = () => resolve(audio.duration);
      audio.onerror = () => reject(new Error('cannot be played'));
    })`);
    const clip = store.clips.findIndex(({ id }) => id === last);
    expect(seconds).toBeCloseTo(store.clips[clip].numSamples / store.clips[clip].sampleRate, 2);
    await page.until("document.getElementById('picture').width === 96 || document.getElementById('picture').height === 24");
    const numFrames = store.clips[clip].numFrames;
    const [frames, packed] = smallPicture({ data: await store.readPatches([{ clip, start: 0 }], numFrames), numFrames, nMels: 24 });
    const bytes = Buffer.from(packed, 'base64');
    const brightest = await page.evaluate<number[]>(`(() => {
      const { width, height } = document.getElementById('picture');
      const pixels = document.getElementById('picture').getContext('2d').getImageData(0, 0, width, height).data;
      return Array.from({ length: width }, (_, t) => {
        const reds = Array.from({ length: height }, (_, m) => pixels[4 * ((height - 1 - m) * width + t)]);
        return reds.indexOf(Math.max(...reds));
      });
    })()`);
    const expected = Array.from({ length: frames }, (_, t) => {
      const levels = Array.from({ length: 24 }, (_, m) => {
        const i = t * 24 + m;
        return Math.min(10, i % 2 === 0 ? bytes[i >> 1] >> 4 : bytes[i >> 1] & 15); // the red channel is full from level 10 up
      });
      return levels.indexOf(Math.max(...levels));
    });
    expect(brightest).toEqual(expected);
  });

  it('goes from point to point with the keys, lists what sounds like one, marks, and gives a csv', async () => {
    const [first, second] = await dots();
    await page.mouse('mouseMoved', ...first);
    const from = await text('name');
    await page.evaluate("document.getElementById('map').focus()");
    await page.key('ArrowRight');
    const next = await text('name');
    await page.mouse('mouseMoved', ...second);
    expect(await text('name')).toBe(next);
    await page.mouse('mouseMoved', ...first);
    await page.key('s');
    const listed = await page.evaluate<string[]>("[...document.querySelectorAll('#list button')].map((button) => button.textContent)");
    expect(listed).toHaveLength(9);
    const cosines = centredCosines(names.indexOf(from));
    const nearestFirst = [...names.keys()].filter((i) => names[i] !== from).sort((a, b) => cosines[b] - cosines[a]);
    expect(next).toBe(names[nearestFirst[0]]);
    for (const [rank, i] of [0, 8].map((rank) => [rank, nearestFirst[rank]] as const)) {
      expect(listed[rank]).toContain(names[i]);
      // Two decimals of a cosine of rows in signed bytes.
      expect(Number(listed[rank].split(' ').at(-1))).toBeCloseTo(cosines[i], 1);
    }
    await page.key('m');
    await page.evaluate("document.querySelector('#list button').click()");
    await page.evaluate("document.getElementById('mark').click()");
    await page.evaluate("document.getElementById('mark').click()");
    await page.evaluate("document.getElementById('mark').click()");
    expect(await text('numMarked')).toBe('2');
    const csv = await downloaded(page);
    const marked = [from, next].sort((a, b) => names.indexOf(a) - names.indexOf(b));
    expect(csv).toBe(
      `filename,label\r\n${marked.map((name) => `${name},${name.includes('script') ? '' : name.split('/')[0]}`).join('\r\n')}\r\n`,
    );
  });

  it('gives a csv that data audit-labels reads in place of the folder, whatever else lies there', async () => {
    await page.evaluate("document.getElementById('home').click()");
    await page.evaluate("document.getElementById('map').focus()");
    await page.key('l');
    await page.evaluate("document.getElementById('markAll').click()");
    // As by hand: one taken back, two classes corrected.
    const kept = (await downloaded(page)).split('\r\n').filter((line) => !line.startsWith('low/3.wav'));
    await writeFile(join(data, 'marked.csv'), kept.join('\r\n').replace('high/a.wav,high', 'high/a.wav,low'));
    await writeFile(join(data, 'labels.csv'), 'filename,label\nlow/3.wav,other\n');
    const model = await saveSmallModel(folder, { frontEnd: { ...resolveFrontEnd({ preset: 'acl', nMels: 24, minSeconds: 0.5 }) } });
    const audit = join(folder, 'audit');
    const asked = ['data', 'audit-labels', '--model', model, '--data', join(data, 'marked.csv'), '--out', audit, '--backend', 'wasm'];
    await inProcess(registerData)(...asked, '--folds', '2', '--neighbours', '3');
    const { rows } = parseCsv(readFileSync(join(audit, 'labels.csv'), 'utf8'), 'labels.csv');
    const expected = names.filter((name) => name !== 'low/3.wav' && !name.includes('script'));
    expect(rows.map(({ id, label }) => `${id} ${label}`).sort()).toEqual(
      expected.map((name) => `${name} ${name === 'high/a.wav' ? 'low' : name.split('/')[0]}`).sort(),
    );
  });

  it('draws around points, filters by words, and colours by a column', async () => {
    await page.evaluate("document.getElementById('home').click()");
    const places = await dots();
    const middle = (places[4][0] + places[5][0]) / 2;
    const { left, top, bottom } = await page.evaluate<{ left: number; top: number; bottom: number }>(
      "(({ left, top, bottom }) => ({ left, top, bottom }))(document.getElementById('map').getBoundingClientRect())",
    );
    const corners: [number, number][] = [
      [left + 2, top + 2],
      [middle, top + 2],
      [middle, bottom - 2],
      [left + 2, bottom - 2],
      [left + 2, top + 3],
    ];
    await page.mouse('mousePressed', ...corners[0], 8);
    for (const corner of corners) await page.send('Input.dispatchMouseEvent', { type: 'mouseMoved', x: corner[0], y: corner[1], modifiers: 8, button: 'left', buttons: 1 }); // biome-ignore format: one line
    await page.mouse('mouseReleased', ...corners[4], 8);
    expect(await text('listTitle')).toBe('Drawn around (5)');
    await page.evaluate(
      "(() => { const find = document.getElementById('filter'); find.value = 'LOW 3'; find.dispatchEvent(new Event('input')); })()",
    );
    expect(await text('count')).toBe('1 of 10');
    await page.evaluate(
      "(() => { const find = document.getElementById('filter'); find.value = ''; find.dispatchEvent(new Event('input')); })()",
    );
    await page.evaluate(
      "(() => { const by = document.getElementById('colouring'); by.value = 'score'; by.dispatchEvent(new Event('change')); })()",
    );
    expect(await text('legend')).toBe('0 – 9');
  });
});

describe.skipIf(chromium === undefined)('the page of explore on a telephone in the dark, a row a patch', () => {
  const long = `${'a-very-long-folder-name-without-a-break_'.repeat(3)}/recording.wav`;
  const ids = [long, long, 'b.wav', 'c.wav'];
  let page: ChromiumPage;
  beforeAll(async () => {
    const html = explorePage({
      ...{ title: `map of ${long}`, ids, timesMs: [500, 1500, 500, 500], labels: [`label ${long}`, `label ${long}`, 'b', undefined] },
      ...{ positions: Float32Array.of(0, 0, 1, 0, 0, 1, 1, 1), axes: [`component 1 of ${long}`, 'component 2'], version: '0' },
      components: { data: Float32Array.of(1, 0, 0, 1, 1, 1, -1, 0), size: 2, share: 1 },
      colourings: [groupColouring('class', ids), groupColouring(`a column of ${long}`, ['x', 'y', undefined, long])],
      ...{ sounds: ids.map(() => 'sounds/0.wav'), hasPictures: true, notes: [`something about ${long}`] },
    });
    await writeFile(join(folder, 'narrow.html'), html);
    page = await openPage('about:blank', { width: 390, height: 844 });
    await page.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: 'dark' }] });
    await page.send('Page.navigate', { url: pathToFileURL(join(folder, 'narrow.html')).href });
    await page.until("document.getElementById('map')?.dataset.paintMs");
  });
  afterAll(() => page.close());

  /** What reaches beyond the window to the right, of all that is shown; and what has more in it than it shows and cannot be moved. */
  const overflowing = () =>
    page.evaluate<string[]>(`[...document.body.querySelectorAll('*')].filter((node) => {
      const { right, width } = node.getBoundingClientRect();
      const isCut = node.tagName !== 'SELECT' && node.scrollWidth > node.clientWidth + 1 && node.clientWidth > 0 && getComputedStyle(node).overflowX === 'visible' && getComputedStyle(node).display !== 'inline';
      return width > 0 && (right > document.documentElement.clientWidth + 0.5 || isCut);
    }).map((node) => node.outerHTML.slice(0, 80)).concat(document.documentElement.scrollWidth > document.documentElement.clientWidth ? ['the page'] : [])`);

  it('overflows nowhere, whatever the names and whatever is open', async () => {
    expect(await overflowing()).toEqual([]);
    await page.evaluate("document.getElementById('help').click()");
    await page.evaluate("document.getElementById('map').focus()");
    for (const key of ['ArrowRight', 's', 'm']) await page.key(key);
    expect(await page.evaluate("document.getElementById('one').hidden")).toBe(false);
    expect(await overflowing()).toEqual([]);
    await page.evaluate(
      "(() => { const by = document.getElementById('colouring'); by.selectedIndex = 1; by.dispatchEvent(new Event('change')); })()",
    );
    expect(await overflowing()).toEqual([]);
  });

  it('can be read in the dark: text 4.5 to 1, points 2 to 1 against what is behind them', async () => {
    // Relative luminance and contrast as WCAG 2 defines them.
    const contrasts = await page.evaluate<Record<string, number>>(`(() => {
      const rgb = (colour) => { const c = document.createElement('canvas').getContext('2d'); c.fillStyle = colour; c.fillRect(0, 0, 1, 1); return [...c.getImageData(0, 0, 1, 1).data]; };
      const light = (colour) => { const [r, g, b] = rgb(colour).map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4)); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
      const page = light(getComputedStyle(document.body).backgroundColor);
      const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      const texts = ['title', 'count', 'keys', 'notes', 'name', 'label'].map((id) => [id, ratio(light(getComputedStyle(document.getElementById(id)).color), page)]);
      const dots = [...document.querySelectorAll('#legend i')].map((dot, i) => ['dot ' + i, ratio(light(dot.style.background), page)]);
      return Object.fromEntries([['page', page], ...texts, ...dots]);
    })()`);
    const { page: light, ...others } = contrasts;
    expect(light).toBeLessThan(0.05);
    expect(Object.keys(others).filter((name) => name.startsWith('dot'))).toHaveLength(4);
    for (const [name, contrast] of Object.entries(others))
      expect({ name, isClear: contrast >= (name.startsWith('dot') ? 2 : 4.5) }).toEqual({ name, isClear: true });
  });

  it('writes a recording once, with the times that were marked in it', async () => {
    await page.evaluate("document.getElementById('home').click()");
    await page.evaluate("document.getElementById('map').focus()");
    await page.key('l');
    await page.evaluate("document.getElementById('markAll').click()");
    expect(await downloaded(page)).toBe(`filename,label,timesMs\r\n${long},label ${long},500 1500\r\nb.wav,b,500\r\nc.wav,,500\r\n`);
  });
});

describe('the files of explore', () => {
  it('are a page that asks no network for anything', () => {
    const html = readFileSync(join(out, 'index.html'), 'utf8');
    expect(html).not.toMatch(/https?:\/\//);
    expect(html.match(/<\/script>/g)).toHaveLength(2);
  });
});
