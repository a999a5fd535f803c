#include "winogradPairs.h"

#include "parallel.h"
#include "winogradGeometry.h"

namespace audiossl {
namespace {

constexpr int64_t kPositions = 16, kSide = 2, kPanel = 64;

// Tiles that a thread takes at a time: what it makes of them stays in its second-level cache. A tile's result does not depend on it.
int64_t tilesAtATime(const WinogradGeometry& g) {
  constexpr int64_t kBytes = 1 << 20, kMost = 64;
  int64_t most = std::min(kMost, std::max<int64_t>(6, kBytes / (2 * kPositions * g.in)));
  // As many pieces for each thread.
  int64_t tiles = tilesOf(g, kSide), threads = loopThreads();
  int64_t pieces = up(up(tiles, most), threads) * threads;
  return std::max<int64_t>(1, up(tiles, pieces));
}

Tensor run(const WinogradGeometry& g, const Tensor& x, const Tensor& filter, const Finish& finish) {
  Tensor y = at::empty({g.batch, g.outHeight, g.outWidth, g.out}, at::kBFloat16);
  int64_t tiles = tilesOf(g, kSide), each = tilesAtATime(g);
  auto prepare = [&] { return at::empty({kPositions * each * (2 * g.in + 4 * kPanel)}, at::kByte); };
  parallelPieces(up(tiles, each), prepare, [&](int64_t piece, const Tensor& scratch) {
    simd().winogradPairs.forward(g, x.data_ptr(), filter.data_ptr(), finish.bias ? finish.bias->data_ptr<float>() : nullptr,
                                 finish.residual ? finish.residual->data_ptr() : nullptr, y.data_ptr(), finish.relu, piece * each,
                                 std::min((piece + 1) * each, tiles), scratch.data_ptr());
  });
  return y;
}

}  // namespace

bool pairsFit(const ConvShape& s, at::ScalarType type) {
  if (type != at::kBFloat16 || !simd().winogradPairs.forward) return false;
  if (!isThreeByThree(s, kPanel)) return false;
  // Not where most of the tiles hang over the edge, nor where the filter is more work than the images.
  int64_t tiles = tilesOfImage(s.outHeight(), s.outWidth(), kSide);
  return 2 * tiles * 4 <= 3 * s.outHeight() * s.outWidth() && tiles * s.batch >= 64;
}

Tensor pairsFilter(const Tensor& given, bool flipped) {
  Tensor weight = given.contiguous(at::MemoryFormat::ChannelsLast);
  int64_t out = weight.size(0), in = weight.size(1);
  Tensor packed = at::empty({kPositions * in * out}, at::kBFloat16);
  parallelPieces((flipped ? in : out) / kPanel, [&](int64_t panel) {
    simd().winogradPairs.filter(weight.data_ptr<float>(), packed.data_ptr(), in, out, flipped, panel, panel + 1);
  });
  return packed;
}

Tensor pairsForward(const ConvShape& shape, const Tensor& x, const Tensor& filter, const Finish& finish) {
  return run(geometryOf(shape), x, filter, finish);
}

Tensor pairsInputGradient(const ConvShape& shape, const Tensor& dy, const Tensor& flippedFilter) {
  return run(backwards(shape), dy, flippedFilter, {});
}

Tensor pairsFilterGradient(const ConvShape& s, const Tensor& x, const Tensor& dy) {
  constexpr int64_t kPairs = 16, kRows = 8;
  WinogradGeometry g = geometryOf(s);
  // So many pairs of tiles at a time that their transforms stay in the caches, but are no less than the sums that each time is read and
  // written. The sums do not depend on the number of threads.
  int64_t bytes = std::max<int64_t>(4 << 20, kPositions * 4 * g.in * g.out);
  int64_t pairs = up(tilesOf(g, kSide), 2), most = std::max<int64_t>(32, bytes / (kPositions * 4 * (g.in + g.out)));
  int64_t each = up(pairs, up(pairs, most));
  Tensor images = at::empty({kPositions * each * g.in}, at::kInt), gradients = at::empty({kPositions * each * g.out}, at::kInt);
  Tensor products = at::empty({kPositions, g.out, g.in}, at::kFloat);
  for (int64_t first = 0; first < pairs; first += each) {
    int64_t count = std::min(each, pairs - first);
    parallelRanges(count, kPairs, [&](int64_t begin, int64_t end) {
      simd().winogradPairs.pairs(g, x.data_ptr(), false, first, count, first + begin, first + end, images.data_ptr());
      simd().winogradPairs.pairs(g, dy.data_ptr(), true, first, count, first + begin, first + end, gradients.data_ptr());
    });
    parallelPieces(kPositions, [&](int64_t p) {
      simd().winogradPairs.products(gradients.data_ptr<int>() + p * count * g.out, images.data_ptr<int>() + p * count * g.in, count, g.in,
                                    g.out, products.data_ptr<float>() + p * g.out * g.in, first > 0);
    });
  }
  Tensor dw = at::empty({s.out, s.in, 3, 3}, at::TensorOptions(at::kFloat), at::MemoryFormat::ChannelsLast);
  parallelRanges(g.out, kRows, [&](int64_t begin, int64_t end) {
    simd().winogradPairs.filterGradient(products.data_ptr<float>(), dw.data_ptr<float>(), g.in, g.out, begin, end);
  });
  return dw;
}

}  // namespace audiossl
