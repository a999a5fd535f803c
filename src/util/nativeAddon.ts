import { closeSync, existsSync, openSync, readdirSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { packageFile } from './packageFile.js';

const requireFile = createRequire(import.meta.url);
const thisPlatform = `${process.platform}-${process.arch}`;

/** Where set-up puts an addon: in a clone `native/build`, for an installed package AUDIOSSL_HOME or the user's cache. */
export function builtAddon(name: 'audiossl.node' | 'frontEnd.node'): string {
  const { addonFolder } = requireFile(packageFile('native', 'setup', 'folders.cjs')) as { addonFolder(): string };
  return join(addonFolder(), name);
}

/** An addon's exports. The type is taken on trust. */
export const requireAddon = (file: string): unknown => requireFile(file);

/** Why an addon need not be tried, as the end of a sentence that begins with its name; undefined where it may work. */
export function addonProblem(file: string, platform = thisPlatform): string | undefined {
  if (!existsSync(file)) {
    const others = otherPlatforms(file, platform);
    return others.length === 0 ? 'is not built' : `is not built for ${platform}, ${dirname(dirname(file))} has it for ${others.join(', ')}`;
  }
  const builtFor = platformOf(file);
  return builtFor === undefined || builtFor === platform ? undefined : `is for ${builtFor}, this is ${platform} (${file})`;
}

/** Platforms of the addons beside the folder that is missing, as set-up names them: an AUDIOSSL_HOME that came from another machine. */
function otherPlatforms(file: string, platform: string): string[] {
  const homes = dirname(dirname(file));
  if (!basename(dirname(file)).startsWith('addon-')) return [];
  const names = entriesOf(homes).map((name) => /^addon-(\w+-\w+)-/.exec(name)?.[1]);
  return [...new Set(names)].filter((name): name is string => name !== undefined && name !== platform);
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // absent, not a folder or not ours to read: then nothing is known of other platforms
  }
}

const elfMachines: Record<number, string> = { 62: 'x64', 183: 'arm64', 40: 'arm', 21: 'ppc64', 22: 's390x', 243: 'riscv64' };
const machMachines: Record<number, string> = { 16777223: 'x64', 16777228: 'arm64' };

/** What a shared library runs on by its first bytes, in Node.js's words; undefined where they do not say. ELF of Linux is assumed. */
function platformOf(file: string): string | undefined {
  const bytes = new Uint8Array(20);
  const descriptor = openSync(file, 'r');
  try {
    if (readSync(descriptor, bytes, 0, bytes.length, 0) < bytes.length) return undefined;
  } finally {
    closeSync(descriptor);
  }
  const view = new DataView(bytes.buffer);
  if (view.getUint32(0) === 0x7f454c46) return known('linux', elfMachines[view.getUint16(18, bytes[5] === 1)]);
  if (view.getUint32(0, true) === 0xfeedfacf) return known('darwin', machMachines[view.getUint32(4, true)]);
  if (view.getUint16(0) === 0x4d5a) return `win32-${process.platform === 'win32' ? process.arch : 'x64'}`;
  return undefined;
}

const known = (system: string, machine: string | undefined) => (machine === undefined ? undefined : `${system}-${machine}`);
