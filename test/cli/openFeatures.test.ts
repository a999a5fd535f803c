import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { resolveFrontEnd } from '../../src/audio/frontEnd.js';
import { openFeatures } from '../../src/cli/openFeatures.js';
import { folderWith, tone } from '../data/syntheticData.js';
import { wav } from '../support/wavFile.mjs';

test('features made on the way tell what was left out and what to look at, once', async () => {
  const data = await folderWith({
    'a/tone.wav': tone(300),
    'a/broken.wav': 'no audio',
    'b/high.wav': wav(44_100, (n) => (n % 2 === 0 ? 0.5 : -0.5), 44_100), // all of it at 22,050 Hz, above the front end's 10,500
  });
  const said: string[] = [];
  const spy = vi.spyOn(process.stderr, 'write').mockImplementation((text) => said.push(String(text)) > 0);
  const open = async () => {
    said.length = 0;
    const store = await openFeatures({ data, out: join(data, 'run'), format: 'auto', frontEnd: resolveFrontEnd() });
    await store.close();
    return said.join('');
  };
  try {
    const first = await open();
    expect(first).toMatch(/^rejected a\/broken\.wav: /m);
    expect(first).toMatch(/^warning b\/high\.wav: .*above 10500 Hz/m);
    expect(first).toMatch(/^features: .* \(built, 1 broken recording left out, see rejected\.csv\)$/m);
    expect(await open()).not.toMatch(/^(rejected|warning) /m);
  } finally {
    spy.mockRestore();
  }
});
