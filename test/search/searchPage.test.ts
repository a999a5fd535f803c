import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeAudio } from '../../src/audio/decodeAudio.js';
import { resolveFrontEnd } from '../../src/audio/frontEnd.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { registerSearch } from '../../src/cli/search.js';
import { writeEmbeddings } from '../../src/embed/writeEmbeddings.js';
import { spanText } from '../../src/search/searchPage.js';
import { inProcess, runHere } from '../cli/runInProcess.js';
import { tone, wav } from '../data/syntheticData.js';
import { expectSound } from '../report/expectSound.js';
import { chromium, openPage } from '../support/chromiumPage.mjs';
import { temporaryFolder } from '../support/temporaryFolder.js';

const folder = temporaryFolder();
const recordings = join(folder, 'my sounds');
const hostile = '<img src=x onerror=alert(1)>.wav';
/** Recordings of a file, which a hostile hand made: some are not there, one is none, one leads out of the folder. */
const names = ['a.wav', 'low/b.wav', 'gone.wav', 'text.wav', '../secret.wav', hostile];
const vectors = names.map((_, i) => [Math.cos(0.1 * i), Math.sin(0.1 * i)]);
const audiossl = inProcess(registerSearch);
const frontEnd = resolveFrontEnd({ preset: 'acl', nMels: 24, minSeconds: 0.2 });
/** Rows of 50 frames each 25: their centres by hand. */
const frame = frontEnd.hopLength / frontEnd.sampleRate;
const patchFrames = 50;
const starts = [0, 0.5, 1, 1.5].map((seconds) => Math.round(seconds / frame) * frame);

interface Result {
  query: string;
  neighbours: { row: number; clip: string; similarity: number }[];
}

async function save(
  path: string,
  ids: readonly string[],
  rows: readonly number[][],
  meta: Record<string, unknown>,
  times: readonly number[] = [],
) {
  const timestamps = Float64Array.from(ids, (_, i) => times[i] ?? 0);
  const readRows = async (first: number, count: number) => Float32Array.from(rows.slice(first, first + count).flat());
  await writeEmbeddings(path, 'npz', { dim: 2, ids, timestamps, readRows }, meta);
  return path;
}

/** Searches and writes a page of it; gives what was printed and the page. */
async function search(file: string, name: string, ...args: string[]): Promise<{ results: Result[]; html: string; page: string }> {
  const out = join(folder, name);
  const printed = await audiossl('search', '--embeddings', file, '--page', out, '--backend', 'cpu', '--json', ...args);
  const page = join(out, 'index.html');
  return { results: JSON.parse(printed) as Result[], html: await readFile(page, 'utf8'), page };
}

const cardsOf = (html: string) => html.split('<li class="clip-card"').slice(1);
const textOf = (part: string) =>
  part
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>');

let clips: string;
let patches: string;
beforeAll(async () => {
  await setBackend({ backend: 'cpu' });
  await mkdir(join(recordings, 'low'), { recursive: true });
  for (const [i, name] of ['a.wav', 'low/b.wav', '../secret.wav', hostile].entries())
    await writeFile(join(recordings, name), tone(300 + 500 * i, 2));
  await writeFile(join(recordings, 'text.wav'), 'no recording');
  clips = await save(join(folder, 'clips.npz'), names, vectors, { per: 'clip', frontEnd });
  const ids = ['a.wav', 'a.wav', 'low/b.wav', 'low/b.wav'];
  const centres = starts.map((start) => 1000 * (start + ((patchFrames - 1) / 2) * frame));
  patches = await save(join(folder, 'patches.npz'), ids, vectors.slice(0, 4), { per: 'patch', frontEnd, patchFrames }, centres);
});

