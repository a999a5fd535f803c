#include "../common/instructionSet.h"
#include "kernels.h"

namespace audiossl {

extern const SimdKernels baseline;
#ifdef AUDIOSSL_X86
extern const SimdKernels avx2;
extern const SimdKernels avx512;
extern const SimdKernels avx512bf16;
#endif

const SimdKernels& simd() {
#ifdef AUDIOSSL_X86
  static const SimdKernels* const all[] = {&baseline, &avx2, &avx512, &avx512bf16};
#else
  static const SimdKernels* const all[] = {&baseline};
#endif
  static const SimdKernels& chosen = *all[static_cast<int>(instructionSetInUse())];
  return chosen;
}

const char* simdName() { return simd().name; }

}  // namespace audiossl
