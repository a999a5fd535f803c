#include "winograd.h"

#include "parallel.h"
#include "sumOfRows.h"
#include "winogradGeometry.h"
#include "winogradPairs.h"

namespace audiossl {
namespace {

constexpr int64_t kPlaces = 36, kSide = 4, kChannels = 32;
constexpr int64_t kLine = 16;  // floats of a cache line

bool isBfloat16(const Tensor& x) { return x.scalar_type() == at::kBFloat16; }

// Transformed tiles or their products, [36, tiles, channels]. A line more a tile and a place, so that places do not fall into the
// same sets of the caches.
struct Tiles {
  int64_t tileStep, placeStep;
  Tensor memory;
  float* values;

  Tiles(int64_t tiles, int64_t channels) : tileStep(channels + kLine), placeStep(tiles * tileStep + kLine) {
    memory = at::empty({kPlaces * placeStep}, at::kFloat);
    values = memory.data_ptr<float>();
  }
  float* at(int64_t place, int64_t tile) const { return values + place * placeStep + tile * tileStep; }
};

struct Forward {
  const WinogradGeometry& g;
  const Tensor& x;
  const WinogradFilter& filter;
  const Tensor& y;
  const Finish& finish;

  void images(const Tiles& to, int64_t begin, int64_t end, int64_t first) const {
    simd().winograd.images(isBfloat16(x), g, x.data_ptr(), begin, end, to.at(0, begin - first), to.placeStep, to.tileStep);
  }
  void results(const Tiles& products, int64_t begin, int64_t end, int64_t channel, int64_t channels) const {
    simd().winograd.results(isBfloat16(x), g, products.values, products.placeStep, products.tileStep, begin, end, channel, channels,
                            finish.bias ? finish.bias->data_ptr<float>() : nullptr, finish.residual ? finish.residual->data_ptr() : nullptr,
                            y.data_ptr(), finish.relu);
  }
};

// Few channels: some tiles from x to y at a time, which stay in the second-level cache, by the whole of the transformed filter.
void forwardByTiles(const Forward& work, int64_t tiles) {
  constexpr int64_t kTiles = 28, kColumns = 64;
  const WinogradGeometry& g = work.g;
  const float* filter = work.filter.values.data_ptr<float>();
  int64_t panel = simd().panel;
  struct Scratch {
    Tiles images, products;
  };
  auto prepare = [&] { return Scratch{Tiles(kTiles, g.in), Tiles(kTiles, kColumns)}; };
  parallelPieces(up(tiles, kTiles), prepare, [&](int64_t piece, const Scratch& scratch) {
    int64_t begin = piece * kTiles, end = std::min(begin + kTiles, tiles);
    work.images(scratch.images, begin, end, begin);
    for (int64_t channel = 0; channel < g.out; channel += kColumns) {
      int64_t channels = std::min(kColumns, g.out - channel);
      for (int64_t place = 0; place < kPlaces; place++) {
        for (int64_t column = 0; column < channels; column += panel) {
          const float* columns = filter + ((channel + column) / panel * kPlaces + place) * g.in * panel;
          simd().product(scratch.images.at(place, 0), scratch.images.tileStep, 1, columns, panel, g.in, scratch.products.at(place, 0) + column,
                         scratch.products.tileStep, end - begin, false);
        }
      }
      work.results(scratch.products, begin, end, channel, channels);
    }
  });
}

// Many channels: the filter is what is large, four times so when it is transformed. A panel of it at a time is transformed, as many of its
// sums as the second-level cache holds, and multiplied by many tiles, which come from the cache behind that.
void forwardByPanels(const Forward& work, int64_t tiles) {
  constexpr int64_t kBytes = 40 << 20, kTiles = 8;
  const WinogradGeometry& g = work.g;
  const float *weight = work.filter.values.data_ptr<float>(), *scale = work.filter.scale ? work.filter.scale->data_ptr<float>() : nullptr;
  bool flipped = work.filter.isFlipped;
  int64_t weightIn = flipped ? g.out : g.in, panel = simd().panel, panels = g.out / panel;
  int64_t most = std::max<int64_t>(64, kBytes / (kPlaces * 4 * (g.in + g.out)));
  int64_t each = up(tiles, up(tiles, most));
  // Where there are more threads than panels some of them share one, and transform it once each.
  int64_t shares = up(2 * loopThreads(), panels), share = up(each, shares);
  Tiles images(each, g.in);
  struct Scratch {
    Tensor filter;
    Tiles products;
  };
  auto prepare = [&] { return Scratch{at::empty({kPlaces * kSumsTogether * panel}, at::kFloat), Tiles(share, panel)}; };
  for (int64_t first = 0; first < tiles; first += each) {
    int64_t count = std::min(each, tiles - first);
    parallelPieces(up(count, kTiles), [&](int64_t piece) {
      int64_t begin = first + piece * kTiles;
      work.images(images, begin, std::min(begin + kTiles, first + count), first);
    });
    parallelPieces(panels * up(count, share), prepare, [&](int64_t piece, const Scratch& scratch) {
      int64_t number = piece % panels, begin = piece / panels * share, end = std::min(begin + share, count);
      float* transformed = scratch.filter.data_ptr<float>();
      for (int64_t k = 0; k < g.in; k += kSumsTogether) {
        int64_t sums = std::min(kSumsTogether, g.in - k);
        simd().winograd.filter(weight, scale, weightIn, flipped, number, k, k + sums, transformed);
        for (int64_t place = 0; place < kPlaces; place++) {
          simd().product(images.at(place, begin) + k, images.tileStep, 1, transformed + place * sums * panel, panel, sums,
                         scratch.products.at(place, 0), scratch.products.tileStep, end - begin, k > 0);
        }
      }
      work.results(scratch.products, first + begin, first + end, number * panel, panel);
    });
  }
}

Tensor run(const WinogradGeometry& g, const Tensor& x, const WinogradFilter& filter, const Finish& finish) {
  Tensor y = at::empty({g.batch, g.outHeight, g.outWidth, g.out}, x.options());
  (filter.isTransformed ? forwardByTiles : forwardByPanels)({g, x, filter, y, finish}, tilesOf(g, kSide));
  return y;
}

// ---- the gradient by the filter: sums over tiles for each of 36 places, [36, out, in] ----

struct FilterGradient {
  const WinogradGeometry& g;
  const Tensor &x, &dy;

