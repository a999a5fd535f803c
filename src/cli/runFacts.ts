import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { loadAddon } from '../backend/libtorch/loadAddon.js';
import type { ResolvedConfig } from '../config/configSchema.js';
import { configHash } from '../run/configText.js';
import { describeEnvironment } from '../run/environment.js';
import type { RunFacts } from '../train/pretrain.js';
import type { BackendInfo } from './backendOptions.js';

/** What a run's log says of the program, the machine and the command that started it. */
export function runFacts({ backend, config, dataset }: { backend: BackendInfo; config: ResolvedConfig; dataset: string }): RunFacts {
  const versionOf = (packageJson: string | URL): string => (JSON.parse(readFileSync(packageJson, 'utf8')) as { version: string }).version;
  return {
    command: ['audiossl', ...process.argv.slice(2)],
    versions: {
      audiossl: versionOf(new URL('../../package.json', import.meta.url)),
      node: process.version.slice(1),
      tfjs: versionOf(createRequire(import.meta.url).resolve('@tensorflow/tfjs-core/package.json')),
      ...(backend.name === 'libtorch' && { libtorch: loadAddon().torchVersion() }),
    },
    backend: backend.name,
    device: backend.device,
    precision: backend.precision,
    threads: backend.threads,
    configHash: configHash(config),
    dataset,
    notes: backend.notes,
    environment: describeEnvironment(),
  };
}
