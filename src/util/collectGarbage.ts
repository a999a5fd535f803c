import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/**
 * Has V8 look through this thread's whole heap, a few milliseconds for a small one. For threads that make and drop large arrays while their
 * heap stays small: V8 waits for 64 MiB of such arrays, beyond what it last found alive, before it looks by itself.
 */
export function collectGarbage(): void {
  collect ??= exposed();
  collect();
}

function exposed(): () => void {
  setFlagsFromString('--expose-gc');
  try {
    return runInNewContext('gc') as () => void;
  } finally {
    setFlagsFromString('--no-expose-gc');
  }
}
