#!/usr/bin/env node
// Runs the specs that @tensorflow/tfjs-core publishes (dist/tests.js) on the libtorch backend and prints one JSON object:
// { executed, failed: [{ name, message }], seconds }.   `node test/conformance/run.mjs [part of a spec's name]`
// CONFORMANCE_BACKEND=wasm or cpu takes another backend, CONFORMANCE_SPECS the specs whose names match a regular expression.
//
// esbuild makes one file of specs, tfjs-core and our backend, so that all share one engine. --ignore-annotations matters: the package
// calls itself free of side effects, and without the flag every spec is dropped and 0 run.
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../..', import.meta.url));
// The addon is looked for three folders up from the file that loads it.
const outfile = `${root}node_modules/.cache/audiossl/conformance.mjs`;

await build({
  absWorkingDir: root,
  entryPoints: ['test/conformance/entry.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  mainFields: ['module', 'main'],
  ignoreAnnotations: true,
  logLevel: 'error',
  // CommonJS packages inside the bundle ask for `require`.
  banner: { js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url); const __dirname = import.meta.dirname;" },
});

const Jasmine = createRequire(import.meta.url)('jasmine');
const runner = new Jasmine();
runner.exitOnCompletion = false;
runner.exit = () => {};
const wanted = new RegExp(process.env.CONFORMANCE_SPECS ?? '');
runner.env.configure({ random: false, specFilter: (spec) => wanted.test(spec.getFullName()) });
runner.clearReporters();
const failed = [];
let executed = 0;
runner.addReporter({
  specDone(result) {
    if (result.status === 'failed') failed.push({ name: result.fullName, message: result.failedExpectations[0]?.message ?? '' });
    if (result.status === 'passed' || result.status === 'failed') executed++;
  },
});
console.warn = console.log = () => {}; // the specs test what tfjs warns of and prints
const start = performance.now();
await import(pathToFileURL(outfile).href);
await runner.execute([], process.argv[2]);
await new Promise((done) => process.stdout.write(`${JSON.stringify({ executed, failed, seconds: (performance.now() - start) / 1000 })}\n`, done));
process.exit(0);
