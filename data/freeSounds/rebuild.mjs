#!/usr/bin/env node
// Rebuilds a set of 4,875 short sound effects without labels from packages of Debian 12 main, for pre-training:
//
//     node data/freeSounds/rebuild.mjs OUT [--packages oxygen-sounds,pingus-data]
//
// Needs apt-get and dpkg-deb with Debian 12's archive in its sources; nothing is installed. The 25 packages are 3.4 GB to download, one at a
// time and deleted again; what stays is OUT/audio (the recordings as the packages have them), OUT/clips.csv and OUT/licences. A stopped run
// goes on with the package it was at.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { unzipSync } from 'fflate';

/** Ends the run with one line, after what is open has been cleaned up. */
function stop(message, code = 1) {
  throw Object.assign(new Error(message), { isOurs: true, code });
}
process.on('uncaughtException', (error) => {
  console.error(`rebuild: ${error.isOurs ? error.message : error.stack}`);
  process.exit(error.isOurs ? error.code : 1);
});

/** What a command printed; the run ends with its last line where it fails. */
function output(command, args, options = {}) {
  const result = spawnSync(command, args, { maxBuffer: 1 << 30, ...options });
  if (result.error?.code === 'ENOENT') stop(`${command} is not installed: this script needs Debian or Ubuntu`);
  if (result.status !== 0) {
    const lines = String(result.stderr).trim().split('\n');
    stop(`${command} ${args.join(' ')}: ${lines.at(-1)}`);
  }
  return result.stdout;
}

/** Rows of clips.csv, which has neither quotes nor commas inside its fields. */
function readRows(file) {
  const [header, ...lines] = readFileSync(file, 'utf8').trim().split(/\r?\n/);
  const columns = header.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((field, i) => [columns[i], field])));
}

/** A file appears under its name only when it is whole. */
function writeWhole(path, bytes) {
  writeFileSync(`${path}.part`, bytes);
  renameSync(`${path}.part`, path);
}

/** The package's file in `folder`: in the version of the list, else in the one that the archive has now, which is said. */
function download(name, version, folder) {
  const asListed = spawnSync('apt-get', ['download', `${name}=${version}`], { cwd: folder });
  if (asListed.error?.code === 'ENOENT') stop('apt-get is not installed: this script needs Debian or Ubuntu');
  if (asListed.status !== 0) {
    output('apt-get', ['download', name], { cwd: folder });
    console.error(`rebuild: ${name} ${version} is not in the archive any more, its present version is taken`);
  }
  return join(folder, readdirSync(folder).find((file) => file.endsWith('.deb')));
}

/** The bytes of one recording of an unpacked package; `archive.pk3:inside/path` names a member of a zip archive. */
function recordingReader(root) {
  const archives = new Map();
  return (path) => {
    const [file, member] = path.split(':');
    if (member === undefined) return existsSync(join(root, file)) ? readFileSync(join(root, file)) : undefined;
    if (!archives.has(file)) {
      const isSound = ({ name }) => /\.(wav|ogg|flac)$/i.test(name);
      archives.set(file, existsSync(join(root, file)) ? unzipSync(readFileSync(join(root, file)), { filter: isSound }) : {});
    }
    return archives.get(file)[member];
  };
}

const { values, positionals } = parseArgs({ options: { packages: { type: 'string' } }, allowPositionals: true });
const [out] = positionals;
if (out === undefined || positionals.length > 1) stop('give one folder: node data/freeSounds/rebuild.mjs OUT [--packages NAME,NAME]', 2);
const all = readRows(fileURLToPath(new URL('clips.csv', import.meta.url)));
const names = [...new Set(all.map((row) => row.package))];
const wanted = values.packages?.split(',') ?? names;
for (const name of wanted) if (!names.includes(name)) stop(`no package ${name} in the list; it has ${names.join(', ')}`, 2);

for (const folder of ['audio', 'licences']) mkdirSync(join(out, folder), { recursive: true });
const rowName = ({ fname, path }) => fname.replace(/\.ogg$/, extname(path).toLowerCase());
const missing = [];
for (const name of wanted) {
  const rows = all.filter((row) => row.package === name);
  const licence = join(out, 'licences', `${name}.copyright`);
  if (existsSync(licence) && rows.every((row) => existsSync(join(out, 'audio', rowName(row))))) continue;
  const folder = mkdtempSync(join(tmpdir(), 'free-sounds-'));
  try {
    const deb = download(name, rows[0].version, folder);
    const root = join(folder, 'root');
    output('dpkg-deb', ['-x', deb, root]);
    const read = recordingReader(root);
    for (const row of rows) {
      const bytes = read(row.path);
      if (bytes) writeWhole(join(out, 'audio', rowName(row)), bytes);
      else missing.push(`${name}: ${row.path}`);
    }
    copyFileSync(join(root, 'usr/share/doc', name, 'copyright'), licence);
    console.log(`${name}: ${rows.length} recordings`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
const there = all.filter((row) => existsSync(join(out, 'audio', rowName(row))));
const lines = there.map((row) => [rowName(row), row.package, row.version, row.path, row.seconds].join(','));
writeWhole(join(out, 'clips.csv'), `${['fname,package,version,path,seconds', ...lines].join('\n')}\n`);
console.log(`${out}: ${there.length} of ${all.length} recordings`);
if (missing.length > 0) stop(`${missing.length} recordings are not in their packages any more, the first: ${missing[0]}`);
