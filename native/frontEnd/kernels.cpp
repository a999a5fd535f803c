// Compiled once for each instruction set, with AUDIOSSL_SIMD its name; see CMakeLists.txt.
#include "kernels.h"

#include "lanes.h"

namespace audiossl {
namespace {

#include "realSpectrum.inc"
// In this order: each uses the one before.
#include "logMel.inc"
#include "resample.inc"
#include "level.inc"

}  // namespace

#define AUDIOSSL_TABLE_OF(name) name##FrontEnd
#define AUDIOSSL_TABLE(name) AUDIOSSL_TABLE_OF(name)

extern const FrontEndKernels AUDIOSSL_TABLE(AUDIOSSL_SIMD);
const FrontEndKernels AUDIOSSL_TABLE(AUDIOSSL_SIMD) = {
    AUDIOSSL_TEXT(AUDIOSSL_SIMD), logMelScratch, logMel,    resampleScratch, resample, interpolateScratch, interpolate, addToLevel,
    normalise,                    mixDown,       readPcm16,
};

}  // namespace audiossl
