// Loops over plain memory, compiled once for each instruction set and chosen by the processor at run time.
//
// Nothing here includes libtorch: its inline functions, compiled for AVX-512, could end up in the hands of the whole process.
// `bfloat16` = the activations are bfloat16 instead of float32. Statistics, parameters and sums are always float32 or double.
#pragma once

#include <cstdint>

namespace audiossl {

struct BatchNormGradientTerms {
  // dx = scale * g + slope * x + offset, one value a channel
  const float* scale;
  const float* slope;
  const float* offset;
  // Without y and with these, g = dy where maskScale * x + maskShift > 0.
  const float* maskScale = nullptr;
  const float* maskShift = nullptr;
};

struct PoolGeometry {
  int64_t height, width, channels;
  int64_t outHeight, outWidth;
  int64_t windowHeight, windowWidth, strideHeight, strideWidth;
  int64_t top, left;  // padding
};

// A 3 x 3 convolution of stride 1: x [batch, height, width, in] -> [batch, outHeight, outWidth, out].
struct WinogradGeometry {
  int64_t batch, height, width, in;
  int64_t outHeight, outWidth, out;
  int64_t top, left;  // padding
};

// Winograd's algorithm F(2 x 2, 3 x 3) in bfloat16; see winogradPairs.inc. Channels are multiples of 64. All null where the processor
// does not multiply bfloat16.
struct WinogradPairKernels {
  // weight [out, 3, 3, in] float32 -> 16 * in * out bfloat16, for `forward`; flipped: for the gradient by the input. A panel is 64
  // channels of the result.
  void (*filter)(const float* weight, void* packed, int64_t in, int64_t out, bool flipped, int64_t beginPanel, int64_t endPanel);
  // Tiles [begin, end) of y = conv(x) + bias + residual, at least 0 if relu; bias and residual may be null. The scratch memory holds
  // 16 * (2 * in + 4 * 64) bytes a tile.
  void (*forward)(const WinogradGeometry& geometry, const void* x, const void* packed, const float* bias, const void* residual, void* y,
                  bool relu, int64_t begin, int64_t end, void* scratch);
  // The gradient by the filter: tiles of x and of dy, then the products of each of 16 positions, then the gradient itself.
  void (*pairs)(const WinogradGeometry& geometry, const void* x, bool isGradient, int64_t first, int64_t pairs, int64_t begin, int64_t end,
                void* transformed);
  void (*products)(const void* gradients, const void* images, int64_t pairs, int64_t in, int64_t out, float* products, bool accumulates);
  void (*filterGradient)(const float* products, float* gradient, int64_t in, int64_t out, int64_t begin, int64_t end);
};

// Gradients of filters on bfloat16 images by plain products; see pixelPairs.inc. Both null where the processor does not multiply bfloat16.
struct PixelPairKernels {
  void (*pairs)(const PoolGeometry& geometry, const void* x, int64_t pixels, int64_t tapRow, int64_t tapColumn, int64_t channel, int64_t first,
                int64_t end, void* panel);
  void (*products)(const void* left, const void* right, int64_t pairs, float* gradient, int64_t step, bool accumulates);
};

// Winograd's algorithm F(4 x 4, 3 x 3) in float32, step by step; see winograd.inc. Channels are multiples of 32. Of tiles [begin, end),
// position p of 36 of tile t lies at placeStep * p + tileStep * (t - begin).
struct WinogradKernels {
  // One panel of columns of weight [out, 3, 3, in], sums [begin, end) -> transformed [36, end - begin, panel]: sums over in, columns of out,
  // each times its scale (null: 1); flipped (for the gradient by the input) the other way round and without a scale.
  void (*filter)(const float* weight, const float* scale, int64_t in, bool flipped, int64_t panel, int64_t begin, int64_t end,
                 float* transformed, int64_t placeStep);
  void (*images)(bool bfloat16, const WinogradGeometry& geometry, const void* x, int64_t begin, int64_t end, float* transformed,
                 int64_t placeStep, int64_t tileStep);
  void (*gradients)(bool bfloat16, const WinogradGeometry& geometry, const void* dy, int64_t begin, int64_t end, float* transformed,
                    int64_t placeStep, int64_t tileStep);
  // Products -> `channels` channels of y from `channel` on; bias and residual may be null.
  void (*results)(bool bfloat16, const WinogradGeometry& geometry, const float* products, int64_t placeStep, int64_t tileStep, int64_t begin,
                  int64_t end, int64_t channel, int64_t channels, const float* bias, const void* residual, void* y, bool relu);
  // Sums [36, rows, channels] over tiles -> as many output and input channels of a gradient [out, 3, 3, in]
  void (*filterSums)(const float* sums, int64_t placeStep, int64_t rowStep, float* gradient, int64_t in, int64_t rows, int64_t channels);
};

struct SimdKernels {
  const char* name;

