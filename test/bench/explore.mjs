#!/usr/bin/env node
// The page of `audiossl explore` under the hand: how long it paints its map, and whether frames come as they should, in headless Chromium
// (software rendering, 60 frames a second at best). Needs `npm run build` and an idle machine.
//
//     node test/bench/explore.mjs --points 20000 --moves 60
//
// The points lie in 12 clouds, in colours of their own. Moves the map, turns the wheel, draws around points and goes over them with the
// pointer, each in `moves` steps, one as soon as the page has taken the last. Prints of each a JSON line: milliseconds of the page's own
// painting (what it leaves in data-paint-ms) and from frame to frame meanwhile: median, 95 %, largest.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { groupColouring } from '../../dist/explore/colourings.js';
import { explorePage } from '../../dist/explore/explorePage.js';
import { Rng } from '../../dist/util/rng.js';
import { openPage } from '../support/chromiumPage.mjs';

const { values: options } = parseArgs({
  options: { points: { type: 'string', default: '20000' }, moves: { type: 'string', default: '60' } },
});
const [n, numMoves] = [Number(options.points), Number(options.moves)];
const folder = mkdtempSync(join(tmpdir(), 'audiossl-explore-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const rng = new Rng({ seed: 0, purpose: 'bench' });
const size = 32;
const positions = Float32Array.from({ length: 2 * n }, (_, i) => 6 * Math.sin(((i >> 1) % 12) * (1.3 + (i % 2))) + rng.normal());
const labels = Array.from({ length: n }, (_, i) => `class ${i % 12}`);
const html = explorePage({
  ...{ title: `${n} points`, ids: labels.map((label, i) => `${label}/recording-${i}.wav`), labels, positions, axes: ['1', '2'], version: '' },
  components: { data: Float32Array.from({ length: size * n }, () => rng.normal()), size, share: 1 },
  colourings: [groupColouring('class', labels)],
  ...{ sounds: labels.map(() => undefined), hasPictures: false, notes: [] },
});
writeFileSync(join(folder, 'index.html'), html);

const [width, height] = [1280, 800];
const page = await openPage(pathToFileURL(join(folder, 'index.html')).href, { width, height });
try {
  await page.until("document.getElementById('map')?.dataset.paintMs");
  const [x, y, w, h] = await page.evaluate(
    "(({ left, top, width, height }) => [left + width / 2, top + height / 2, width, height])(document.getElementById('map').getBoundingClientRect())",
  );
  await page.evaluate(`(() => {
    const map = document.getElementById('map');
    globalThis.paints = [];
    globalThis.frames = [];
    const tick = (time) => { frames.push(time); requestAnimationFrame(tick); };
    requestAnimationFrame(tick);
    new MutationObserver(() => paints.push(Number(map.dataset.paintMs))).observe(map, { attributeFilter: ['data-paint-ms'] });
  })()`);
  const pointer = (type, at, more = {}) =>
    page.send('Input.dispatchMouseEvent', { type, x: x + at[0], y: y + at[1], button: 'left', buttons: 1, clickCount: 1, ...more });
  // What comes when the button is let go, such as the list of what was drawn around, is `afterMs`, two frames included.
  /** Two frames: the first paints, the second begins when the browser has shown it. */
  const shown = () => page.evaluate('new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))');
  const circle = (i, part = 0.35) => [part * w * Math.cos((2 * Math.PI * i) / numMoves), part * h * Math.sin((2 * Math.PI * i) / numMoves)];

  async function measure(what, step, { before, after } = {}) {
    await before?.();
    await shown();
    await page.evaluate('paints.length = frames.length = 0');
    for (let i = 0; i < numMoves; i++) await step(i);
    await shown();
    const { paints, frames } = await page.evaluate('({ paints, frames: frames.slice(1).map((time, i) => time - frames[i]) })');
    const start = performance.now();
    await after?.();
    await shown();
    const afterMs = after === undefined ? undefined : round(performance.now() - start);
    console.log(JSON.stringify({ what, points: n, numPaints: paints.length, paintMs: spread(paints), frameMs: spread(frames), afterMs }));
  }

  const shift = { modifiers: 8 };
  await measure('pan', (i) => pointer('mouseMoved', circle(i, 0.1)), {
    before: () => pointer('mousePressed', circle(0, 0.1)),
    after: () => pointer('mouseReleased', circle(numMoves - 1, 0.1)),
  });
  await measure('zoom', (i) => pointer('mouseWheel', [0, 0], { button: 'none', buttons: 0, deltaX: 0, deltaY: i < numMoves / 2 ? -30 : 30 }));
  await page.evaluate("document.getElementById('home').click()");
  await measure('lasso', (i) => pointer('mouseMoved', circle(i), shift), {
    before: () => pointer('mousePressed', circle(0), shift),
    after: () => pointer('mouseReleased', circle(numMoves - 1), shift),
  });
  console.log(JSON.stringify({ what: 'lasso', listed: await page.evaluate("document.getElementById('listTitle').textContent") }));
  await measure('point at', (i) => pointer('mouseMoved', circle(i), { button: 'none', buttons: 0 }));
} finally {
  await page.close();
}

function round(value) {
  return Number(value.toFixed(1));
}

function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN);
  return { median: at(0.5), p95: at(0.95), largest: at(1) };
}
