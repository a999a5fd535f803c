// Matrix products.
#include "../simd/kernels.h"
#include "families.h"
#include "parallel.h"

namespace audiossl {
namespace {

constexpr int64_t kPieceValues = 1 << 16;  // of a matrix that a thread takes at a time

// matrix [rows, k] times vector [k]: the matrix is read once, at the memory's speed; gemm copies it into panels first (4 times as long),
// and Debian's gemv of rows takes twice as long.
Tensor timesVector(const Tensor& matrix, const Tensor& vector) {
  const int64_t rows = matrix.size(0), length = matrix.size(1);
  if (matrix.scalar_type() != at::kFloat || vector.scalar_type() != at::kFloat || (length > 1 && matrix.stride(1) != 1)) {
    return at::mv(matrix, vector);
  }
  Tensor plain = vector.contiguous(), result = at::empty({rows}, matrix.options());
  const float *from = matrix.data_ptr<float>(), *by = plain.data_ptr<float>();
  float* to = result.data_ptr<float>();
  const int64_t step = matrix.stride(0), each = std::max<int64_t>(1, kPieceValues / std::max<int64_t>(1, length));
  parallelRanges(rows, each, [&](int64_t begin, int64_t end) {
    simd().rowProducts(from + begin * step, step, by, end - begin, length, to + begin);
  });
  return result;
}

// a [batchA..., m, k], b [batchB..., k, n]; the transposes are views.
Tensor matmul(const Tensor& a, const Tensor& b, bool transposeA, bool transposeB) {
  Tensor left = transposeA ? a.transpose(-1, -2) : a;
  Tensor right = transposeB ? b.transpose(-1, -2) : b;
  if (!left.is_floating_point() && !left.is_complex()) return at::matmul(left.to(at::kFloat), right.to(at::kFloat)).to(a.scalar_type());
  const bool isReal = left.scalar_type() == at::kFloat || left.scalar_type() == at::kDouble;
  if (isReal && left.dim() == 2 && right.dim() == 2 && left.size(1) == right.size(0)) {
    if (right.size(1) == 1) return timesVector(left, right.squeeze(1)).unsqueeze(1);
    if (left.size(0) == 1) return timesVector(right.t(), left.squeeze(0)).unsqueeze(0);
  }
  return at::matmul(left, right);
}

// matrix [size, size], symmetric, its lower triangle read -> values [size], rising, and vectors [size, size], one a column. In float64.
Tensors symmetricEigen(const Tensor& matrix) {
  auto [values, vectors] = at::linalg_eigh(matrix.to(at::kDouble));
  return {values, vectors.contiguous()};
}

}  // namespace

void defineMatmul(Module& m) {
  m.def("matmul", matmul);
  m.def("einsum", +[](const std::string& equation, const Tensors& operands) { return at::einsum(equation, operands); });
  m.def("symmetricEigen", symmetricEigen);
  m.def("fft", +[](const Tensor& x, bool inverse) { return inverse ? at::fft_ifft(x) : at::fft_fft(x); });
}

}  // namespace audiossl