describe('the page of search', () => {
  it('holds what search printed, in its order, each with picture and sound of its own, below the question', async () => {
    const { results, html } = await search(clips, 'all', '--audio', recordings, '--query', 'a.wav', '5');
    expect(results).toHaveLength(2);
    expectSound(html);
    const sections = html.split('<section ').slice(1);
    expect(sections.map((section) => textOf(/<h2.*?<\/h2>/.exec(section)?.[0] ?? '').trim())).toEqual(results.map(({ query }) => query));
    for (const [i, section] of sections.entries()) {
      const [asked, ...cards] = cardsOf(section);
      expect(asked).toMatch(/<img src="data:image\/png;base64,[^"]+" width="20\d" height="24"/);
      expect(asked).toContain('<audio');
      const shown = cards.map((card) => {
        const [, rank, similarity, row] = /^.*? (\d+)\. .*? (-?\d\.\d{4}) .*?row (\d+)/.exec(textOf(card)) ?? [];
        return { rank: Number(rank), similarity, row: Number(row) };
      });
      expect(shown).toEqual(
        results[i].neighbours.map(({ row, similarity }, rank) => ({ rank: rank + 1, similarity: similarity.toFixed(4), row })),
      );
      for (const [rank, { clip }] of results[i].neighbours.entries()) {
        expect(textOf(cards[rank])).toContain(clip);
        const isThere = ['a.wav', 'low/b.wav', hostile].includes(clip);
        expect(cards[rank].includes('<img')).toBe(isThere);
        const bytes = isThere ? (await readFile(join(recordings, clip))).toString('base64') : undefined;
        expect(/src="data:audio\/wav;base64,([^"#]*)"/.exec(cards[rank])?.[1]).toBe(bytes);
      }
    }
  });

  it('tells where they would stand what is missing, what is broken, and what leads out of the folder', async () => {
    const { results, html } = await search(clips, 'odd', '--audio', recordings, '--query', 'a.wav');
    const [, ...cards] = cardsOf(html);
    const cardOf = (name: string) => textOf(cards[results[0].neighbours.findIndex(({ clip }) => clip === name)]);
    expect(cardOf('gone.wav')).toContain(`The recording is not at ${join(recordings, 'gone.wav')}.`);
    expect(cardOf('text.wav')).toMatch(/It cannot be heard: .*text\.wav/);
    expect(cardOf('../secret.wav')).toContain('Its name leads out of');
    expect(html).not.toContain((await readFile(join(folder, 'secret.wav'))).toString('base64').slice(0, 400));
    expect(html).not.toContain('<img src=x');
    const elsewhere = await search(clips, 'elsewhere', '--audio', join(recordings, 'low'), '--query', 'a.wav', '--top', '1');
    expect(textOf(elsewhere.html)).toContain('None of the recordings found is in');
  });

  it('is a list without a folder of recordings, and says how to hear them', async () => {
    const { results, html } = await search(clips, 'mute', '--query', '0');
    expectSound(html);
    expect(html).toContain('<code>--audio FOLDER</code>');
    expect(html).not.toMatch(/<audio|<img/);
    const rows = [...html.matchAll(/<tr><th scope="row">(.*?)<\/th><td class="n">(.*?)<\/td>/g)].map(([, id, score]) => [
      textOf(id).trim(),
      score,
    ]);
    expect(rows).toEqual(results[0].neighbours.map(({ clip, similarity }, i) => [`${i + 1}. ${clip}`, similarity.toFixed(4)]));
  });

  it.skipIf(chromium === undefined)(
    'shows a row of a patch, and its player begins where the row does and stops where it ends',
    async () => {
      const { html, page } = await search(patches, 'patches', '--audio', recordings, '--query', '0', '--self', '--top', '4');
      const [, ...cards] = cardsOf(html);
      expect(cards.map((card) => /#t=([\d.]+),([\d.]+)"/.exec(card)?.slice(1).map(Number))).toEqual(
        starts.map((start) => [start, start + patchFrames * frame].map((seconds) => expect.closeTo(seconds, 3))),
      );
      // 50 frames of sound have 51 when they are padded in their turn.
      for (const card of cards) expect(card).toMatch(/width="5[01]" height="24"/);
      expect(cards.map((card) => /(\d\.\d\d)–\d\.\d\d s/.exec(card)?.[1])).toEqual(starts.map((start) => start.toFixed(2)));
      const browser = await openPage(pathToFileURL(page).href, { width: 390, height: 800 });
      try {
        await browser.until("document.readyState === 'complete' && [...document.querySelectorAll('audio')].every(({ readyState }) => readyState > 0)"); // biome-ignore format: one line
        const times = await browser.evaluate<number[]>("[...document.querySelectorAll('ol audio')].map(({ currentTime }) => currentTime)");
        expect(times).toBeAllClose(starts, { rtol: 0, atol: 0.002 });
        expect(await browser.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
        const ended = await browser.evaluate<number>(`new Promise((resolve) => {
        const audio = document.querySelectorAll('ol audio')[1];
        audio.onpause = () => resolve(audio.currentTime);
        audio.play();
      })`);
        // A browser looks at the clock a few times a second; the recording itself ends at 2 s.
        expect(Math.abs(ended - starts[1] - patchFrames * frame)).toBeLessThan(0.35);
      } finally {
        await browser.close();
      }
    },
  );

  it('has of a large recording the stretch alone, and from it on a little more', async () => {
    // 30 s of 16 bits are more than a megabyte. A tone that rises by 100 Hz a second tells where in it one is.
    const rate = 22_050;
    const sample = (n: number) => 0.5 * Math.sin((2 * Math.PI * 50 * n * n) / rate / rate);
    await writeFile(join(recordings, 'long.wav'), wav(30 * rate, sample));
    const numFrames = Math.round(2 / frame);
    const begin = 2000 * frame;
    const meta = { per: { window: 2, hop: 1 }, frontEnd, patchFrames };
    const times = [0, 1000 * (begin + ((numFrames - 1) / 2) * frame)];
    const file = await save(join(folder, 'long.npz'), ['long.wav', 'long.wav'], vectors.slice(0, 2), meta, times);
    const { html } = await search(file, 'long', '--audio', recordings, '--query', '1', '--self', '--top', '1');
    const [, card] = cardsOf(html);
    const [, base64, fragment] = /src="data:audio\/wav;base64,([^"#]*)([^"]*)"/.exec(card) ?? [];
    expect(fragment).toBe('#t=0,2');
    expect(html).toContain('Of large recordings the page has the stretch alone, 10 s or more');
    const { channels, sampleRate } = await decodeAudio(Buffer.from(base64, 'base64'));
    expect([sampleRate, channels[0].length]).toEqual([rate, 10 * rate]);
    const expected = Float32Array.from({ length: 10 * rate }, (_, i) => sample(Math.round(begin * rate) + i));
    // 16 bits, rounded once here and once by the page.
    expect(channels[0]).toBeAllClose(expected, { rtol: 0, atol: 7e-5 });
  });

  it('says how to find more where there is nothing but the question, and what of it cannot be heard', async () => {
    const one = await save(join(folder, 'one.npz'), ['gone.wav'], [[1, 0]], { per: 'clip' });
    const { results, html } = await search(one, 'one', '--audio', recordings, '--query', '0');
    expect(results[0].neighbours).toEqual([]);
    expect(textOf(html)).toMatch(/The recording is not at .*gone\.wav\. +Nothing but the recording itself is in the file; with --self /);
    const { stderr } = await runHere(['search', '--embeddings', clips, '--query', '0', '--page', join(folder, 'told'), '--audio', recordings, '--backend', 'cpu']); // biome-ignore format: one line
    expect(stderr).toContain(`index.html shows and plays them, but 3 of 5, whose recordings are missing or broken in ${recordings}\n`);
  });

  it.each<[string[], string]>([
    [['--audio', '.'], 'search: --audio has the sounds of --page FOLDER; give both, or leave --audio out'],
    [['--page', 'x', '--audio', 'nowhere'], 'search: --audio must be the folder of the recordings, got nowhere, which is not there'],
    [['--page', 'CLIPS'], 'must be a folder that can be written'],
  ])('refuses %j', async (args, message) => {
    const words = args.map((word) => (word === 'CLIPS' ? clips : word));
    await expect(audiossl('search', '--embeddings', clips, '--query', '0', ...words)).rejects.toThrow(message);
  });

  it('writes times as a reader reads them', () => {
    expect([spanText([0, 1.014]), spanText([59.5, 61]), spanText([3723.46, 3733.46])]).toEqual([
      '0.00–1.01 s',
      '0:59.5–1:01.0',
      '1:02:03.5–1:02:13.5',
    ]);
  });
});
