import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packageFile } from '../../util/packageFile.js';
import type { Finding } from './finding.js';

interface PackageJson {
  version: string;
  engines: { node: string };
  dependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
}

function readPackageJson(folder: string): PackageJson {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as PackageJson;
}

/** Version of an installed package, looked for as Node does: in every `node_modules` from our folder up. */
export function installedVersion(name: string, folder = packageFile()): string | undefined {
  const candidate = join(folder, 'node_modules', name);
  if (existsSync(join(candidate, 'package.json'))) return readPackageJson(candidate).version;
  const parent = dirname(folder);
  return parent === folder ? undefined : installedVersion(name, parent);
}

/** Whether `version` is at least the one in `>=20.19`. */
export function isAtLeast(version: string, range: string): boolean {
  const numbers = (text: string) =>
    text
      .replace(/^[^\d]*/, '')
      .split('.')
      .map(Number);
  const [have, want] = [numbers(version), numbers(range)];
  const differing = want.findIndex((number, i) => number !== (have[i] ?? 0));
  return differing < 0 || (have[differing] ?? 0) > want[differing];
}

/** audiossl, Node.js, the npm packages it cannot do without, and those that it can. */
export function examinePackages(): Finding[] {
  const { version, engines, dependencies, optionalDependencies, peerDependencies } = readPackageJson(packageFile());
  const names = Object.keys(dependencies);
  const missing = names.filter((name) => installedVersion(name) === undefined);
  const isNodeGood = isAtLeast(process.version, engines.node);
  return [
    { what: 'audiossl', state: 'ok', found: version },
    {
      what: 'Node.js',
      state: isNodeGood ? 'ok' : 'broken',
      found: isNodeGood ? process.version : `${process.version}, wanted ${engines.node}`,
      ...(isNodeGood ? {} : { remedy: 'get it from https://nodejs.org' }),
    },
    missing.length === 0
      ? { what: 'npm packages', state: 'ok', found: `all ${names.length}` }
      : { what: 'npm packages', state: 'broken', found: `missing: ${missing.join(', ')}`, remedy: 'npm ci' },
    ...examineDecoders(),
    ...Object.entries(peerDependencies).map(([name, wanted]) => examinePeer(name, wanted)),
    ...Object.keys(optionalDependencies)
      .filter((name) => !(name in decoderPackages))
      .map((name) => examinePeer(name, optionalDependencies[name])),
  ];
}

const decoderPackages: Record<string, string> = {
  'wav-decoder': 'WAV',
  '@wasm-audio-decoders/ogg-vorbis': 'Ogg Vorbis',
  '@wasm-audio-decoders/flac': 'FLAC',
  'mpg123-decoder': 'MP3',
};

function examineDecoders(): Finding[] {
  const names = Object.keys(decoderPackages);
  const there = names.filter((name) => installedVersion(name) !== undefined);
  const missing = names.filter((name) => !there.includes(name));
  const found = `read: ${there.map((name) => decoderPackages[name]).join(', ')}`;
  if (missing.length === 0) return [{ what: 'audio files', state: 'ok', found }];
  const notRead = missing.map((name) => decoderPackages[name]).join(', ');
  return [{ what: 'audio files', state: 'optional', found: `${found}; not read: ${notRead}`, remedy: `npm install ${missing.join(' ')}` }];
}

function examinePeer(name: string, wanted: string): Finding {
  const version = installedVersion(name);
  if (version === undefined) return { what: name, state: 'optional', found: 'not installed', remedy: `npm install ${name}@${wanted}` };
  if (/^\d/.test(wanted) && version !== wanted)
    return { what: name, state: 'optional', found: `${version}, wanted ${wanted}`, remedy: `npm install ${name}@${wanted}` };
  return { what: name, state: 'ok', found: version };
}
