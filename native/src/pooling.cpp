// Maximum and average pooling over 2 or 3 spatial axes, and gradients. x [batch, space..., channel].
#include "../simd/kernels.h"
#include "families.h"
#include "parallel.h"

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

// ---- 2 axes: our own loops over channels-last images ----
PoolGeometry geometryOf(const Tensor& x, const Ints& size, const Ints& strides, const Ints& pads) {
  PoolGeometry g{x.size(1), x.size(2), x.size(3), 0, 0, size[0], size[1], strides[0], strides[1], pads[0], pads[2]};
  g.outHeight = (g.height + pads[0] + pads[1] - g.windowHeight) / g.strideHeight + 1;
  g.outWidth = (g.width + pads[2] + pads[3] - g.windowWidth) / g.strideWidth + 1;
  return g;
}

Tensor activation(const Tensor& x) {
  bool isKept = x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16;
  return (isKept ? x : x.to(at::kFloat)).contiguous();
}

char* imageOf(const Tensor& x, int64_t image) { return static_cast<char*>(x.data_ptr()) + image * x.stride(0) * x.element_size(); }

Tensor maxPool2d(const Tensor& given, const Ints& size, const Ints& strides, const Ints& pads) {
  Tensor x = activation(given);
  PoolGeometry geometry = geometryOf(x, size, strides, pads);
  Tensor y = at::empty({x.size(0), geometry.outHeight, geometry.outWidth, geometry.channels}, x.options());
  bool bfloat16 = x.scalar_type() == at::kBFloat16;
  parallelPieces(x.size(0), [&](int64_t image) { simd().maxPool(bfloat16, imageOf(x, image), imageOf(y, image), geometry); });
  return bfloat16 ? y : y.to(given.scalar_type());
}

Tensor maxPoolGradient2d(const Tensor& givenDy, const Tensor& givenX, const Tensor& givenY, const Ints& size, const Ints& strides,
                         const Ints& pads) {
  Tensor x = activation(givenX), y = givenY.to(x.scalar_type()).contiguous(), dy = givenDy.to(x.scalar_type()).contiguous();
  PoolGeometry geometry = geometryOf(x, size, strides, pads);
  Tensor dx = at::empty_like(x);
  bool bfloat16 = x.scalar_type() == at::kBFloat16;
  parallelPieces(x.size(0), [&](int64_t image) {
    simd().maxPoolGradient(bfloat16, imageOf(dy, image), imageOf(x, image), imageOf(y, image), imageOf(dx, image), geometry);
  });
  return dx;
}

// ---- 3 axes: libtorch's; tfjs passes over NaN, libtorch does not ----
Tensor withoutNan(const Tensor& x, const Ints& pads) {
  Tensor input = channelsFirst(x.is_floating_point() ? x : x.to(at::kFloat));
  return padded(at::where(at::isnan(input), -INFINITY, input), pads, -INFINITY);
}

Tensor maxPool(const Tensor& x, const Ints& size, const Ints& strides, const Ints& pads) {
  if (x.dim() == 4) return maxPool2d(x, size, strides, pads);
  return channelsLast(std::get<0>(at::max_pool3d_with_indices(withoutNan(x, pads), size, strides))).to(x.scalar_type());
}

Tensor maxPoolGradient(const Tensor& dy, const Tensor& x, const Tensor& y, const Ints& size, const Ints& strides, const Ints& pads) {
  if (x.dim() == 4) return maxPoolGradient2d(dy, x, y, size, strides, pads);
  Tensor input = withoutNan(x, pads);
  Tensor indices = std::get<1>(at::max_pool3d_with_indices(input, size, strides));
  Tensor dx = at::max_pool3d_with_indices_backward(channelsFirst(dy), input, size, strides, 0, 1, false, indices);
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
  m.defBfloat16("maxPool", maxPool);
  m.defBfloat16("maxPoolGradient", maxPoolGradient);
  m.def("avgPool", avgPool);
  m.def("avgPoolGradient", avgPoolGradient);
}

}  // namespace audiossl
