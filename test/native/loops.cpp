// Every loop of native/simd on arrays of exactly the size that it may touch, without libtorch: for sanitisers and for other processors.
// Prints the error of a convolution and of its filter's gradient by Winograd's algorithm against float64; 1 where it is too large.
//
//     L="-std=c++17 -O3 -fno-math-errno -fno-trapping-math -Wno-psabi -DAUDIOSSL_SIMD=baseline"    # -mavx2 -mfma, -mavx512f ... as loops.cmake
//     g++ $L -fsanitize=address,undefined -g test/native/loops.cpp native/simd/kernels.cpp native/simd/dispatch.cpp -o loops && ./loops
//     aarch64-linux-gnu-g++ $L ... && qemu-aarch64-static -L /usr/aarch64-linux-gnu ./loops
#include <cmath>
#include <cstdio>
#include <vector>

#include "../../native/simd/kernels.h"

namespace audiossl {
extern const SimdKernels AUDIOSSL_SIMD;
}
using namespace audiossl;

namespace {

const SimdKernels& k = AUDIOSSL_SIMD;
using Values = std::vector<float>;
using Halves = std::vector<uint16_t>;

Values uniform(int64_t count, uint32_t key) {
  uint32_t state = 2654435769u * key | 1;
  Values values(count);
  for (float& value : values) {
    state ^= state << 13, state ^= state >> 17, state ^= state << 5;
    value = static_cast<float>(static_cast<int32_t>(state)) / 2147483648.0f;
  }
  return values;
}

// float32 values, or the upper halves of them, as the loops take either.
struct Array {
  bool bfloat16;
  Values values;
  Halves halves;
  Array(bool bfloat16, int64_t count, uint32_t key) : bfloat16(bfloat16), values(bfloat16 ? 0 : count), halves(bfloat16 ? count : 0) {
    Values from = uniform(count, key);
    for (int64_t i = 0; i < count; i++) {
      if (!bfloat16) values[i] = from[i];
      else halves[i] = static_cast<uint16_t>(static_cast<int32_t>(from[i] * 30000.0f));
    }
  }
  void* data() { return bfloat16 ? static_cast<void*>(halves.data()) : values.data(); }
};

double relative(double error, double size) { return std::sqrt(error / size); }

// Forward and the gradient by the filter of x [3, 9, 11, 64] -> [3, 9, 11, 96], padding 1: the last tiles hang over every edge.
bool winograd() {
  WinogradGeometry g{3, 9, 11, 64, 9, 11, 96, 1, 1};
  int64_t tiles = g.batch * 3 * 3, pixels = g.batch * g.height * g.width;
  Values x = uniform(pixels * g.in, 1), w = uniform(g.out * 9 * g.in, 2), dy = uniform(pixels * g.out, 3);
  Values packed(36 * g.in * g.out), flipped(36 * g.in * g.out), images(36 * tiles * g.in), products(36 * tiles * g.out), y(pixels * g.out);
  for (int64_t panel = 0; panel < g.out / k.panel; panel++) {
    k.winograd.filter(w.data(), nullptr, g.in, false, panel, 0, g.in, packed.data() + panel * 36 * g.in * k.panel, g.in * k.panel);
  }
  for (int64_t panel = 0; panel < g.in / k.panel; panel++) {
    k.winograd.filter(w.data(), nullptr, g.in, true, panel, 0, g.out, flipped.data() + panel * 36 * g.out * k.panel, g.out * k.panel);
  }
  k.winograd.images(false, g, x.data(), 0, tiles, images.data(), tiles * g.in, g.in);
  for (int64_t p = 0; p < 36; p++) {
    for (int64_t c = 0; c < g.out; c += k.panel) {
      k.product(images.data() + p * tiles * g.in, g.in, 1, packed.data() + (c / k.panel * 36 + p) * g.in * k.panel, k.panel, g.in,
                products.data() + p * tiles * g.out + c, g.out, tiles, false);
    }
  }
  k.winograd.results(false, g, products.data(), tiles * g.out, g.out, 0, tiles, 0, g.out, nullptr, nullptr, y.data(), false);
  Values gradients(36 * tiles * g.out), sums(36 * g.out * g.in), dw(g.out * 9 * g.in);
  k.winograd.gradients(false, g, dy.data(), 0, tiles, gradients.data(), tiles * g.out, g.out);
  for (int64_t p = 0; p < 36; p++) {
    for (int64_t c = 0; c < g.in; c += k.panel) {
      k.product(gradients.data() + p * tiles * g.out, 1, g.out, images.data() + p * tiles * g.in + c, g.in, tiles,
                sums.data() + p * g.out * g.in + c, g.in, g.out, false);
    }
  }
  k.winograd.filterSums(sums.data(), g.out * g.in, g.in, dw.data(), g.in, g.out, g.in);

  double error[2] = {}, size[2] = {};
  std::vector<double> exactDw(dw.size());
  for (int64_t n = 0; n < g.batch; n++) {
    for (int64_t i = 0; i < g.height; i++) {
      for (int64_t j = 0; j < g.width; j++) {
        int64_t to = ((n * g.height + i) * g.width + j) * g.out;
        for (int64_t o = 0; o < g.out; o++) {
          double sum = 0;
          for (int tap = 0; tap < 9; tap++) {
            int64_t row = i + tap / 3 - 1, column = j + tap % 3 - 1;
            if (row < 0 || column < 0 || row >= g.height || column >= g.width) continue;
            const float* from = x.data() + ((n * g.height + row) * g.width + column) * g.in;
            for (int64_t c = 0; c < g.in; c++) {
              sum += static_cast<double>(from[c]) * w[(o * 9 + tap) * g.in + c];
              exactDw[(o * 9 + tap) * g.in + c] += static_cast<double>(from[c]) * dy[to + o];
            }
          }
          error[0] += (y[to + o] - sum) * (y[to + o] - sum), size[0] += sum * sum;
        }
      }
    }
  }
  for (size_t i = 0; i < dw.size(); i++) error[1] += (dw[i] - exactDw[i]) * (dw[i] - exactDw[i]), size[1] += exactDw[i] * exactDw[i];
  double forward = relative(error[0], size[0]), filter = relative(error[1], size[1]);
  std::printf("%s: convolution errs by %.2e, its filter's gradient by %.2e\n", k.name, forward, filter);
  return forward < 2e-6 && filter < 2e-6;
}

// The other loops, with what does not fill a register left over.
void others(bool bfloat16) {
  for (int64_t channels : {64, 67, 3}) {
    int64_t rows = 35;
    Array x(bfloat16, rows * channels, 1), y(bfloat16, rows * channels, 2), dy(bfloat16, rows * channels, 3), out(bfloat16, rows * channels, 4);
    Values scale = uniform(channels, 5), shift = uniform(channels, 6), offset = uniform(channels, 7);
    std::vector<double> sums(channels), products(channels);
    k.batchNormSums(bfloat16, x.data(), rows, channels, shift.data(), sums.data(), products.data());
    for (bool relu : {false, true}) {
      k.normalise(bfloat16, x.data(), relu ? y.data() : nullptr, out.data(), rows, channels, scale.data(), shift.data(), relu);
    }
    for (void* given : {y.data(), static_cast<void*>(nullptr)}) {
      k.batchNormGradientSums(bfloat16, dy.data(), x.data(), given, out.data(), rows, channels, shift.data(), given ? nullptr : scale.data(),
                              shift.data(), sums.data(), products.data());
      BatchNormGradientTerms terms{scale.data(), shift.data(), offset.data(), given ? nullptr : scale.data(), given ? nullptr : shift.data()};
      k.batchNormGradient(bfloat16, dy.data(), x.data(), given, out.data(), rows, channels, terms);
    }
    PoolGeometry pool{7, 5, channels, 4, 3, 3, 3, 2, 2, 1, 1};
    Array pooled(bfloat16, 12 * channels, 8), gradient(bfloat16, 12 * channels, 9);
    k.maxPool(bfloat16, x.data(), pooled.data(), pool);
    k.maxPoolGradient(bfloat16, gradient.data(), x.data(), pooled.data(), out.data(), pool);
    if (channels % 16 == 0) {
      Values blocks(rows * channels);
      k.toBlocks(bfloat16, x.data(), blocks.data(), rows, channels);
      k.fromBlocks(bfloat16, blocks.data(), y.data(), out.data(), rows, channels, true);
    }
  }
}

void steps() {
  for (int64_t count : {1, 77, 1003}) {
    Values parameter = uniform(count, 1), gradient = uniform(count, 2), first(count), second(count);
    k.sgdStep(parameter.data(), gradient.data(), first.data(), count, 0.1f, 0.9f, 1e-4f);
    k.adamStep(parameter.data(), gradient.data(), first.data(), second.data(), count, 0.1f, 1.0f, 0.9f, 0.1f, 0.999f, 0.001f, 1e-8f, 1e-4f);
    k.movingAverage(parameter.data(), gradient.data(), count, 0.99f, 0.01f);
    k.gaussianNoise(parameter.data(), 0, count, 1, 2, 0.5f);
  }
}

}  // namespace

int main() {
  for (bool bfloat16 : {false, true}) others(bfloat16);
  steps();
  return winograd() ? 0 : 1;
}
