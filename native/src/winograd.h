// 3 x 3 convolutions of stride 1 by our own loops, whatever libtorch is underneath: F(4 x 4, 3 x 3) in float32 on images of float32 or
// bfloat16 (simd/winograd.inc), or F(2 x 2, 3 x 3) in bfloat16 where the processor multiplies it (simd/winogradPairs.inc).
#pragma once

#include "oneDnn.h"

namespace audiossl {

// Whether these loops do that convolution and both its gradients on images of this type. A fixed rule of the shape and the processor.
bool winogradFits(const ConvShape& shape, at::ScalarType type);

// What a convolution multiplies its images by: a filter's transform, or, where that is large, the filter itself ([out, 3, 3, in] in memory),
// which is then transformed strip by strip when it is used, times `scale` [out].
struct WinogradFilter {
  Tensor values;
  bool isTransformed, isFlipped;
  OptionalTensor scale;
};
// Whether a filter that adds up so many channels is transformed as a whole.
bool winogradTransforms(int64_t sums, at::ScalarType type);
// weight [out, in, 3, 3] float32 in any strides, for images of this type; flipped: for the gradient by the input
WinogradFilter winogradFilter(const Tensor& weight, at::ScalarType type, bool flipped);
// x, y, dy: contiguous [batch, height, width, channel] of one type, the one that the filter was made for
Tensor winogradForward(const ConvShape& shape, const Tensor& x, const WinogradFilter& filter, const Finish& finish);
Tensor winogradInputGradient(const ConvShape& shape, const Tensor& dy, const WinogradFilter& flippedFilter);
// -> [out, in, 3, 3] float32, channels last
Tensor winogradFilterGradient(const ConvShape& shape, const Tensor& x, const Tensor& dy);

}  // namespace audiossl
