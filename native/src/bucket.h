// What travels between ranks in one exchange: the values of many tensors.
#pragma once

#include <c10/core/InferenceMode.h>

#include "binding.h"

namespace audiossl {

// Gloo works on tensors from threads of its own, which are not in inference mode.
template <class Make>
Tensor plainTensor(const Make& make) {
  c10::InferenceMode off(false);
  return make();
}

// Values of several tensors one after the other, and the part of each: a view with the tensor's shape.
struct Bucket {
  Tensor values;
  Tensors parts;
};

// A part of a bucket. Filters [space..., in, out] lie there as convolutions keep them, output channels first: their gradients are then copied
// as they lie, here and where the optimiser reads them. The order hangs on the shape alone, so all ranks have the same.
inline Tensor partOf(const Tensor& bucket, int64_t first, const Tensor& tensor) {
  Tensor part = bucket.narrow(0, first, tensor.numel());
  int64_t dims = tensor.dim();
  if (dims < 4) return part.view(tensor.sizes());
  Ints sizes{tensor.size(-1)}, order;
  for (int64_t axis = 0; axis < dims - 1; axis++) {
    sizes.push_back(tensor.size(axis));
    order.push_back(axis + 1);
  }
  order.push_back(0);
  return part.view(sizes).permute(order);
}

inline Bucket flattened(const Ints& slots) {
  int64_t count = 0, first = 0;
  for (int64_t slot : slots) count += tensorAt(slot).numel();
  Bucket bucket{plainTensor([&] { return at::empty({count}, at::kFloat); }), {}};
  for (int64_t slot : slots) {
    const Tensor& tensor = tensorAt(slot);
    bucket.parts.push_back(partOf(bucket.values, first, tensor));
    bucket.parts.back().copy_(tensor);
    first += tensor.numel();
  }
  return bucket;
}

}  // namespace audiossl