  // Columns of a float32 product at a time. A divisor of 32.
  int64_t panel;
  // One panel of c [rows, panel] (+)= a b; a's value (row, k) at a[row * aRow + k * aStep], of which one is 1, b's row k at b + k * bStep
  void (*product)(const float* a, int64_t aRow, int64_t aStep, const float* b, int64_t bStep, int64_t sums, float* c, int64_t cRow,
                  int64_t rows, bool accumulates);
  // out [count] = rows [count, length] times vector [length]; row i begins at rows + i * rowStep
  void (*rowProducts)(const float* rows, int64_t rowStep, const float* vector, int64_t count, int64_t length, float* out);

  // Sums over rows of x - pivot and its square. x [rows, channels]; sums and squares [channels].
  void (*batchNormSums)(bool bfloat16, const void* x, int64_t rows, int64_t channels, const float* pivot, double* sums, double* squares);

  // y = x * scale + shift (+ residual) (then at least 0). residual may be null.
  void (*normalise)(bool bfloat16, const void* x, const void* residual, void* y, int64_t rows, int64_t channels, const float* scale,
                    const float* shift, bool relu);

  // Sums over rows of g and g * (x - mean), g = dy where y > 0, or where scale * x + shift > 0 (y null), or dy (scale null too). If masked
  // is given, g is written there.
  void (*batchNormGradientSums)(bool bfloat16, const void* dy, const void* x, const void* y, void* masked, int64_t rows, int64_t channels,
                                const float* mean, const float* scale, const float* shift, double* sums, double* products);

  void (*batchNormGradient)(bool bfloat16, const void* dy, const void* x, const void* y, void* dx, int64_t rows, int64_t channels,
                            const BatchNormGradientTerms& terms);

  // One image [height, width, channels].
  void (*maxPool)(bool bfloat16, const void* x, void* y, const PoolGeometry& geometry);
  // The first of equal maxima gets the gradient. dx is overwritten.
  void (*maxPoolGradient)(bool bfloat16, const void* dy, const void* x, const void* y, void* dx, const PoolGeometry& geometry);

  // One image [pixels, channels] <-> float32 [channels / 16, pixels, 16]; on the way back residual (may be null) is added.
  void (*toBlocks)(bool bfloat16, const void* x, float* blocks, int64_t pixels, int64_t channels);
  void (*fromBlocks)(bool bfloat16, const float* blocks, const void* residual, void* y, int64_t pixels, int64_t channels, bool relu);

  WinogradKernels winograd;
  WinogradPairKernels winogradPairs;
  PixelPairKernels pixelPairs;

  // v = momentum v + g + weightDecay w; w -= learningRate v
  void (*sgdStep)(float* parameter, const float* gradient, float* velocity, int64_t count, float learningRate, float momentum,
                  float weightDecay);
  // See src/ops/adamStep.ts. stepSize = learningRate / (1 - beta1^step), correction = 1 / sqrt(1 - beta2^step),
  // share = 1 - beta, taken before rounding to float32.
  void (*adamStep)(float* parameter, const float* gradient, float* first, float* second, int64_t count, float stepSize, float correction,
                   float beta1, float share1, float beta2, float share2, float epsilon, float weightDecay);

  // average = momentum average + share value, share = 1 - momentum taken before rounding to float32
  void (*movingAverage)(float* average, const float* value, int64_t count, float momentum, float share);

  // Bins [begin, end) of one row of counter-based normals (src/ops/gaussianNoise.ts); begin is a multiple of 4.
  void (*gaussianNoise)(float* out, int64_t begin, int64_t end, uint32_t key0, uint32_t key1, float scale);
};

// The best of what was compiled that this processor runs.
const SimdKernels& simd();
// Its instruction set: baseline, avx2, avx512 or avx512bf16.
const char* simdName();

}  // namespace audiossl
