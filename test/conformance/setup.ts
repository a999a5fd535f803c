// What must have happened before the specs are imported: gradients, chained ops (the specs use them), the backend, the test environment.
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
import { env } from '@tensorflow/tfjs-core';
import { setTestEnvs } from '@tensorflow/tfjs-core/dist/jasmine_util.js';
import { useAddon } from '../../src/backend/libtorch/loadAddon.js';
import { registerLibtorch } from '../../src/backend/libtorch/registerLibtorch.js';
import { registerWasm } from '../../src/backend/wasm/registerWasm.js';

const name = process.env.CONFORMANCE_BACKEND ?? 'libtorch'; // or `wasm`; `cpu` shows what tfjs's own backend does with the same specs
env().set('PROD', true);
if (process.env.AUDIOSSL_ADDON) useAddon(process.env.AUDIOSSL_ADDON);
if (name === 'wasm') await registerWasm({ threads: 1 });
else registerLibtorch({ device: 'cpu', precision: 'float32' });
setTestEnvs([{ name, backendName: name, flags: {}, isDataSync: true }]);