  void transform(const Tiles& images, const Tiles& gradients, int64_t begin, int64_t end, int64_t first) const {
    bool bfloat16 = isBfloat16(x);
    simd().winograd.images(bfloat16, g, x.data_ptr(), begin, end, images.at(0, begin - first), images.placeStep, images.tileStep);
    simd().winograd.gradients(bfloat16, g, dy.data_ptr(), begin, end, gradients.at(0, begin - first), gradients.placeStep, gradients.tileStep);
  }
  // Output channels [begin, end) of one place
  void sum(const Tiles& images, const Tiles& gradients, int64_t place, int64_t tiles, float* sums, int64_t begin, int64_t end,
           bool accumulates) const {
    for (int64_t channel = 0; channel < g.in; channel += simd().panel) {
      simd().product(gradients.at(place, 0) + begin, 1, gradients.tileStep, images.at(place, 0) + channel, images.tileStep, tiles,
                     sums + (place * g.out + begin) * g.in + channel, g.in, end - begin, accumulates);
    }
  }
};

// Few channels: the sums of some tiles stay in the second-level cache. The batch is cut the same for any number of threads.
Tensor sumsByTiles(const FilterGradient& work, int64_t tiles) {
  constexpr int64_t kShares = 12, kTiles = 32;
  const WinogradGeometry& g = work.g;
  int64_t share = up(up(tiles, kShares), kTiles) * kTiles, shares = up(tiles, share), floats = kPlaces * g.out * g.in;
  Tensor sums = at::empty({shares, floats}, at::kFloat);
  struct Scratch {
    Tiles images, gradients;
  };
  auto prepare = [&] { return Scratch{Tiles(kTiles, g.in), Tiles(kTiles, g.out)}; };
  parallelPieces(shares, prepare, [&](int64_t piece, const Scratch& scratch) {
    int64_t first = piece * share, last = std::min(first + share, tiles);
    for (int64_t begin = first; begin < last; begin += kTiles) {
      int64_t end = std::min(begin + kTiles, last);
      work.transform(scratch.images, scratch.gradients, begin, end, begin);
      for (int64_t place = 0; place < kPlaces; place++) {
        work.sum(scratch.images, scratch.gradients, place, end - begin, sums.data_ptr<float>() + piece * floats, 0, g.out, begin > first);
      }
    }
  });
  return sumOfRows(sums);
}

Tensor sumsByPlaces(const FilterGradient& work, int64_t tiles) {
  constexpr int64_t kBytes = 24 << 20, kTiles = 8, kRows = 128;
  const WinogradGeometry& g = work.g;
  int64_t most = std::max<int64_t>(128, kBytes / (kPlaces * 4 * (g.in + g.out)));
  int64_t each = up(tiles, up(tiles, most)), strips = up(g.out, kRows);
  Tiles images(each, g.in), gradients(each, g.out);
  Tensor sums = at::empty({kPlaces * g.out * g.in}, at::kFloat);
  for (int64_t first = 0; first < tiles; first += each) {
    int64_t count = std::min(each, tiles - first);
    parallelPieces(up(count, kTiles), [&](int64_t piece) {
      int64_t begin = first + piece * kTiles;
      work.transform(images, gradients, begin, std::min(begin + kTiles, first + count), first);
    });
    parallelPieces(kPlaces * strips, [&](int64_t piece) {
      int64_t begin = piece % strips * kRows;
      work.sum(images, gradients, piece / strips, count, sums.data_ptr<float>(), begin, std::min(begin + kRows, g.out), first > 0);
    });
  }
  return sums;
}

}  // namespace

bool winogradFits(const ConvShape& s, at::ScalarType type) {
  if (pairsFit(s, type)) return true;
  if (type != at::kFloat && type != at::kBFloat16) return false;
  if (type == at::kBFloat16 && simd().winogradPairs.forward) return false;  // oneDNN multiplies bfloat16 there
  if (!isThreeByThree(s, kChannels)) return false;
  // Not where tiles are mostly edge, nor where the filter is more work than the images. F(2 x 2, 3 x 3) would take fewer multiplications
  // only of maps that are 1 or 2 high or wide: 16 each 2 x 2 values, so 64 for 4 x 3 and 192 for 7 x 6 where this takes 36 and 144.
  int64_t area = s.outHeight() * s.outWidth(), tiles = tilesOfImage(s.outHeight(), s.outWidth(), kSide);
  return area >= 2 * 4 * tiles && tiles * s.batch >= 32;
}

bool winogradTransforms(int64_t sums, at::ScalarType type) {
  constexpr int64_t kFewChannels = 192;
  return sums <= kFewChannels || (type == at::kBFloat16 && simd().winogradPairs.forward);
}

WinogradFilter winogradFilter(const Tensor& given, at::ScalarType type, bool flipped) {
  if (type == at::kBFloat16 && simd().winogradPairs.forward) return {pairsFilter(given, flipped), true, flipped, {}};
  Tensor weight = given.contiguous(at::MemoryFormat::ChannelsLast);
  int64_t out = weight.size(0), in = weight.size(1), sums = flipped ? out : in, columns = flipped ? in : out, panelFloats = simd().panel;
  if (!winogradTransforms(sums, type)) return {weight, false, flipped, {}};
  Tensor transformed = at::empty({kPlaces * in * out}, at::kFloat);
  parallelPieces(columns / panelFloats, [&](int64_t panel) {
    simd().winograd.filter(weight.data_ptr<float>(), nullptr, in, flipped, panel, 0, sums,
                           transformed.data_ptr<float>() + panel * kPlaces * sums * panelFloats);
  });
  return {transformed, true, flipped, {}};
}

Tensor winogradForward(const ConvShape& shape, const Tensor& x, const WinogradFilter& filter, const Finish& finish) {
  if (isBfloat16(filter.values)) return pairsForward(shape, x, filter.values, finish);
  return run(geometryOf(shape), x, filter, finish);
}

Tensor winogradInputGradient(const ConvShape& shape, const Tensor& dy, const WinogradFilter& flippedFilter) {
  if (isBfloat16(flippedFilter.values)) return pairsInputGradient(shape, dy, flippedFilter.values);
  return run(backwards(shape), dy, flippedFilter, {});
}

Tensor winogradFilterGradient(const ConvShape& s, const Tensor& x, const Tensor& dy) {
  if (pairsFit(s, x.scalar_type())) return pairsFilterGradient(s, x, dy);
  WinogradGeometry g = geometryOf(s);
  constexpr int64_t kFewSums = 64 * 64, kRows = 8;
  FilterGradient work{g, x, dy};
  Tensor sums = (g.in * g.out <= kFewSums ? sumsByTiles : sumsByPlaces)(work, tilesOf(g, kSide));
  Tensor dw = at::empty({s.out, s.in, 3, 3}, at::TensorOptions(at::kFloat), at::MemoryFormat::ChannelsLast);
  parallelPieces(up(g.out, kRows), [&](int64_t piece) {
    int64_t row = piece * kRows;
    simd().winograd.filterSums(sums.data_ptr<float>() + row * g.in, g.out * g.in, g.in, dw.data_ptr<float>() + row * 9 * g.in, g.in,
                               std::min(kRows, g.out - row), g.in);
  });
  return dw;
}

}  // namespace audiossl
