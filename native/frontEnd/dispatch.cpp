#include "../common/instructionSet.h"
#include "kernels.h"

namespace audiossl {

extern const FrontEndKernels baselineFrontEnd;
#ifdef AUDIOSSL_X86
extern const FrontEndKernels avx2FrontEnd;
extern const FrontEndKernels avx512FrontEnd;
#endif

const FrontEndKernels& frontEndKernels() {
#ifdef AUDIOSSL_X86
  // Nothing here multiplies bfloat16.
  static const FrontEndKernels* const all[] = {&baselineFrontEnd, &avx2FrontEnd, &avx512FrontEnd, &avx512FrontEnd};
#else
  static const FrontEndKernels* const all[] = {&baselineFrontEnd};
#endif
  static const FrontEndKernels& chosen = *all[static_cast<int>(instructionSetInUse())];
  return chosen;
}

}  // namespace audiossl
