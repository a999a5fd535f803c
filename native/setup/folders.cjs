// Where set-up puts what it builds. CommonJS, because the program reads it too (src/util/nativeAddon.ts), at its first use of an addon.
const { createHash } = require('node:crypto');
const { existsSync, readdirSync, readFileSync } = require('node:fs');
const { homedir } = require('node:os');
const { join, relative, resolve } = require('node:path');

/** What this looks at of the machine; the tests pass one of their own. */
const thisMachine = { root: join(__dirname, '../..'), env: process.env, home: homedir(), platform: process.platform, arch: process.arch };

/**
 * A clone keeps everything in native/build. An installed package must not: `npm ci` deletes it with node_modules, an image may have it from
 * another machine. There it is AUDIOSSL_HOME, or the user's cache.
 */
function setupFolder({ root, env, home, platform } = thisMachine) {
  if (existsSync(join(root, 'src'))) return join(root, 'native', 'build');
  if (env.AUDIOSSL_HOME) return resolve(env.AUDIOSSL_HOME);
  const caches = env.XDG_CACHE_HOME || (platform === 'win32' && env.LOCALAPPDATA) || join(home, '.cache');
  return join(caches, 'audiossl');
}

/** The folder of the addons: one for each platform, version and state of the C++ sources, so that no other one can be taken by mistake. */
function addonFolder(machine = thisMachine) {
  const { root, platform, arch } = machine;
  const folder = setupFolder(machine);
  if (existsSync(join(root, 'src'))) return folder;
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const sum = createHash('sha256');
  const sources = ['CMakeLists.txt', ...['src', 'simd', 'common', 'gloo', 'frontEnd'].flatMap((part) => filesOf(root, part))];
  for (const file of sources) sum.update(file).update(readFileSync(join(root, 'native', file)));
  return join(folder, `addon-${platform}-${arch}-${version}-${sum.digest('hex').slice(0, 8)}`);
}

const filesOf = (root, part) =>
  readdirSync(join(root, 'native', part), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(join(root, 'native'), join(entry.parentPath ?? entry.path, entry.name)))
    .sort();

module.exports = { setupFolder, addonFolder };
