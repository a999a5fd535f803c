// Matrix products.
#include "families.h"

namespace audiossl {
namespace {

// a [batchA..., m, k], b [batchB..., k, n]; the transposes are views.
Tensor matmul(const Tensor& a, const Tensor& b, bool transposeA, bool transposeB) {
  Tensor left = transposeA ? a.transpose(-1, -2) : a;
  Tensor right = transposeB ? b.transpose(-1, -2) : b;
  if (!left.is_floating_point() && !left.is_complex()) return at::matmul(left.to(at::kFloat), right.to(at::kFloat)).to(a.scalar_type());
  // One row or one column: the matrix is read once, by gemv, at the memory's speed; gemm copies it into panels first (4 times as long).
  const bool isReal = left.scalar_type() == at::kFloat || left.scalar_type() == at::kDouble;
  if (isReal && left.dim() == 2 && right.dim() == 2 && left.size(1) == right.size(0)) {
    if (right.size(1) == 1) return at::mv(left, right.squeeze(1)).unsqueeze(1);
    if (left.size(0) == 1) return at::mv(right.t(), left.squeeze(0)).unsqueeze(0);
  }
  return at::matmul(left, right);
}

}  // namespace

void defineMatmul(Module& m) {
  m.def("matmul", matmul);
  m.def("einsum", +[](const std::string& equation, const Tensors& operands) { return at::einsum(equation, operands); });
  m.def("fft", +[](const Tensor& x, bool inverse) { return inverse ? at::fft_ifft(x) : at::fft_fft(x); });
}

}  // namespace audiossl
