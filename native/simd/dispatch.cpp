#include "kernels.h"

#include <cstdlib>
#include <cstring>

namespace audiossl {

extern const SimdKernels baseline;
#ifdef AUDIOSSL_X86
extern const SimdKernels avx2;
extern const SimdKernels avx512;
extern const SimdKernels avx512bf16;
#endif

namespace {

// AUDIOSSL_SIMD=baseline|avx2|avx512 asks for less than the processor has, for tests.
const SimdKernels& choose() {
#ifdef AUDIOSSL_X86
  const char* asked = std::getenv("AUDIOSSL_SIMD");
  bool lower = asked && *asked;
  bool hasAvx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                   __builtin_cpu_supports("avx512dq");
  bool hasAvx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  bool hasBf16 = hasAvx512 && __builtin_cpu_supports("avx512bf16");
  if (hasBf16 && (!lower || !std::strcmp(asked, "avx512bf16"))) return avx512bf16;
  if (hasAvx512 && (!lower || !std::strcmp(asked, "avx512"))) return avx512;
  if (hasAvx2 && (!lower || !std::strcmp(asked, "avx2"))) return avx2;
#endif
  return baseline;
}

}  // namespace

const SimdKernels& simd() {
  static const SimdKernels& chosen = choose();
  return chosen;
}

const char* simdName() {
#ifdef AUDIOSSL_X86
  if (&simd() == &avx512bf16) return "avx512bf16";
  if (&simd() == &avx512) return "avx512";
  if (&simd() == &avx2) return "avx2";
#endif
  return "baseline";
}

}  // namespace audiossl
