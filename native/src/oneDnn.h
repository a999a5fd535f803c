// Convolutions by oneDNN itself, for what libtorch does not offer: Winograd's algorithm, filters packed once, results added to and cut
// at zero on the way out, and filter gradients of bfloat16 activations in float32.
#pragma once

#include "families.h"

namespace audiossl {

struct ConvShape {
  int64_t batch, height, width, in;
  int64_t windowHeight, windowWidth, out;
  int64_t strideHeight, strideWidth;
  int64_t top, bottom, left, right;  // padding

  int64_t outHeight() const { return (height + top + bottom - windowHeight) / strideHeight + 1; }
  int64_t outWidth() const { return (width + left + right - windowWidth) / strideWidth + 1; }
};

// In evaluation: y = (conv(x) + bias + residual), at least 0 if relu. bias [out] float32.
struct Finish {
  OptionalTensor bias;
  OptionalTensor residual;
  bool relu = false;
};

// A convolution oneDNN was asked to do with tensors of this type: what it wants its filter to look like.
struct ConvPlan;

// False where the addon was built without oneDNN's headers; then there are no plans.
bool hasOneDnn();
// Release of the oneDNN that is called here, and an address in its file; nothing without it.
std::string oneDnnRelease();
const void* oneDnnAddress();
// Null where oneDNN refuses. Plans are kept: each is made once.
const ConvPlan* planForward(const ConvShape& shape, at::ScalarType type, bool hasBias, bool hasResidual, bool relu);
const ConvPlan* planInputGradient(const ConvShape& shape, at::ScalarType type);
const ConvPlan* planFilterGradient(const ConvShape& shape, at::ScalarType type);
// One number for each plan, to keep packed filters by.
double planNumber(const ConvPlan& plan);

// weight [out, in, height, width] float32, in any strides -> bytes in the plan's order
Tensor packFilter(const ConvPlan& plan, const Tensor& weight);
// x, y, dy: contiguous [batch, height, width, channel] of the plan's type; results likewise
Tensor runForward(const ConvPlan& plan, const Tensor& x, const Tensor& packed, const Finish& finish);
Tensor runInputGradient(const ConvPlan& plan, const Tensor& dy, const Tensor& packed);
// -> [out, in, height, width] float32, channels last
Tensor runFilterGradient(const ConvPlan& plan, const Tensor& x, const Tensor& dy);

}  // namespace audiossl
