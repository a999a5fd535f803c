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

// Floats from one place to the next of a panel of a transformed filter: a line more, as in Tiles.
int64_t filterStep(int64_t sums) { return sums * simd().panel + kLine; }

// Panels [begin, end) of the transform, [panel, 36, sums, columns].
Tensor transformed(const WinogradFilter& filter, int64_t begin, int64_t end) {
  constexpr int64_t kSums = 128;
  int64_t out = filter.values.size(0), in = filter.values.size(1), sums = filter.isFlipped ? out : in, step = filterStep(sums);
  Tensor result = at::empty({(end - begin) * kPlaces * step}, at::kFloat);
  const float *weight = filter.values.data_ptr<float>(), *scale = filter.scale ? filter.scale->data_ptr<float>() : nullptr;
  int64_t parts = up(sums, kSums);
  parallelPieces((end - begin) * parts, [&](int64_t piece) {
    int64_t panel = piece / parts, first = piece % parts * kSums;
    simd().winograd.filter(weight, scale, in, filter.isFlipped, begin + panel, first, std::min(first + kSums, sums),
                           result.data_ptr<float>() + panel * kPlaces * step + first * simd().panel, step);
  });
  return result;
}

struct Forward {
  const WinogradGeometry& g;
  const Tensor& x;
  const WinogradFilter& filter;
  const Tensor& y;
  const Finish& finish;

  void images(const Tiles& to, int64_t begin, int64_t end, int64_t first) const {
    simd().winograd.images(isBfloat16(x), g, x.data_ptr(), begin, end, to.at(0, begin - first), to.placeStep, to.tileStep);
  }
  // Channels [begin, end) of the products of one place; `filter` begins at channel `filterFirst`, `to` at `first`
  void products(const Tiles& images, const Tensor& filter, int64_t filterFirst, const Tiles& to, int64_t place, int64_t tiles, int64_t begin,
                int64_t end, int64_t first) const {
    int64_t panel = simd().panel;
    for (int64_t channel = begin; channel < end; channel += panel) {
      const float* columns = filter.data_ptr<float>() + ((channel - filterFirst) / panel * kPlaces + place) * filterStep(g.in);
      simd().product(images.at(place, 0), images.tileStep, 1, columns, panel, g.in, to.at(place, 0) + channel - first, to.tileStep, tiles,
                     false);
    }
  }
  void results(const Tiles& products, int64_t begin, int64_t end, int64_t first, int64_t channel, int64_t channels) const {
    simd().winograd.results(isBfloat16(x), g, products.at(0, begin - first), products.placeStep, products.tileStep, begin, end, channel, channels,
                            finish.bias ? finish.bias->data_ptr<float>() : nullptr, finish.residual ? finish.residual->data_ptr() : nullptr,
                            y.data_ptr(), finish.relu);
  }
};

// Few channels: some tiles from x to y at a time, which stay in the second-level cache.
void forwardByTiles(const Forward& work, int64_t tiles) {
  constexpr int64_t kTiles = 28, kColumns = 64;
  const WinogradGeometry& g = work.g;
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
        work.products(scratch.images, work.filter.values, 0, scratch.products, place, end - begin, channel, channel + channels, channel);
      }
      work.results(scratch.products, begin, end, begin, channel, channels);
    }
  });
}

// Many channels: the filter is what is large, so each of its places serves many tiles at a time. Where it is not transformed yet a strip of
// it is, before it is used.
void forwardByPlaces(const Forward& work, int64_t tiles) {
  constexpr int64_t kBytes = 40 << 20, kTiles = 8, kColumns = 128;
  const WinogradGeometry& g = work.g;
  int64_t most = std::max<int64_t>(64, kBytes / (kPlaces * 4 * (g.in + g.out)));
  int64_t each = up(tiles, up(tiles, most)), panel = simd().panel, columns = work.filter.isTransformed ? g.out : kColumns;
  Tiles images(each, g.in), products(each, g.out);
  for (int64_t first = 0; first < tiles; first += each) {
    int64_t count = std::min(each, tiles - first);
    parallelPieces(up(count, kTiles), [&](int64_t piece) {
      int64_t begin = first + piece * kTiles;
      work.images(images, begin, std::min(begin + kTiles, first + count), first);
    });
    for (int64_t begin = 0; begin < g.out; begin += columns) {
      int64_t end = std::min(begin + columns, g.out), strips = up(end - begin, kColumns);
      Tensor filter = work.filter.isTransformed ? work.filter.values : transformed(work.filter, begin / panel, end / panel);
      parallelPieces(kPlaces * strips, [&](int64_t piece) {
        int64_t from = begin + piece % strips * kColumns;
        work.products(images, filter, begin, products, piece / strips, count, from, std::min(from + kColumns, end), 0);
      });
    }
    parallelPieces(up(count, kTiles), [&](int64_t piece) {
      int64_t begin = first + piece * kTiles;
      work.results(products, begin, std::min(begin + kTiles, first + count), first, 0, g.out);
    });
  }
}

Tensor run(const WinogradGeometry& g, const Tensor& x, const WinogradFilter& filter, const Finish& finish) {
  Tensor y = at::empty({g.batch, g.outHeight, g.outWidth, g.out}, x.options());
  constexpr int64_t kFewChannels = 192;
  (g.in <= kFewChannels ? forwardByTiles : forwardByPlaces)({g, x, filter, y, finish}, tilesOf(g, kSide));
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
  constexpr int64_t kMostChannels = 256;
  return sums <= kMostChannels || (type == at::kBFloat16 && simd().winogradPairs.forward);
}

WinogradFilter winogradFilter(const Tensor& given, at::ScalarType type, bool flipped) {
  if (type == at::kBFloat16 && simd().winogradPairs.forward) return {pairsFilter(given, flipped), true, flipped, {}};
  WinogradFilter filter{given.contiguous(at::MemoryFormat::ChannelsLast), false, flipped, {}};
  int64_t sums = filter.values.size(flipped ? 0 : 1), columns = filter.values.size(flipped ? 1 : 0);
  if (!winogradTransforms(sums, type)) return filter;
  return {transformed(filter, 0, columns / simd().panel), true, flipped, {}};
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
