// Kernels that move or repeat values without computing: reshape, slice, concat, pad, tile, transpose.
#include "families.h"

namespace audiossl {
namespace {

// A view where strides allow it: a reshape costs nothing and holds the storage alive.
Tensor reshape(const Tensor& x, const Ints& shape) { return at::reshape(x, shape); }

Tensor slice(const Tensor& x, const Ints& begin, const Ints& size) {
  Tensor view = x;
  for (size_t axis = 0; axis < begin.size(); axis++) {
    if (begin[axis] != 0 || size[axis] != x.size(axis)) view = view.narrow(axis, begin[axis], size[axis]);
  }
  // A copy: a small slice must not keep a large tensor alive.
  return view.is_same(x) ? x : view.contiguous();
}

// Strides as in Python, negative ones too. begin, strides: one an axis; size: the resulting lengths.
Tensor stridedSlice(const Tensor& x, const Ints& begin, const Ints& strides, const Ints& size) {
  Tensor view = x;
  for (size_t axis = 0; axis < begin.size(); axis++) {
    if (size[axis] == 0) {
      view = view.narrow(axis, 0, 0);
    } else if (strides[axis] > 0) {
      view = view.slice(axis, begin[axis], begin[axis] + (size[axis] - 1) * strides[axis] + 1, strides[axis]);
    } else {
      int64_t last = begin[axis] + (size[axis] - 1) * strides[axis];
      view = at::flip(view.slice(axis, last, begin[axis] + 1, -strides[axis]), {static_cast<int64_t>(axis)});
    }
  }
  return view.clone(at::MemoryFormat::Contiguous);
}

// paddings: before and after, first axis first. libtorch wants the last axis first.
Ints lastAxisFirst(const Ints& paddings) {
  Ints reversed;
  for (size_t i = paddings.size(); i >= 2; i -= 2) {
    reversed.push_back(paddings[i - 2]);
    reversed.push_back(paddings[i - 1]);
  }
  return reversed;
}

Tensor pad(const Tensor& x, const Ints& paddings, double value) {
  return at::constant_pad_nd(x, lastAxisFirst(paddings), value);
}

// Reflection by index, so that any rank and type goes. offset 1 = reflect (the edge is not repeated), 0 = symmetric.
Tensor mirrorPad(const Tensor& x, const Ints& paddings, int64_t offset) {
  Tensor result = x;
  for (int64_t axis = 0; axis < x.dim(); axis++) {
    int64_t before = paddings[2 * axis], after = paddings[2 * axis + 1], length = x.size(axis);
    if (before == 0 && after == 0) continue;
    Tensor index = at::arange(-before, length + after, at::kLong);
    index = at::where(index < 0, -index - 1 + offset, index);
    index = at::where(index >= length, 2 * length - 1 - offset - index, index);
    result = result.index_select(axis, index);
  }
  return result.is_same(x) ? x.clone() : result;
}

Tensors split(const Tensor& x, const Ints& sizes, int64_t axis) {
  Tensors parts = at::split_with_sizes(x, sizes, axis);
  for (Tensor& part : parts) part = part.contiguous();
  return parts;
}

Tensors unstack(const Tensor& x, int64_t axis) {
  Tensors parts = at::unbind(x, axis);
  for (Tensor& part : parts) part = part.contiguous();
  return parts;
}

}  // namespace

void defineShaping(Module& m) {
  m.defBfloat16("reshape", reshape);
  m.def("slice", slice);
  m.def("stridedSlice", stridedSlice);
  m.def("concat", +[](const Tensors& parts, int64_t axis) { return at::cat(parts, axis); });
  m.def("stack", +[](const Tensors& parts, int64_t axis) { return at::stack(parts, axis); });
  m.def("split", split);
  m.def("unstack", unstack);
  m.def("pad", pad);
  m.def("mirrorPad", mirrorPad);
  m.def("tile", +[](const Tensor& x, const Ints& reps) { return x.repeat(reps); });
  m.def("broadcastTo", +[](const Tensor& x, const Ints& shape) { return x.expand(shape).contiguous(); });
  m.def("transpose", +[](const Tensor& x, const Ints& permutation) { return x.permute(permutation).contiguous(); });
  m.def("reverse", +[](const Tensor& x, const Ints& axes) { return at::flip(x, axes); });
}

}  // namespace audiossl
