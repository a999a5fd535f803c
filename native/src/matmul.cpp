// Matrix products.
#include "families.h"

namespace audiossl {
namespace {

// a [batchA..., m, k], b [batchB..., k, n]; the transposes are views.
Tensor matmul(const Tensor& a, const Tensor& b, bool transposeA, bool transposeB) {
  Tensor left = transposeA ? a.transpose(-1, -2) : a;
  Tensor right = transposeB ? b.transpose(-1, -2) : b;
  if (!left.is_floating_point() && !left.is_complex()) return at::matmul(left.to(at::kFloat), right.to(at::kFloat)).to(a.scalar_type());
  return at::matmul(left, right);
}

}  // namespace

void defineMatmul(Module& m) {
  m.def("matmul", matmul);
  m.def("einsum", +[](const std::string& equation, const Tensors& operands) { return at::einsum(equation, operands); });
  m.def("fft", +[](const Tensor& x, bool inverse) { return inverse ? at::fft_ifft(x) : at::fft_fft(x); });
}

}  // namespace audiossl
