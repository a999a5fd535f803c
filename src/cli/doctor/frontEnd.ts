import { frontEndEngine } from '../../audio/frontEndAddon.js';
import type { Finding } from './finding.js';

/** What makes features of recordings: the native front end, or TypeScript, which is several times slower. */
export function examineFrontEnd(): Finding {
  const { name, instructionSet, reason } = frontEndEngine();
  if (name === 'native') return { what: 'front end', state: 'ok', found: `native, ${instructionSet}` };
  return {
    what: 'front end',
    state: 'slower',
    found: `TypeScript: ${reason}`,
    remedy: 'npm run setup (in a clone), npx audiossl setup (as a package); it needs cmake and a C++ compiler',
  };
}
