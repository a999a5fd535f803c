import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { BackendWasm, setThreadsCount } from '@tensorflow/tfjs-backend-wasm';

/** An Emscripten module; its types leave out what it exports for calling functions. */
type WasmModule = BackendWasm['wasm'] & {
  cwrap(name: string, returns: 'number' | null, takes: 'number'[]): (...args: number[]) => number;
  PThread: { unusedWorkers: Worker[]; runningWorkers: Worker[] };
};

interface ModuleConfig {
  locateFile(path: string, prefix: string): string | URL;
  mainScriptUrlOrBlob: string;
  instantiateWasm(imports: WebAssembly.Imports, receive: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void): object;
}

/** What this file needs of WebAssembly: the compiler's libraries without the browser's do not describe it. */
declare namespace WebAssembly {
  type Imports = Record<string, Record<string, unknown>>;
  type Instance = object;
  type Module = object;
}
declare const WebAssembly: {
  instantiate(bytes: Uint8Array, imports: WebAssembly.Imports): Promise<{ instance: WebAssembly.Instance; module: WebAssembly.Module }>;
};

/**
 * tfjs's wasm backend on several threads. tfjs itself starts threads in browsers only; its package holds the binary for them all the
 * same, and Node.js can run it: the worker's script comes as text inside a module (meant for a browser's Blob) and becomes a data: URL.
 * Convolutions and products of two matrices are divided by output tile, so the results do not depend on the number of threads.
 * @param threads 2 or more
 */
export async function threadedBackend(threads: number): Promise<BackendWasm> {
  const require = createRequire(import.meta.url);
  const folder = join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'wasm-out');
  const script = join(folder, 'tfjs-backend-wasm-threaded-simd.js');
  const createModule: (config: ModuleConfig) => Promise<WasmModule> = require(script);
  const binary = await readFile(join(folder, 'tfjs-backend-wasm-threaded-simd.wasm'));
  const worker = workerUrl(script);

  const module = await withoutListeners(() =>
    createModule({
      locateFile: (path, prefix) => (path.endsWith('.worker.js') ? worker : prefix + path),
      mainScriptUrlOrBlob: script,
      instantiateWasm: (imports, receive) => {
        // The binary uses half of the processors, at most: it counts on two hardware threads a core. Ask for as many as are wanted.
        imports.env.emscripten_num_logical_cores = () => 2 * threads;
        void WebAssembly.instantiate(binary, imports).then(({ instance, module }) => receive(instance, module));
        return {};
      },
    }),
  );
  // What tfjs does with a module of its own making.
  Object.assign(module, {
    tfjs: {
      init: module.cwrap('init', null, []),
      initWithThreadsCount: module.cwrap('init_with_threads_count', null, ['number']),
      getThreadsCount: module.cwrap('get_threads_count', 'number', []),
      registerTensor: module.cwrap('register_tensor', null, ['number', 'number', 'number']),
      disposeData: module.cwrap('dispose_data', null, ['number']),
      dispose: module.cwrap('dispose', null, []),
    },
  });
  setThreadsCount(threads);
  const backend = new BackendWasm(module);
  // Waiting workers must not keep the process from ending.
  for (const worker of [...module.PThread.unusedWorkers, ...module.PThread.runningWorkers]) worker.unref();
  return backend;
}

/** A module worker that gives the classic worker script the names it expects in Node.js, then runs it. */
function workerUrl(script: string): URL {
  const workerScript = script.replace(/\.js$/, '.worker.js');
  const code = `
    import { createRequire } from 'node:module';
    globalThis.require = createRequire(${JSON.stringify(script)});
    globalThis.__filename = ${JSON.stringify(script)};
    globalThis.__dirname = ${JSON.stringify(dirname(script))};
    // The text went through a template literal: its escaped line ends have become real ones.
    (0, eval)(require(${JSON.stringify(workerScript)}).wasmWorkerContents.replace(/\\n/g, '\\\\n'));`;
  return new URL(`data:text/javascript,${encodeURIComponent(code)}`);
}

/** Emscripten adds listeners that throw every error of the process again; how errors end is for the command line to say. */
async function withoutListeners<T>(create: () => Promise<T>): Promise<T> {
  const emitter: NodeJS.EventEmitter = process;
  const events = ['uncaughtException', 'unhandledRejection'];
  const before = events.map((event) => emitter.listeners(event));
  const created = create(); // adds them before its first await
  events.forEach((event, i) => {
    for (const listener of emitter.listeners(event)) {
      if (!before[i].includes(listener)) emitter.removeListener(event, listener as () => void);
    }
  });
  return created;
}
