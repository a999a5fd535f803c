// 3 x 3 convolutions of stride 1 on bfloat16 images by our own loops (simd/winograd.inc): 2.25 times fewer multiplications than the
// plain algorithm, which multiplies as fast as the processor can.
#pragma once

#include "oneDnn.h"

namespace audiossl {

// Whether these loops do that convolution (and both its gradients), and are the faster way.
bool winogradFits(const ConvShape& shape, at::ScalarType type);

// Whether it is also the faster way forward and to the input's gradient. Measured: with one thread it is; with two, which may share a
// core and its caches, oneDNN's plain convolution takes 278 + 260 ms of a step where this takes 318 + 308. The filter's gradient is faster
// by Winograd either way (422 ms, not 482).
bool winogradWins(const ConvShape& shape, at::ScalarType type);

// weight [out, in, 3, 3] float32 in any strides -> its transform; flipped: for the gradient by the input
Tensor winogradFilter(const Tensor& weight, bool flipped);
// x, y, dy: contiguous bfloat16 [batch, height, width, channel]
Tensor winogradForward(const ConvShape& shape, const Tensor& x, const Tensor& filter, const Finish& finish);
Tensor winogradInputGradient(const ConvShape& shape, const Tensor& dy, const Tensor& flippedFilter);
// -> [out, in, 3, 3] float32, channels last
Tensor winogradFilterGradient(const ConvShape& shape, const Tensor& x, const Tensor& dy);

}  // namespace audiossl
