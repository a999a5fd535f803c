// What Winograd's algorithms share, whatever the size of their tiles: which convolutions they are for, and how these are laid out in tiles.
#pragma once

#include "../simd/kernels.h"
#include "oneDnn.h"

namespace audiossl {

inline int64_t up(int64_t count, int64_t each) { return (count + each - 1) / each; }

// A convolution of 3 x 3, stride 1 and a padding of at most 2, with multiples of `channels` channels.
inline bool isThreeByThree(const ConvShape& s, int64_t channels) {
  return s.windowHeight == 3 && s.windowWidth == 3 && s.strideHeight == 1 && s.strideWidth == 1 && s.in % channels == 0 &&
         s.out % channels == 0 && s.outHeight() >= 1 && s.outWidth() >= 1 && std::max({s.top, s.bottom, s.left, s.right}) <= 2;
}

// Tiles of side x side values of y an image.
inline int64_t tilesOfImage(int64_t outHeight, int64_t outWidth, int64_t side) { return up(outHeight, side) * up(outWidth, side); }
inline int64_t tilesOf(const WinogradGeometry& g, int64_t side) { return g.batch * tilesOfImage(g.outHeight, g.outWidth, side); }

inline WinogradGeometry geometryOf(const ConvShape& s) {
  return {s.batch, s.height, s.width, s.in, s.outHeight(), s.outWidth(), s.out, s.top, s.left};
}

// The gradient by the input is a convolution of dy by the flipped filter.
inline WinogradGeometry backwards(const ConvShape& s) {
  return {s.batch, s.outHeight(), s.outWidth(), s.out, s.height, s.width, s.in, 2 - s.top, 2 - s.left};
}

}  // namespace audiossl
