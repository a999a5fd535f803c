// 3 x 3 convolutions of stride 1 where the processor multiplies bfloat16, by our own loops (simd/winogradPairs.inc): 2.25 times fewer
// multiplications than the plain algorithm, which multiplies as fast as the processor can.
#pragma once

#include "oneDnn.h"

namespace audiossl {

// Whether these loops do that convolution and both its gradients: where they can, they are the faster way.
bool pairsFit(const ConvShape& shape, at::ScalarType type);

// weight [out, in, 3, 3] float32 in any strides -> its transform; flipped: for the gradient by the input
Tensor pairsFilter(const Tensor& weight, bool flipped);
// x, y, dy: contiguous bfloat16 [batch, height, width, channel]
Tensor pairsForward(const ConvShape& shape, const Tensor& x, const Tensor& filter, const Finish& finish);
Tensor pairsInputGradient(const ConvShape& shape, const Tensor& dy, const Tensor& flippedFilter);
// -> [out, in, 3, 3] float32, channels last
Tensor pairsFilterGradient(const ConvShape& shape, const Tensor& x, const Tensor& dy);

}  // namespace audiossl
