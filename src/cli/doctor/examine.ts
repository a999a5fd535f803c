import { dirname } from 'node:path';
import { addonPath } from '../../backend/libtorch/loadAddon.js';
import { describeEnvironment } from '../../run/environment.js';
import { pickBackend } from '../backendOptions.js';
import type { Finding } from './finding.js';
import { examineFrontEnd } from './frontEnd.js';
import { examineLibtorch } from './libtorch.js';
import { measureSpeed } from './measureSpeed.js';
import { examinePackages, installedVersion } from './packages.js';

/** Everything `audiossl doctor` looks at, the backend that the options ask for and its speed last. */
export async function examine(backendOptions: Parameters<typeof pickBackend>[0]): Promise<Finding[]> {
  const { system, processor, memory } = describeEnvironment();
  const findings: Finding[] = [
    { what: 'machine', state: 'ok', found: `${processor}, ${memory}, ${system}` },
    ...examinePackages(),
    { what: 'native addons', state: 'ok', found: `in ${dirname(addonPath())}` },
    examineFrontEnd(),
    ...examineLibtorch(),
    { what: 'wasm', state: 'ok', found: `tfjs-backend-wasm ${installedVersion('@tensorflow/tfjs-backend-wasm') ?? 'not installed'}` },
  ];
  const { name, device, precision, threads } = await pickBackend(backendOptions);
  const speed = await measureSpeed();
  const found = `${name} on ${device}, ${precision}, ${threads} thread${threads === 1 ? '' : 's'}: ${speed < 10 ? speed.toPrecision(2) : speed.toFixed(0)} GFLOP/s (3 x 3 convolution)`;
  return [...findings, { what: 'backend in use', state: 'ok', found }];
}
