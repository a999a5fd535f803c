import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What the first processor can do, in Linux's words; empty where that is not known. */
export function processorFlags() {
  try {
    return new Set(/^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))[1].split(' '));
  } catch {
    return new Set();
  }
}

/** The instruction set of this processor, by the names of `AUDIOSSL_SIMD`. */
export function instructionSet(flags = processorFlags()) {
  if (['avx512f', 'avx512bw', 'avx512vl', 'avx512dq'].every((flag) => flags.has(flag))) return 'avx512';
  return flags.has('avx2') && flags.has('fma') ? 'avx2' : 'baseline';
}

/** Environment variables that hold ours, PyTorch's own loops, torch.compile's, oneDNN, OpenBLAS and MKL to an instruction set. */
export function heldTo(isa) {
  if (isa === instructionSet()) return {};
  if (isa !== 'avx2') throw new Error(`--isa must be this processor's ${instructionSet()} or, on avx512, avx2, got ${isa}`);
  return {
    AUDIOSSL_SIMD: 'avx2',
    ATEN_CPU_CAPABILITY: 'avx2',
    ONEDNN_MAX_CPU_ISA: 'AVX2',
    DNNL_MAX_CPU_ISA: 'AVX2', // the name that Debian's oneDNN 2.6 also reads
    OPENBLAS_CORETYPE: 'Haswell',
    MKL_ENABLE_INSTRUCTIONS: 'AVX2',
    // What torch.compile kept for another instruction set it takes for this one's (findings/torch-compile-cache-forgets-cpu-capability.sh).
    TORCHINDUCTOR_CACHE_DIR: join(tmpdir(), 'torchinductor-avx2'),
  };
}
