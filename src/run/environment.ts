import { cpus, release, totalmem, type } from 'node:os';

/** The machine, for records: no name, no user, no path. */
export function describeEnvironment(): Record<string, string> {
  const processors = cpus();
  return {
    system: `${type()} ${release()} ${process.arch}`,
    processor: processors.length > 0 ? `${processors.length} x ${processors[0].model.trim()}` : 'unknown',
    memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    node: process.version,
  };
}
