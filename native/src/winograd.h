// 3 x 3 convolutions of stride 1 on bfloat16 images by our own loops (simd/winograd.inc): 2.25 times fewer multiplications than the
// plain algorithm, which multiplies as fast as the processor can.
#pragma once

#include "oneDnn.h"

namespace audiossl {

// Whether these loops do that convolution and both its gradients: where they can, they are the faster way.
bool winogradFits(const ConvShape& shape, at::ScalarType type);

// weight [out, in, 3, 3] float32 in any strides -> its transform; flipped: for the gradient by the input
Tensor winogradFilter(const Tensor& weight, bool flipped);
// x, y, dy: contiguous bfloat16 [batch, height, width, channel]
Tensor winogradForward(const ConvShape& shape, const Tensor& x, const Tensor& filter, const Finish& finish);
Tensor winogradInputGradient(const ConvShape& shape, const Tensor& dy, const Tensor& flippedFilter);
// -> [out, in, 3, 3] float32, channels last
Tensor winogradFilterGradient(const ConvShape& shape, const Tensor& x, const Tensor& dy);

}  // namespace audiossl
