#include "kernels.h"

#include <cstdlib>
#include <cstring>

namespace audiossl {

extern const FrontEndKernels baselineFrontEnd;
#ifdef AUDIOSSL_X86
extern const FrontEndKernels avx2FrontEnd;
extern const FrontEndKernels avx512FrontEnd;
#endif

namespace {

// AUDIOSSL_SIMD=baseline|avx2|avx512... asks for less than the processor has, as in the libtorch addon.
const FrontEndKernels& choose() {
#ifdef AUDIOSSL_X86
  const char* asked = std::getenv("AUDIOSSL_SIMD");
  bool lower = asked && *asked;
  bool hasAvx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                   __builtin_cpu_supports("avx512dq");
  bool hasAvx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (hasAvx512 && (!lower || !std::strncmp(asked, "avx512", 6))) return avx512FrontEnd;
  if (hasAvx2 && (!lower || !std::strncmp(asked, "avx", 3))) return avx2FrontEnd;
#endif
  return baselineFrontEnd;
}

}  // namespace

const FrontEndKernels& frontEndKernels() {
  static const FrontEndKernels& chosen = choose();
  return chosen;
}

}  // namespace audiossl
