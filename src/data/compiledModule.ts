/**
 * URL of a compiled module beside the calling one, for `new Worker(...)`: `compiledModule('./clipWorker.js', import.meta.url)`.
 * A worker thread cannot run TypeScript, so a caller that runs from src/ (the tests) gets the file of dist/.
 */
export function compiledModule(relative: string, moduleUrl: string): URL {
  const url = new URL(relative, moduleUrl);
  if (moduleUrl.endsWith('.ts')) url.pathname = url.pathname.replace(/\/src\/(?!.*\/src\/)/, '/dist/');
  return url;
}
