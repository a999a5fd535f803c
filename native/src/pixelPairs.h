// The gradient of a filter by our own loops where the processor multiplies bfloat16, for what Winograd's algorithm does not take
// (stride 2, windows of one pixel): oneDNN is far from the processor's rate where the images are small and the filter is large.
#pragma once

#include "oneDnn.h"

namespace audiossl {

// Whether these loops make that gradient: a fixed rule of the shape and the processor.
bool pixelPairsFit(const ConvShape& shape, at::ScalarType type);
// x, dy: contiguous bfloat16 [batch, height, width, channel] -> [out, in, height, width] float32, channels last
Tensor pixelPairsFilterGradient(const ConvShape& shape, const Tensor& x, const Tensor& dy);

}  // namespace audiossl
