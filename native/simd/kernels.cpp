// Compiled once for each instruction set, with AUDIOSSL_SIMD its name; see CMakeLists.txt.
#include "kernels.h"

#include "vector.h"

namespace audiossl {
namespace {

#include "batchNorm.inc"
#include "blocks.inc"
#include "maxPool.inc"
#include "noise.inc"
#include "optimizers.inc"
#include "product.inc"
// In this order: the places of tiles serve both.
#include "tilePlace.inc"
#include "winograd.inc"
#ifdef __AVX512BF16__
#include "winogradPairs.inc"
#include "pixelPairs.inc"
constexpr WinogradPairKernels winogradPairKernels{pairsFilter, pairsForward, pairsOfTiles, pairsProducts, pairsFilterGradient};
constexpr PixelPairKernels pixelPairKernels{pixelPairs, pixelProducts};
#else
constexpr WinogradPairKernels winogradPairKernels{};
constexpr PixelPairKernels pixelPairKernels{};
#endif

// Gives a template over the type of activations the table's signature.
#define AUDIOSSL_BY_TYPE(name, ...)                \
  do {                                             \
    if (bfloat16) {                                \
      using T = Bfloat16;                          \
      name<T>(__VA_ARGS__);                        \
    } else {                                       \
      using T = float;                             \
      name<T>(__VA_ARGS__);                        \
    }                                              \
  } while (0)
#define IN(pointer) static_cast<const T*>(pointer)
#define OUT(pointer) static_cast<T*>(pointer)

void batchNormSumsEntry(bool bfloat16, const void* x, int64_t rows, int64_t channels, const float* pivot, double* sums, double* squares) {
  AUDIOSSL_BY_TYPE(batchNormSums, IN(x), rows, channels, pivot, sums, squares);
}
void normaliseEntry(bool bfloat16, const void* x, const void* residual, void* y, int64_t rows, int64_t channels, const float* scale,
                    const float* shift, bool relu) {
  AUDIOSSL_BY_TYPE(normalise, IN(x), IN(residual), OUT(y), rows, channels, scale, shift, relu);
}
void batchNormGradientSumsEntry(bool bfloat16, const void* dy, const void* x, const void* y, void* masked, int64_t rows, int64_t channels,
                                const float* mean, const float* scale, const float* shift, double* sums, double* products) {
  AUDIOSSL_BY_TYPE(batchNormGradientSums, IN(dy), IN(x), IN(y), OUT(masked), rows, channels, mean, scale, shift, sums, products);
}
void batchNormGradientEntry(bool bfloat16, const void* dy, const void* x, const void* y, void* dx, int64_t rows, int64_t channels,
                            const BatchNormGradientTerms& terms) {
  AUDIOSSL_BY_TYPE(batchNormGradient, IN(dy), IN(x), IN(y), OUT(dx), rows, channels, terms);
}
void maxPoolEntry(bool bfloat16, const void* x, void* y, const PoolGeometry& geometry) {
  AUDIOSSL_BY_TYPE(maxPool, IN(x), OUT(y), geometry);
}
void maxPoolGradientEntry(bool bfloat16, const void* dy, const void* x, const void* y, void* dx, const PoolGeometry& geometry) {
  AUDIOSSL_BY_TYPE(maxPoolGradient, IN(dy), IN(x), IN(y), OUT(dx), geometry);
}

void toBlocksEntry(bool bfloat16, const void* x, float* blocks, int64_t pixels, int64_t channels) {
  AUDIOSSL_BY_TYPE(toBlocks, IN(x), blocks, pixels, channels);
}
void fromBlocksEntry(bool bfloat16, const float* blocks, const void* residual, void* y, int64_t pixels, int64_t channels, bool relu) {
  AUDIOSSL_BY_TYPE(fromBlocks, blocks, IN(residual), OUT(y), pixels, channels, relu);
}

void winogradImagesEntry(bool bfloat16, const WinogradGeometry& geometry, const void* x, int64_t begin, int64_t end, float* transformed,
                         int64_t placeStep, int64_t tileStep) {
  AUDIOSSL_BY_TYPE(winogradImages, geometry, IN(x), begin, end, transformed, placeStep, tileStep);
}
void winogradGradientsEntry(bool bfloat16, const WinogradGeometry& geometry, const void* dy, int64_t begin, int64_t end, float* transformed,
                            int64_t placeStep, int64_t tileStep) {
  AUDIOSSL_BY_TYPE(winogradGradients, geometry, IN(dy), begin, end, transformed, placeStep, tileStep);
}
void winogradResultsEntry(bool bfloat16, const WinogradGeometry& geometry, const float* products, int64_t placeStep, int64_t tileStep,
                          int64_t begin, int64_t end, int64_t channel, int64_t channels, const float* bias, const void* residual, void* y,
                          bool relu) {
  AUDIOSSL_BY_TYPE(winogradResults, geometry, products, placeStep, tileStep, begin, end, channel, channels, bias, IN(residual), OUT(y), relu);
}

}  // namespace

extern const SimdKernels AUDIOSSL_SIMD;
const SimdKernels AUDIOSSL_SIMD = {
    AUDIOSSL_TEXT(AUDIOSSL_SIMD),
    kPanelFloats,
    productPanel,
    rowProducts,
    batchNormSumsEntry,
    normaliseEntry,
    batchNormGradientSumsEntry,
    batchNormGradientEntry,
    maxPoolEntry,
    maxPoolGradientEntry,
    toBlocksEntry,
    fromBlocksEntry,
    {winogradFilterPanel, winogradImagesEntry, winogradGradientsEntry, winogradResultsEntry, winogradFilterSums},
    winogradPairKernels,
    pixelPairKernels,
    sgdStep,
    adamStep,
    movingAverage,
    gaussianNoise,
};

}  // namespace audiossl
