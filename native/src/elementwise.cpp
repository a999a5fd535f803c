// Unary, binary and comparison kernels.
#include "families.h"
#include "parallel.h"

namespace audiossl {
namespace {

template <Tensor (*function)(const Tensor&)>
Tensor unary(const Tensor& x) {
  return function(x);
}

template <Tensor (*function)(const Tensor&, const Tensor&)>
Tensor binary(const Tensor& a, const Tensor& b) {
  return function(a, b);
}

void defineUnary(Module& m) {
  m.def("abs", +[](const Tensor& x) { return at::abs(x); });
  m.def("acos", unary<at::acos>);
  m.def("acosh", unary<at::acosh>);
  m.def("asin", unary<at::asin>);
  m.def("asinh", unary<at::asinh>);
  m.def("atan", unary<at::atan>);
  m.def("atanh", unary<at::atanh>);
  m.def("ceil", unary<at::ceil>);
  m.def("cos", unary<at::cos>);
  m.def("cosh", unary<at::cosh>);
  m.def("erf", unary<at::erf>);
  m.def("exp", unary<at::exp>);
  m.def("expm1", unary<at::expm1>);
  m.def("floor", unary<at::floor>);
  m.def("isFinite", unary<at::isfinite>);
  m.def("isInf", unary<at::isinf>);
  m.def("isNan", unary<at::isnan>);
  m.def("log", unary<at::log>);
  m.def("log1p", unary<at::log1p>);
  m.def("logicalNot", unary<at::logical_not>);
  m.def("neg", unary<at::neg>);
  m.def("reciprocal", unary<at::reciprocal>);
  m.defBfloat16("relu", +[](const Tensor& x) { return at::relu(x); });
  m.def("relu6", +[](const Tensor& x) { return at::clamp(x, 0, 6); });
  m.def("round", +[](const Tensor& x) { return at::round(x); });
  m.def("rsqrt", unary<at::rsqrt>);
  m.def("sigmoid", unary<at::sigmoid>);
  m.def("sign", unary<at::sign>);
  m.def("sin", unary<at::sin>);
  m.def("sinh", unary<at::sinh>);
  // Threshold 20 in libtorch loses the last bits; log1p(exp(-|x|)) + max(x, 0) is exact everywhere.
  m.def("softplus", +[](const Tensor& x) { return at::log1p(at::exp(-at::abs(x))) + at::clamp_min(x, 0); });
  m.def("sqrt", unary<at::sqrt>);
  m.def("square", unary<at::square>);
  m.def("tan", unary<at::tan>);
  m.def("tanh", unary<at::tanh>);
  m.def("elu", +[](const Tensor& x) { return at::elu(x); });
  m.def("selu", +[](const Tensor& x) { return at::elu(x, 1.6732632423543772848170429916717, 1.0507009873554804934193349852946); });
  m.def("leakyRelu", +[](const Tensor& x, double alpha) { return at::where(x < 0, x * alpha, x); });
  m.def("step", +[](const Tensor& x, double alpha) { return at::where(at::isnan(x), x, at::where(x > 0, 1.0, alpha).to(x.scalar_type())); });
  m.def("clip", +[](const Tensor& x, double low, double high) { return at::clamp(x, low, high).to(x.scalar_type()); });
  m.def("diagonal", +[](const Tensor& x) {
    Ints shape = x.sizes().vec();
    shape.insert(shape.end(), x.sizes().begin(), x.sizes().end());
    return at::diag(x.reshape({-1})).reshape(shape);
  });
}

// The sign of the divisor, as the cpu backend's Mod; by zero: NaN for floats.
Tensor mod(const Tensor& a, const Tensor& b) {
  if (a.is_floating_point()) return at::remainder(a, b);
  return at::nan_to_num(at::remainder(a.to(at::kDouble), b.to(at::kDouble)), 0.0, 0.0, 0.0).to(at::kInt);
}

Tensor floorDivide(const Tensor& a, const Tensor& b) {
  if (a.is_floating_point()) return at::floor(at::div(a, b));
  Tensor quotient = at::floor(at::div(a.to(at::kDouble), b.to(at::kDouble)));
  return at::nan_to_num(quotient, 0.0, 0.0, 0.0).to(at::kInt);  // an Int32Array turns what is not finite into 0
}

Tensor power(const Tensor& a, const Tensor& b) {
  if (a.is_floating_point() || a.is_complex()) return at::pow(a, b);
  return at::pow(a.to(at::kDouble), b.to(at::kDouble)).to(at::kInt);
}

Tensor batchNorm(const Tensor& x, const Tensor& mean, const Tensor& variance, const OptionalTensor& offset, const OptionalTensor& scale,
                 double epsilon) {
  Tensor multiplier = at::rsqrt(variance + epsilon);
  if (scale) multiplier = multiplier * *scale;
  Tensor y = (x - mean).mul_(multiplier);
  return offset ? y.add_(*offset) : y;
}

// The sum of two tensors of one shape and type: where the gradients of two branches meet, large ones.
Tensor sumOfBranches(const Tensor& a, const Tensor& b) {
  constexpr int64_t kValues = 1 << 16;
  if (!a.is_contiguous() || !b.is_contiguous() || a.numel() < 2 * kValues) return at::add(a, b);
  Tensor sum = at::empty_like(a), flatSum = sum.view({-1}), flatA = a.view({-1}), flatB = b.view({-1});
  parallelRanges(a.numel(), kValues, [&](int64_t begin, int64_t end) {
    Tensor part = flatSum.slice(0, begin, end);
    at::add_out(part, flatA.slice(0, begin, end), flatB.slice(0, begin, end));
  });
  return sum;
}

void defineBinary(Module& m) {
  // Where the gradients of two branches meet, bfloat16 stays. (libtorch would also let it win over a float32 of rank 0.)
  m.defBfloat16("add", +[](const Tensor& a, const Tensor& b) {
    bool isBranch = a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes();
    return isBranch ? sumOfBranches(a, b) : at::add(inFloat32(a), inFloat32(b));
  });
  m.def("sub", +[](const Tensor& a, const Tensor& b) { return at::sub(a, b); });
  m.def("mul", +[](const Tensor& a, const Tensor& b) { return at::mul(a, b); });
  m.def("div", +[](const Tensor& a, const Tensor& b) { return at::div(a, b); });
  m.def("floorDiv", floorDivide);
  m.def("mod", mod);
  m.def("pow", power);
  m.def("maximum", binary<at::maximum>);
  m.def("minimum", binary<at::minimum>);
  m.def("squaredDifference", +[](const Tensor& a, const Tensor& b) { return at::square(at::sub(a, b)); });
  m.def("atan2", binary<at::atan2>);
  m.def("bitwiseAnd", +[](const Tensor& a, const Tensor& b) { return at::bitwise_and(a, b); });
  m.def("prelu", +[](const Tensor& x, const Tensor& alpha) { return at::where(x < 0, at::mul(alpha, x), x); });
  m.def("eluGrad", +[](const Tensor& dy, const Tensor& y) { return at::where(y >= 0, dy, dy * (y + 1)); });
  m.def("equal", +[](const Tensor& a, const Tensor& b) { return at::eq(a, b); });
  m.def("notEqual", +[](const Tensor& a, const Tensor& b) { return at::ne(a, b); });
  m.def("greater", +[](const Tensor& a, const Tensor& b) { return at::gt(a, b); });
  m.def("greaterEqual", +[](const Tensor& a, const Tensor& b) { return at::ge(a, b); });
  m.def("less", +[](const Tensor& a, const Tensor& b) { return at::lt(a, b); });
  m.def("lessEqual", +[](const Tensor& a, const Tensor& b) { return at::le(a, b); });
  m.def("logicalAnd", binary<at::logical_and>);
  m.def("logicalOr", binary<at::logical_or>);
  m.def("select", +[](const Tensor& condition, const Tensor& t, const Tensor& e) {
    auto type = at::promote_types(t.scalar_type(), e.scalar_type());
    return at::where(condition.to(at::kBool), t.to(type), e.to(type));
  });
  m.def("batchNorm", batchNorm);
  m.def("addN", +[](const Tensors& terms) {
    Tensor sum = terms.at(0);
    if (terms.size() == 1) return sum.clone();
    sum = at::add(sum, terms[1]);
    for (size_t i = 2; i < terms.size(); i++) sum.add_(terms[i]);
    return sum;
  });
}

}  // namespace

void defineElementwise(Module& module) {
  defineUnary(module);
  defineBinary(module);
}

}  // namespace audiossl
