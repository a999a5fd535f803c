import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { addonPath, loadAddon } from '../../backend/libtorch/loadAddon.js';
import { errorText } from '../../util/errors.js';
import type { Finding } from './finding.js';

/** The version that the tests are run with; others are untested. */
const testedVersion = '1.13';

const remedy = 'npm run setup (in a clone), npx audiossl setup (as a package)';

/** The native addon and the libtorch that it was built with. */
export function examineLibtorch(): Finding {
  try {
    const version = loadAddon().torchVersion();
    const note = version.startsWith(testedVersion) ? 'the tested version' : `untested; tested: ${testedVersion}`;
    return { what: 'libtorch', state: 'ok', found: `${version} (${note})${whereFrom()}` };
  } catch (error) {
    return { what: 'libtorch', state: 'slower', found: errorText(error).replace(/; run `npm run setup`.*$/, ''), remedy };
  }
}

function whereFrom(): string {
  const stamp = join(dirname(addonPath()), 'stamp.json');
  if (!existsSync(stamp)) return '';
  const { torch, folder } = JSON.parse(readFileSync(stamp, 'utf8')) as { torch?: string; folder?: string };
  return `, of ${torch}: ${folder}`;
}
