// What an ELF file (a Linux library) says of itself, read from its header.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const machines = { 3: 'x86 (32 bits)', 40: 'arm (32 bits)', 62: 'x86_64', 183: 'aarch64', 243: 'riscv', 21: 'ppc64', 22: 's390x' };

/** The machine that this Node.js is of, by the same names. */
export const thisMachine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch] ?? process.arch;

/**
 * Machine of a library file, and whether the file is as long as its header says.
 * @returns {{ machine: string, isWhole: boolean } | undefined} undefined where it is no ELF file
 */
export function readSharedObject(file) {
  const handle = openSync(file, 'r');
  try {
    const header = Buffer.alloc(64);
    if (readSync(handle, header, 0, 64, 0) < 64 || header.toString('latin1', 0, 4) !== '\x7fELF') return undefined;
    const isBig = header[5] === 2;
    const half = (at) => (isBig ? header.readUInt16BE(at) : header.readUInt16LE(at));
    const machine = machines[half(18)] ?? `machine ${half(18)}`;
    if (header[4] !== 2) return { machine, isWhole: true }; // 32 bits: of another machine anyway
    // The table of sections stands last.
    const sections = Number(isBig ? header.readBigUInt64BE(40) : header.readBigUInt64LE(40));
    return { machine, isWhole: fstatSync(handle).size >= sections + half(58) * half(60) };
  } finally {
    closeSync(handle);
  }
}
