// Maximum and average pooling over 2 or 3 spatial axes, and gradients. x [batch, space..., channel].
#include "families.h"

namespace audiossl {
namespace {

Tensor channelsFirst(const Tensor& x) { return x.dim() == 5 ? x.permute({0, 4, 1, 2, 3}) : x.permute({0, 3, 1, 2}); }
Tensor channelsLast(const Tensor& x) { return (x.dim() == 5 ? x.permute({0, 2, 3, 4, 1}) : x.permute({0, 2, 3, 1})).contiguous(); }

bool isPadded(const Ints& pads) {
  for (int64_t pad : pads) {
    if (pad != 0) return true;
  }
  return false;
}

// pads: before and after each spatial axis
Tensor padded(const Tensor& x, const Ints& pads, double value) {
  if (!isPadded(pads)) return x;
  Ints reversed;
  for (size_t i = pads.size(); i >= 2; i -= 2) {
    reversed.push_back(pads[i - 2]);
    reversed.push_back(pads[i - 1]);
  }
  return at::constant_pad_nd(x, reversed, value);
}

Tensor cropped(Tensor x, const Ints& pads, at::IntArrayRef shape) {
  for (size_t axis = 0; axis < pads.size() / 2; axis++) x = x.narrow(axis + 2, pads[2 * axis], shape[axis + 2]);
  return x;
}

std::tuple<Tensor, Tensor> maxWithIndices(const Tensor& x, const Ints& size, const Ints& strides, const Ints& dilations) {
  if (x.dim() == 5) return at::max_pool3d_with_indices(x, size, strides, 0, dilations);
  return at::max_pool2d_with_indices(x, size, strides, 0, dilations);
}

// One value past the end of a window that does not fit is left out, as the output shape of tfjs's "valid" and "same" demands.
Tensor maxPool(const Tensor& x, const Ints& size, const Ints& strides, const Ints& pads, const Ints& dilations) {
  Tensor input = channelsFirst(x);
  if (!x.is_floating_point()) input = input.to(at::kFloat);
  // tfjs passes over NaN
  input = at::where(at::isnan(input), -INFINITY, input);
  return channelsLast(std::get<0>(maxWithIndices(padded(input, pads, -INFINITY), size, strides, dilations))).to(x.scalar_type());
}

Tensor maxPoolGradient(const Tensor& dy, const Tensor& x, const Ints& size, const Ints& strides, const Ints& pads, const Ints& dilations) {
  Tensor input = padded(channelsFirst(x), pads, -INFINITY);
  auto [y, indices] = maxWithIndices(input, size, strides, dilations);
  Tensor gradient = channelsFirst(dy);
  Tensor dx = x.dim() == 5 ? at::max_pool3d_with_indices_backward(gradient, input, size, strides, 0, dilations, false, indices)
                           : at::max_pool2d_with_indices_backward(gradient, input, size, strides, 0, dilations, false, indices);
  return channelsLast(cropped(dx, pads, channelsFirst(x).sizes()));
}

Tensor average(const Tensor& x, const Ints& size, const Ints& strides) {
  return x.dim() == 5 ? at::avg_pool3d(x, size, strides) : at::avg_pool2d(x, size, strides);
}

// Share of each window that is not padding, [1, 1, space...]; tfjs divides by the number of real values.
Tensor share(const Tensor& x, const Ints& size, const Ints& strides, const Ints& pads) {
  Ints shape = x.sizes().vec();
  shape[0] = shape[1] = 1;
  return average(padded(at::ones(shape, x.options()), pads, 0), size, strides);
}

Tensor avgPool(const Tensor& x, const Ints& size, const Ints& strides, const Ints& pads) {
  Tensor input = channelsFirst(x.is_floating_point() ? x : x.to(at::kFloat));
  Tensor y = average(padded(input, pads, 0), size, strides);
  // A window that is all padding has the average 0.
  return channelsLast(isPadded(pads) ? y / share(input, size, strides, pads).clamp_min(1e-30) : y);
}

Tensor avgPoolGradient(const Tensor& dy, const Tensor& x, const Ints& size, const Ints& strides, const Ints& pads) {
  Tensor input = channelsFirst(x), gradient = channelsFirst(dy), wide = padded(input, pads, 0);
  if (isPadded(pads)) gradient = gradient / share(input, size, strides, pads).clamp_min(1e-30);
  Tensor dx = x.dim() == 5 ? at::avg_pool3d_backward(gradient, wide, size, strides, 0, false, true, c10::nullopt)
                           : at::avg_pool2d_backward(gradient, wide, size, strides, 0, false, true, c10::nullopt);
  return channelsLast(cropped(dx, pads, input.sizes()));
}

}  // namespace

void definePooling(Module& m) {
  m.def("maxPool", maxPool);
  m.def("maxPoolGradient", maxPoolGradient);
  m.def("avgPool", avgPool);
  m.def("avgPoolGradient", avgPoolGradient);
}

}  // namespace audiossl
