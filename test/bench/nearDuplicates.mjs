#!/usr/bin/env node
// How many copies `data check --near-duplicates` finds: every fourth of the bundled recordings goes through rates, levels, cuts and codecs
// by ffmpeg, all are checked together with all 398, and a line a kind says how many were found beside their source.
//     node test/bench/nearDuplicates.mjs
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const audio = join(root, 'data/esc10/audio');
const kinds = {
  '44.1-kHz': ['wav', '-ar', '44100'],
  '16-kHz': ['wav', '-ar', '16000'],
  '8-kHz': ['wav', '-ar', '8000'],
  'minus-12-dB': ['wav', '-af', 'volume=-12dB'],
  'late-by-0.37-s': ['wav', '-af', 'adelay=370:all=1'],
  'cut-0.7-to-3.2-s': ['wav', '-ss', '0.7', '-t', '2.5'],
  'mp3-128': ['mp3', '-b:a', '128k'],
  'mp3-64': ['mp3', '-b:a', '64k'],
  'vorbis-q3': ['ogg', '-c:a', 'libvorbis', '-q:a', '3'],
  'opus-64': ['opus', '-ar', '48000', '-b:a', '64k'],
  'opus-24': ['opus', '-ar', '48000', '-b:a', '24k'],
};

const dir = mkdtempSync(join(tmpdir(), 'audiossl-near-'));
try {
  const names = readdirSync(audio).sort();
  const sources = names.filter((_, i) => i % 4 === 0);
  for (const name of names) copyFileSync(join(audio, name), join(dir, name));
  for (const name of sources) {
    const outputs = Object.entries(kinds).flatMap(([kind, [ending, ...options]]) => [
      ...options,
      join(dir, `${kind}_${name.slice(0, -4)}.${ending}`),
    ]);
    execFileSync('ffmpeg', ['-v', 'error', '-nostdin', '-i', join(audio, name), ...outputs]);
  }
  const args = ['data', 'check', dir, '--near-duplicates', '--json', '--format', 'unlabelled'];
  const output = execFileSync(process.execPath, [join(root, 'dist/bundle/cli/main.js'), ...args], { stdio: ['ignore', 'pipe', 'ignore'], maxBuffer: 2 ** 30 });
  const { nearDuplicates, duplicates, notCompared } = JSON.parse(output);
  const sourceOf = (id) => id.replace(/^.*_/, '').replace(/\.\w+$/, '');
  const kindOf = (id) => (id.includes('_') ? id.replace(/_.*/, '') : 'original');
  const pairs = [...nearDuplicates, ...duplicates.map(({ ids }) => ({ ids: ids.slice(0, 2) }))];
  for (const kind of Object.keys(kinds)) {
    const found = new Set(pairs.flatMap(({ ids }) => (sourceOf(ids[0]) === sourceOf(ids[1]) ? ids.filter((id) => kindOf(id) === kind) : [])));
    const silent = notCompared.filter((id) => kindOf(id) === kind).length;
    console.log(JSON.stringify({ kind, copies: sources.length, found: found.size, notCompared: silent }));
  }
  const others = new Set(pairs.filter(({ ids }) => sourceOf(ids[0]) !== sourceOf(ids[1])).map(({ ids }) => ids.map(sourceOf).sort().join(' ~ ')));
  console.log(JSON.stringify({ pairs: pairs.length, pairsOfOtherSources: [...others] }));
} finally {
  rmSync(dir, { recursive: true, force: true });
}
