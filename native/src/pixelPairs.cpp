#include "pixelPairs.h"

#include "../simd/kernels.h"
#include "parallel.h"

namespace audiossl {
namespace {

constexpr int64_t kPanel = 64;

int64_t up(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace

bool pixelPairsFit(const ConvShape& s, at::ScalarType type) {
  if (type != at::kBFloat16 || !simd().pixelPairs.pairs) return false;
  return s.in % kPanel == 0 && s.out % kPanel == 0 && s.outHeight() > 0 && s.outWidth() > 0;
}

Tensor pixelPairsFilterGradient(const ConvShape& s, const Tensor& x, const Tensor& dy) {
  // Pairs of pixels at a time: panels of x stay in a core's second-level cache, and the sums are read and written seldom.
  constexpr int64_t kMost = 1024, kEach = 64;
  int64_t height = s.outHeight(), width = s.outWidth(), pixels = s.batch * height * width;
  PoolGeometry images{s.height, s.width, s.in, height, width, s.windowHeight, s.windowWidth, s.strideHeight, s.strideWidth, s.top, s.left};
  PoolGeometry gradients{height, width, s.out, height, width, 1, 1, 1, 1, 0, 0};
  int64_t taps = s.windowHeight * s.windowWidth, step = taps * s.in, pairs = up(pixels, 2), each = up(pairs, up(pairs, kMost));
  const PixelPairKernels& kernels = simd().pixelPairs;
  Tensor left = at::empty({each * s.out}, at::kInt);
  Tensor dw = at::empty({s.out, s.in, s.windowHeight, s.windowWidth}, at::TensorOptions(at::kFloat), at::MemoryFormat::ChannelsLast);
  for (int64_t first = 0; first < pairs; first += each) {
    int64_t count = std::min(each, pairs - first);
    auto leftPanel = [&](int64_t panel) { return left.data_ptr<int>() + panel * count * kPanel; };
    int64_t parts = up(count, kEach);
    parallelPieces(s.out / kPanel * parts, [&](int64_t piece) {
      int64_t panel = piece / parts, begin = piece % parts * kEach, end = std::min(begin + kEach, count);
      kernels.pairs(gradients, dy.data_ptr(), pixels, 0, 0, panel * kPanel, first + begin, first + end, leftPanel(panel) + begin * kPanel);
    });
    // Each thread has a panel of x and goes through those of dy with it.
    auto prepare = [&] { return at::empty({count * kPanel}, at::kInt); };
    parallelPieces(taps * s.in / kPanel, prepare, [&](int64_t piece, const Tensor& right) {
      int64_t tap = piece / (s.in / kPanel), channel = piece % (s.in / kPanel) * kPanel;
      kernels.pairs(images, x.data_ptr(), pixels, tap / s.windowWidth, tap % s.windowWidth, channel, first, first + count, right.data_ptr());
      for (int64_t panel = 0; panel < s.out / kPanel; panel++) {
        kernels.products(leftPanel(panel), right.data_ptr(), count, dw.data_ptr<float>() + panel * kPanel * step + tap * s.in + channel, step,
                         first > 0);
      }
    });
  }
  return dw;
}

}  // namespace audiossl
