import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { backendInUse } from '../backend/backendInUse.js';
import { loadAddon } from '../backend/libtorch/loadAddon.js';
import { packageVersion } from '../util/packageVersion.js';
import { describeEnvironment } from './environment.js';
import type { StartRecord } from './logRecord.js';

/** What a run says about its surroundings in its log: what started it, with what, on what machine. */
export type RunFacts = Pick<StartRecord, 'command' | 'versions' | 'backend' | 'device' | 'precision' | 'threads' | 'notes' | 'environment'>;

/** The facts of this process as it is now. `command`: program and arguments, or the function that a program of its own called. */
export function runFacts(command: readonly string[]): RunFacts {
  const { name, device, precision, threads, notes } = backendInUse();
  return {
    command: [...command],
    versions: versions(name),
    backend: name,
    device,
    precision,
    threads,
    notes,
    environment: describeEnvironment(),
  };
}

/** The facts as the record of an evaluation or an analysis holds them, the engine in one line. */
export function engineFacts({ command, versions, environment = {}, ...engine }: RunFacts): {
  command: string[];
  versions: Record<string, string>;
  backend: string;
  environment: Record<string, string>;
} {
  const backend = `${engine.backend}, ${engine.device}, ${engine.precision}, ${engine.threads} threads`;
  return { command, versions, backend, environment };
}

function versions(backend: string): Record<string, string> {
  const tfjs = createRequire(import.meta.url).resolve('@tensorflow/tfjs-core/package.json');
  return {
    audiossl: packageVersion(),
    node: process.version.slice(1),
    tfjs: (JSON.parse(readFileSync(tfjs, 'utf8')) as { version: string }).version,
    ...(backend === 'libtorch' && { libtorch: loadAddon().torchVersion() }),
  };
}
