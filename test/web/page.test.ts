import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clipLogMel } from '../../src/audio/clipLogMel.js';
import { type FrontEnd, resolveFrontEnd } from '../../src/audio/frontEnd.js';
import { melFilterBank } from '../../src/audio/melFilterBank.js';
import { readAudio } from '../../src/audio/readAudio.js';
import { setBackend } from '../../src/backend/setBackend.js';
import { type ClassifiedRecording, classifyRecordings } from '../../src/classify/classifyRecordings.js';
import { embed } from '../../src/embed/embed.js';
import { embedToFile } from '../../src/embed/embedToFile.js';
import { findRecordings } from '../../src/embed/findRecordings.js';
import { readEmbeddings } from '../../src/embed/readEmbeddings.js';
import { writeEmbeddings } from '../../src/embed/writeEmbeddings.js';
import { exportModel } from '../../src/export/exportModel.js';
import { readRuntime } from '../../src/export/web/readRuntime.js';
import { loadModel, type Model } from '../../src/model/loadModel.js';
import { flacFile } from '../audio/decode/flacFile.js';
import { tone } from '../data/syntheticData.js';
import { saveSmallModel } from '../model/smallModel.js';
import { type ChromiumPage, chromium, openPage } from '../support/chromiumPage.mjs';
import { codeBlocks } from '../support/pages.js';
import { temporaryFolder } from '../support/temporaryFolder.js';
import { testData } from '../support/testData.js';

const folder = temporaryFolder();
const sounds = join(folder, 'sounds');
const embeddings = join(folder, 'rows.npz');
const out = join(folder, 'page');
const clips = ['1-100032-A.ogg', '1-110389-A.ogg', '1-116765-A.ogg'];
const classNames = ['bark', 'rain', '<b>crow</b>'];
let model: Model;
let frontEnd: FrontEnd;

beforeAll(async () => {
  await setBackend({ backend: 'wasm' });
  mkdirSync(sounds);
  for (const clip of clips) copyFileSync(fileURLToPath(new URL(`../../data/esc10/audio/${clip}`, import.meta.url)), join(sounds, clip));
  frontEnd = resolveFrontEnd({ preset: 'acl' });
  const path = await saveSmallModel(folder, {
    encoder: { name: 'resnet18', width: 16 },
    frontEnd: { ...frontEnd },
    patchFrames: 101,
    patchHop: 100,
    classNames,
    withClassifier: true,
  });
  model = await loadModel(path);
  await embedToFile({ model, recordings: await findRecordings([sounds]), out: embeddings, format: 'npz', per: 'clip', numWorkers: 1 });
  await exportModel({ model, format: 'web', out, options: { embeddings, audio: sounds } });
});
afterAll(() => model?.dispose());

/** Samples that both sides can make to the last bit. */
function noise(length: number): Float32Array {
  let state = 1;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state / 2 ** 32 - 0.5;
  });
}

