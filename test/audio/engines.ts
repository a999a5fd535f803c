import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from 'vitest';
import { chooseFrontEndEngine } from '../../src/audio/frontEndAddon.js';

const addon = fileURLToPath(new URL('../../native/build/frontEnd.node', import.meta.url));

/** Whether the addon is there; without it the tests that need it skip. */
export const hasNativeFrontEnd = existsSync(addon);

/** What this machine has, for `describe.each(frontEndEngines)('%s', (engine) => { useFrontEndEngine(engine); ... })`. */
export const frontEndEngines = (['typescript', 'native'] as const).filter((engine) => engine === 'typescript' || hasNativeFrontEnd);

/** Runs the tests of the describe block around it on one engine. */
export function useFrontEndEngine(engine: 'typescript' | 'native'): void {
  beforeAll(() => chooseFrontEndEngine(engine === 'native' ? 'auto' : 'typescript'));
  afterAll(() => chooseFrontEndEngine('auto'));
}
