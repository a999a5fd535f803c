// Making, reading, casting and freeing tensors.
#include "families.h"

namespace audiossl {
namespace {

Tensor create(const Bytes& bytes, const Ints& shape, int64_t type) {
  Tensor tensor = at::empty(shape, scalarType(type));
  if (bytes.size != tensor.nbytes()) {
    throw std::invalid_argument(std::to_string(tensor.nbytes()) + " bytes expected, got " + std::to_string(bytes.size));
  }
  std::memcpy(tensor.data_ptr(), bytes.data, bytes.size);
  return tensor;
}

void read(const Tensor& tensor, const Bytes& out) {
  Tensor plain = tensor.scalar_type() == at::kBFloat16 ? tensor.to(at::kFloat) : tensor;
  plain = plain.cpu().resolve_conj().contiguous();
  if (out.size != plain.nbytes()) {
    throw std::invalid_argument(std::to_string(plain.nbytes()) + " bytes expected, got " + std::to_string(out.size));
  }
  std::memcpy(out.data, plain.data_ptr(), out.size);
}

// JavaScript's rules: to int32 drops the fraction, saturates like a typed array's caller would expect, and turns NaN into 0.
Tensor cast(const Tensor& x, int64_t type) {
  at::ScalarType to = scalarType(type);
  if (x.scalar_type() == to) return x;
  if (x.is_complex()) return cast(at::real(x), type).clone();
  if (to == at::kInt && x.is_floating_point()) return at::nan_to_num(x.to(at::kDouble), 0.0, 2147483647.0, -2147483648.0).to(at::kInt);
  if (to == at::kBool) return at::ne(x, 0);
  return x.to(to);
}

}  // namespace

void defineStorage(Module& module) {
  module.def("create", create);
  module.defBfloat16("read", read);
  module.def("release", +[](int64_t slot) { release(static_cast<uint32_t>(slot)); });
  module.def("cast", cast);
  module.def("share", +[](const Tensor& x) { return x; });
  module.def("full", +[](const Ints& shape, double value, int64_t type) { return at::full(shape, value, at::TensorOptions(scalarType(type))); });
  module.def("linspace", +[](double start, double stop, int64_t count) { return at::linspace(start, stop, count, at::TensorOptions(at::kFloat)); });
  module.def("complex", +[](const Tensor& real, const Tensor& imaginary) { return at::complex(real, imaginary); });
  module.def("real", +[](const Tensor& x) { return at::real(x).contiguous(); });
  module.def("imaginary", +[](const Tensor& x) { return at::imag(x).contiguous(); });
}

}  // namespace audiossl
