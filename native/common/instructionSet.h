// Which of the loops that were compiled once for each instruction set are to run: both addons ask here.
#pragma once

#include <cstdlib>
#include <cstring>

namespace audiossl {

// In order: each has what those before it have.
enum class InstructionSet { baseline, avx2, avx512, avx512bf16 };
constexpr const char* kInstructionSets[] = {"baseline", "avx2", "avx512", "avx512bf16"};

inline const char* nameOf(InstructionSet set) { return kInstructionSets[static_cast<int>(set)]; }

// The best that the processor has, or less where AUDIOSSL_SIMD=baseline|avx2|avx512 asks for less; an unknown word means baseline.
inline InstructionSet instructionSetInUse() {
#ifdef AUDIOSSL_X86
  bool hasAvx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  bool hasAvx512 = hasAvx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                   __builtin_cpu_supports("avx512dq");
  int best = hasAvx512 && __builtin_cpu_supports("avx512bf16") ? 3 : hasAvx512 ? 2 : hasAvx2 ? 1 : 0;
  const char* asked = std::getenv("AUDIOSSL_SIMD");
  if (!asked || !*asked) return static_cast<InstructionSet>(best);
  for (int set = best; set > 0; set--) {
    if (!std::strcmp(asked, kInstructionSets[set])) return static_cast<InstructionSet>(set);
  }
  // More than the processor has is all that it has.
  for (int set = best + 1; set <= 3; set++) {
    if (!std::strcmp(asked, kInstructionSets[set])) return static_cast<InstructionSet>(best);
  }
#endif
  return InstructionSet::baseline;
}

}  // namespace audiossl