describe.skipIf(chromium === undefined)('the page of export --format web, opened as a file', () => {
  let page: ChromiumPage;
  beforeAll(async () => {
    writeFileSync(join(folder, 'spoken.wav'), tone(1000, 3));
    page = await openPage(pathToFileURL(join(out, 'index.html')).href, {
      ...{ width: 1000, height: 700 },
      flags: [
        ...['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'],
        `--use-file-for-fake-audio-capture=${join(folder, 'spoken.wav')}`,
      ],
    });
    await page.until("document.getElementById('status').textContent === 'Ready.'");
    await page.evaluate('audiossl.loadEncoder().then((loaded) => { globalThis.encoder = loaded; })');
  });
  afterAll(() => page.close());

  const text = (id: string) => page.evaluate<string>(`document.getElementById('${id}').textContent`);
  const isShown = (id: string) => page.evaluate<boolean>(`!document.getElementById('${id}').hidden`);
  const drop = async (content: string, name: string) => {
    await page.evaluate(`(() => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([${content}], ${JSON.stringify(name)}));
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
    })()`);
    await page.until(
      `!document.getElementById('problem').hidden || document.getElementById('name').textContent === ${JSON.stringify(name)}`,
    );
  };

  it('hears a real clip as Node.js does: log-mel, embedding, classes and neighbours', async () => {
    const [clip] = clips;
    await page.chooseFile('#file', join(sounds, clip));
    await page.until(`document.getElementById('name').textContent === '${clip}'`);
    const there = await page.evaluate<{ logMel: number[]; embedding: number[]; probabilities: number[] }>(`
      encoder.embed(document.getElementById('file').files[0]).then(({ logMel, embedding, probabilities }) =>
        ({ logMel: [...logMel.data], embedding: [...embedding], probabilities: [...probabilities] }))`);
    const here = clipLogMel(await readAudio(join(sounds, clip)), frontEnd);
    const scale = Math.max(...here.data.map(Math.abs));
    // The same code, but for the native loops and their own logarithm.
    expect(Float32Array.from(there.logMel)).toBeAllClose(here.data, { rtol: 0, atol: 1e-5 * scale });

    const paths = clips.map((name) => join(sounds, name));
    const { h, dim } = await embed({ model, paths, numWorkers: 1 });
    const rows = clips.map((_, i) => h.subarray(i * dim, (i + 1) * dim));
    expect(Float32Array.from(there.embedding)).toBeAllClose(rows[0], { rtol: 0, atol: 1e-4 * Math.max(...rows[0].map(Math.abs)) });

    const classified: ClassifiedRecording[] = [];
    await classifyRecordings({
      ...{ model, recordings: await findRecordings([paths[0]]), top: 3, numWorkers: 1 },
      onRecording: async (recording) => void classified.push(recording),
    });
    const expected = classified[0].sounds.map(({ label, probability }) => [label, probability] as const);
    for (const [label, probability] of expected) expect(there.probabilities[classNames.indexOf(label)]).toBeCloseTo(probability, 4);
    expect(await text('classes')).toBe(expected.map(([label, probability]) => `${label}${(100 * probability).toFixed(1)} %`).join(''));

    const cosine = (a: Float32Array, b: Float32Array) =>
      a.reduce((sum, value, i) => sum + value * b[i], 0) / Math.hypot(...a) / Math.hypot(...b);
    const nearest = clips.map((name, i) => [name, cosine(rows[0], rows[i])] as const).sort((a, b) => b[1] - a[1]);
    expect(await text('nearest')).toBe(nearest.map(([name, similarity]) => `Play${name}${similarity.toFixed(3)}`).join(''));
    expect(nearest[0][0]).toBe(clip);
    expect(await text('facts')).toMatch(/^5\.00 s, mono, 22,050 Hz; Ogg Vorbis, decoded as in Node\.js\.$/);

    const played = await page.evaluate<number>(`new Promise((resolve, reject) => {
      document.querySelectorAll('#nearest button')[1].click();
      const audio = document.getElementById('other');
      audio.onloadedmetadata = () => resolve(audio.duration);
      audio.onerror = () => reject(new Error('cannot be played'));
    })`);
    expect(played).toBeCloseTo(5, 1);
  });

  it('resamples two channels of another rate as Node.js does', async () => {
    const [logMel, rate] = await page.evaluate<[number[], number]>(`(async () => {
      const made = (${noise})(2 * 60000);
      const { logMel, sound } = await encoder.embed({ samples: [made.slice(0, 60000), made.slice(60000)], sampleRate: 48000 });
      return [[...logMel.data], sound.sampleRate];
    })()`);
    const made = noise(2 * 60000);
    const here = clipLogMel({ channels: [made.slice(0, 60000), made.slice(60000)], sampleRate: 48000 }, frontEnd);
    expect(rate).toBe(48000);
    expect(Float32Array.from(logMel)).toBeAllClose(here.data, { rtol: 0, atol: 1e-5 * Math.max(...here.data.map(Math.abs)) });
  });

  it('records: what is before the microphone is seen in its band', async () => {
    await page.evaluate("document.getElementById('record').click()");
    await page.until("/^Stop .[2-9]/.test(document.getElementById('record').textContent)");
    await page.evaluate("document.getElementById('record').click()");
    await page.until("document.getElementById('name').textContent.startsWith('Recording')");
    expect(await text('facts')).toMatch(/^[\d.]+ s, mono, [\d,]+ Hz( resampled to 22,050 Hz)?; as recorded\.$/);
    const brightest = await page.evaluate<number>(`(() => {
      const canvas = document.getElementById('logMel');
      const { data } = canvas.getContext('2d').getImageData(Math.floor(canvas.width / 2), 0, 1, canvas.height);
      const levels = Array.from({ length: canvas.height }, (_, y) => data[4 * y] + data[4 * y + 1] + data[4 * y + 2]);
      return canvas.height - 1 - levels.indexOf(Math.max(...levels));
    })()`);
    const centres = melFilterBank(frontEnd).edges.slice(1, -1);
    const wanted = centres.reduce((best, hz, mel) => (Math.abs(hz - 1000) < Math.abs(centres[best] - 1000) ? mel : best), 0);
    expect(Math.abs(brightest - wanted)).toBeLessThanOrEqual(1);
  });

  it('says what is wrong with a file, or odd, and goes on', async () => {
    await drop('"just some words, not a sound"', 'notes.wav');
    expect(await text('problem')).toMatch(/notes\.wav: this is text, not audio: .*the browser cannot decode it either$/);
    expect(await isShown('result')).toBe(false);
    const wav = (name: string) => `Uint8Array.from(atob('${readFileSync(join(folder, name)).toString('base64')}'), (c) => c.charCodeAt(0))`;
    await drop(`${wav('spoken.wav')}.slice(0, 30000)`, 'cut.wav');
    expect(await text('problem')).toMatch(/cut\.wav: .*(cut off|damaged)/);
    writeFileSync(join(folder, 'short.wav'), tone(500, 0.3));
    await drop(wav('short.wav'), 'short.wav');
    expect(await isShown('problem')).toBe(false);
    expect(await text('notes')).toBe('Shorter than 1 s: repeated up to that.');
    const silent = new Uint8Array(44 + 60000);
    silent.set(readFileSync(join(folder, 'spoken.wav')).subarray(0, 40));
    new DataView(silent.buffer).setUint32(40, 60000, true);
    writeFileSync(join(folder, 'silent.wav'), silent);
    await drop(wav('silent.wav'), 'silent.wav');
    expect(await text('notes')).toContain('This sound is silent: its embedding says nothing about it.');
    const problems = await page.evaluate<string[]>(`Promise.all([
      { samples: new Float32Array(0), sampleRate: 22050 },
      { samples: new Float32Array(9000 * 1201), sampleRate: 9000 },
      { samples: Float32Array.of(0, NaN), sampleRate: 22050 },
    ].map((sound) => encoder.embed(sound).then(() => 'nothing', ({ message }) => message)))`);
    expect(problems[0]).toMatch(/the sound has no samples/);
    expect(problems[1]).toMatch(/up to 20 minutes, got 20\.0; cut it/);
    expect(problems[2]).toMatch(/samples must be finite/);
  });

  describe('from a server', () => {
    let server: Server;
    let address: string;
    beforeAll(async () => {
      server = createServer((request, response) => {
        const name = decodeURIComponent(new URL(request.url ?? '', 'http://x').pathname).replace(/\/$/, '/index.html');
        const types: Record<string, string> = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript' };
        if (!existsSync(join(folder, name))) response.writeHead(404).end();
        else
          response
            .writeHead(200, { 'content-type': types[extname(name)] ?? 'application/octet-stream' })
            .end(readFileSync(join(folder, name)));
      });
      await once(server.listen(0, '127.0.0.1'), 'listening');
      address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    afterAll(() => {
      server.closeAllConnections();
      server.close();
    });

    it('hears FLAC as Node.js does, and MP3 as near as two decoders are', async () => {
      await page.send('Page.navigate', { url: `${address}/page/` });
      await page.until(`location.protocol === 'http:' && document.getElementById('status')?.textContent === 'Ready.'`);
      await page.evaluate('audiossl.loadEncoder().then((loaded) => { globalThis.encoder = loaded; })');
      const integers = Array.from(noise(12_000), (value, n) => Math.round(9000 * (value + Math.sin(n / 5))));
      writeFileSync(join(folder, 'made.flac'), flacFile({ channels: [integers], bits: 16, sampleRate: 8000 }));
      const made = { path: join(folder, 'made.flac'), facts: '1.50 s, mono, 8,000 Hz resampled to 22,050 Hz; FLAC, 16-bit, decoded as in Node.js.', isOurs: true }; // biome-ignore format: one line
      const odd = testData('odd_audio');
      // Not every build of Chromium knows MP3.
      const canMp3 = await page.evaluate<boolean>(`document.createElement('audio').canPlayType('audio/mpeg') !== ''`);
      const mp3 = { path: join(odd ?? '', 'derived', 'mp3.mp3'), facts: '1.50 s, mono, 44,100 Hz resampled to 22,050 Hz; MP3, decoded by the browser.', isOurs: false }; // biome-ignore format: one line
      for (const { path, facts, isOurs } of [made, ...(odd && canMp3 ? [mp3] : [])]) {
        await page.chooseFile('#file', path);
        await page.until(`document.getElementById('name').textContent === '${basename(path)}'`);
        expect(await text('facts')).toBe(facts);
        expect(await isShown('problem')).toBe(false);
        const there = await page.evaluate<number[]>(
          `encoder.embed(document.getElementById('file').files[0]).then(({ logMel }) => [...logMel.data])`,
        );
        const here = clipLogMel(await readAudio(path), frontEnd).data;
        expect(there.length).toBe(here.length);
        const differences = here.map((value, i) => Math.abs(value - there[i]));
        const loudest = here.reduce((a, b) => Math.max(a, b));
        // Two decoders of MP3 round differently, which is seen where there is next to nothing: 30 dB below the loudest bin and more.
        const loud = differences.filter((_, i) => here[i] > loudest - 3);
        expect(Math.max(...(isOurs ? differences : loud))).toBeLessThan(isOurs ? 1e-5 * Math.max(...here.map(Math.abs)) : 0.01);
      }
    });

    it.each([
      ['README.md', ['embedding.length']],
      ['docs/export.md', ['embedding.length', 'logMel.nMels', 'probabilities.length']],
    ])('serves the page of %s, whose program gets what the page has', async (name, results) => {
      const [{ text: shown }] = codeBlocks('html').filter((block) => block.page === name);
      const given = `<script>const file = new Promise((resolve) => { globalThis.give = resolve; })</script>`;
      const program = shown
        .replaceAll('sounds-like/', 'page/')
        .replace('.embed(file)', '.embed(await file)')
        .replace(/(const \{ embedding.*\n)/, `$1  globalThis.got = [${results}];\n`);
      writeFileSync(join(folder, 'shown.html'), `<!doctype html>${given}${program}`);
      await page.send('Page.navigate', { url: `${address}/shown.html` });
      await page.until("globalThis.give && location.pathname === '/shown.html'");
      await page.evaluate(`give({ samples: (${noise})(30000), sampleRate: 22050 })`);
      await page.until('globalThis.got');
      const expected = [model.encoder.embeddingSize, frontEnd.nMels, classNames.length].slice(0, results.length);
      expect(await page.evaluate('got')).toEqual(expected);
    });
  });
});

describe('export --format web', () => {
  it('writes a folder that names no other machine, and no script of which a label can become a part', () => {
    const files = readdirSync(out, { recursive: true, encoding: 'utf8' }).sort();
    const expected = ['audiossl.js', 'card.md', 'index.html', 'page.js', 'parts/facts-0.js', 'parts/runtime-0.js', 'sounds/0.ogg'];
    expect(files).toEqual(expect.arrayContaining(expected.map((file) => join(...file.split('/')))));
    expect(readFileSync(join(out, 'index.html'), 'utf8')).not.toMatch(/https?:|<script>/);
    expect(readFileSync(join(out, 'card.md'), 'utf8')).toMatch(/^# Model card: page\n/);
  });

  it('refuses rows, sounds and probes that do not belong together, and says what to install', async () => {
    const other = await loadModel(await saveSmallModel(folder, { name: 'other.safetensors', frontEnd: { ...frontEnd }, patchFrames: 64 }));
    const write = (options: object, of = model) => exportModel({ model: of, format: 'web', out: join(folder, 'refused'), options });
    await expect(write({ embeddings }, other)).rejects.toThrow(/the rows of .*rows\.npz must be of the model/);
    await expect(write({ audio: sounds })).rejects.toThrow(/`audio` has the sounds of `embeddings` FILE; give both/);
    await expect(write({ embeddings, audio: join(folder, 'page') })).rejects.toThrow(/none of the recordings of .* is in `audio`/);
    // From the folder beside they would be found, were names that lead out of it followed.
    const file = await readEmbeddings(embeddings);
    const leading = join(folder, 'leading.npz');
    await writeEmbeddings(leading, 'npz', { ...file, ids: file.ids.map((id) => `../sounds/${id}`) }, file.meta);
    await file.close();
    await expect(write({ embeddings: leading, audio: join(folder, 'page') })).rejects.toThrow(/none of the recordings of .* is in `audio`/);
    await expect(write({ probe: model.checkpoint?.path })).rejects.toThrow(/is no kept probe/);
    await expect(write({ waveform: true })).rejects.toThrow(/`format` web does not take `waveform`/);
    await expect(readRuntime([folder])).rejects.toThrow(
      /^export: `format` web needs the package onnxruntime-web \(.*\); npm install onnxruntime-web@/,
    );
    expect(readdirSync(folder).filter((name) => name.includes('refused'))).toEqual([]);
    other.dispose();
  });
});
