// Reductions over axes, softmax, cumulative kernels, top-k.
#include "families.h"

namespace audiossl {
namespace {

Tensor sum(const Tensor& x, const Ints& axes, bool keepDims) {
  if (axes.empty()) return x.clone();
  auto type = x.scalar_type() == at::kBool ? at::kInt : x.scalar_type() == at::kBFloat16 ? at::kFloat : x.scalar_type();
  return at::sum(x, axes, keepDims, type);
}

Tensor prod(const Tensor& x, const Ints& axes, bool keepDims) {
  Tensor result = x.scalar_type() == at::kBool ? x.to(at::kInt) : x;
  for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) result = at::prod(result, *axis, keepDims, result.scalar_type());
  return axes.empty() ? result.clone() : result;
}

// Sorted axes, highest first, so that dropping one does not move the others.
Tensor each(const Tensor& x, const Ints& axes, bool keepDims, Tensor (*reduce)(const Tensor&, int64_t, bool)) {
  Tensor result = x;
  for (auto axis = axes.rbegin(); axis != axes.rend(); ++axis) result = reduce(result, *axis, keepDims);
  return axes.empty() ? result.clone() : result;
}

// amax of no elements along an axis is an error in libtorch and the identity in tfjs.
Tensor extremum(const Tensor& x, const Ints& axes, bool keepDims, bool largest) {
  if (axes.empty()) return x.clone();
  bool empty = false;
  for (int64_t axis : axes) empty = empty || x.size(axis) == 0;
  if (empty) {
    double identity = largest ? -INFINITY : INFINITY;
    return at::sum(x, axes, keepDims).fill_(identity);
  }
  return largest ? at::amax(x, axes, keepDims) : at::amin(x, axes, keepDims);
}

// tfjs passes over NaN where libtorch would return its index, and libtorch does not compare booleans.
Tensor comparable(const Tensor& x, double instead) {
  if (x.scalar_type() == at::kBool) return x.to(at::kInt);
  return x.is_floating_point() ? at::where(at::isnan(x), instead, x) : x;
}

// Position i of an exclusive cumulative kernel holds what comes before i: the inclusive one, shifted.
Tensor cumulative(const Tensor& x, int64_t axis, bool exclusive, bool reverse, bool product) {
  Tensor from = reverse ? at::flip(x, {axis}) : x;
  auto type = x.scalar_type() == at::kBool ? at::kInt : x.scalar_type();
  Tensor to = product ? at::cumprod(from, axis, type) : at::cumsum(from, axis, type);
  if (exclusive && x.size(axis) > 0) {
    Ints first = to.sizes().vec();
    first[axis] = 1;
    to = at::cat({at::full(first, product ? 1 : 0, to.options()), to.narrow(axis, 0, x.size(axis) - 1)}, axis);
  }
  return reverse ? at::flip(to, {axis}) : to;
}

// Ties go to the lower index, as in tfjs: a stable sort.
Tensors topK(const Tensor& x, int64_t k) {
  auto [values, indices] = at::sort(x, /*stable=*/c10::optional<bool>(true), /*dim=*/-1, /*descending=*/true);
  return {values.narrow(-1, 0, k).contiguous(), indices.narrow(-1, 0, k).to(at::kInt)};
}

}  // namespace

void defineReductions(Module& m) {
  m.def("sum", sum);
  m.def("prod", prod);
  m.def("mean", +[](const Tensor& x, const Ints& axes, bool keepDims) { return axes.empty() ? x.clone() : at::mean(x, axes, keepDims, at::kFloat); });
  m.def("max", +[](const Tensor& x, const Ints& axes, bool keepDims) { return extremum(x, axes, keepDims, true); });
  m.def("min", +[](const Tensor& x, const Ints& axes, bool keepDims) { return extremum(x, axes, keepDims, false); });
  m.def("all", +[](const Tensor& x, const Ints& axes, bool keepDims) {
    return each(x, axes, keepDims, +[](const Tensor& t, int64_t axis, bool keep) { return at::all(t, axis, keep); });
  });
  m.def("any", +[](const Tensor& x, const Ints& axes, bool keepDims) {
    return each(x, axes, keepDims, +[](const Tensor& t, int64_t axis, bool keep) { return at::any(t, axis, keep); });
  });
  m.def("argMax", +[](const Tensor& x, int64_t axis) { return at::argmax(comparable(x, -INFINITY), axis).to(at::kInt); });
  m.def("argMin", +[](const Tensor& x, int64_t axis) { return at::argmin(comparable(x, INFINITY), axis).to(at::kInt); });
  m.def("softmax", +[](const Tensor& x, int64_t axis) { return at::softmax(x, axis); });
  m.def("logSoftmax", +[](const Tensor& x, int64_t axis) { return at::log_softmax(x, axis); });
  m.def("cumsum", +[](const Tensor& x, int64_t axis, bool exclusive, bool reverse) { return cumulative(x, axis, exclusive, reverse, false); });
  m.def("cumprod", +[](const Tensor& x, int64_t axis, bool exclusive, bool reverse) { return cumulative(x, axis, exclusive, reverse, true); });
  m.def("topK", topK);
}

}  // namespace audiossl
