import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { setBackend } from '../src/backend/setBackend.js';
import { tone } from './data/syntheticData.js';
import { saveSmallModel } from './model/smallModel.js';

import { temporaryFolder } from './support/temporaryFolder.js';
import { toneFrontEnd } from './train/toneStore.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = temporaryFolder();

it('the HTTP service of docs/embeddings.md answers uploads, several at once, with embeddings, and what is no sound with an error', async () => {
  await setBackend({ backend: 'wasm' });
  const model = await saveSmallModel(folder, { frontEnd: { ...toneFrontEnd } });
  const program = /```js\n(\/\/ service\.mjs[\s\S]*?)```/.exec(readFileSync(`${root}docs/embeddings.md`, 'utf8'))?.[1] ?? '';
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, 'service.mjs', model, '0'], { cwd: root });
  try {
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
    });
    const [line] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => [said])]);
    const port = /port (\d+)/.exec(String(line))?.[1];
    expect(port, String(line)).toBeDefined();
    const post = async (body: Uint8Array | string) => {
      const response = await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: body as string });
      return { status: response.status, ...((await response.json()) as { dim?: number; embedding?: number[]; error?: string }) };
    };
    const answers = await Promise.all([300, 900, 300].map((hertz) => post(tone(hertz, 0.6))));
    expect(answers.map(({ status, dim, embedding }) => [status, dim, embedding?.length])).toEqual([1, 2, 3].map(() => [200, 512, 512]));
    expect(answers[2].embedding).toEqual(answers[0].embedding);
    expect(answers[1].embedding).not.toEqual(answers[0].embedding);
    expect(await post('no sound')).toMatchObject({ status: 400, error: expect.stringMatching(/bytes/) });
  } finally {
    child.kill();
  }
});
