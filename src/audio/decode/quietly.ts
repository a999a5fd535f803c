/**
 * Runs `work` with console.error collected instead of printed: the wasm decoders report damage there. `work` is
 * synchronous (an async function up to its first await), so nothing else can print meanwhile.
 */
export function quietly<T>(work: () => T): { result: T; printed: string[] } {
  const printed: string[] = [];
  const print = console.error;
  console.error = (...parts: unknown[]) => {
    printed.push(parts.map(String).join(' ').replace(/\s+/g, ' '));
  };
  try {
    return { result: work(), printed };
  } finally {
    console.error = print;
  }
}
