// A step of multinomial logistic regression: the linear probe makes tens of thousands of them, each too small to be worth several calls.
#include <ATen/Parallel.h>

#include "../simd/kernels.h"
#include "families.h"

namespace audiossl {
namespace {

// h [rows, dim] -> [(h - mean) * inverseDeviation, 1]
Tensor standardisedRows(const Tensor& h, const Tensor& mean, const Tensor& inverseDeviation) {
  int64_t rows = h.size(0), dim = h.size(1);
  Tensor x = at::empty({rows, dim + 1}, at::kFloat), given = h.contiguous(), centre = mean.contiguous(), scale = inverseDeviation.contiguous();
  const float *from = given.data_ptr<float>(), *m = centre.data_ptr<float>(), *s = scale.data_ptr<float>();
  float* to = x.data_ptr<float>();
  at::parallel_for(0, rows, 64, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      const float* source = from + row * dim;
      float* target = to + row * (dim + 1);
      for (int64_t i = 0; i < dim; i++) target[i] = (source[i] - m[i]) * s[i];
      target[dim] = 1;
    }
  });
  return x;
}

// logits [rows, classes] -> (softmax - oneHot) / rows
Tensor crossEntropyGradient(const Tensor& logits, const Tensor& labels) {
  int64_t rows = logits.size(0), classes = logits.size(1);
  Tensor index = labels.to(at::kInt).contiguous(), gradient = at::softmax(logits, 1).div_(rows);
  const int* label = index.data_ptr<int>();
  float* values = gradient.data_ptr<float>();
  for (int64_t row = 0; row < rows; row++) {
    if (label[row] < 0 || label[row] >= classes) throw std::invalid_argument("labels must be in 0 .. classes - 1");
    values[row * classes + label[row]] -= 1.0f / rows;
  }
  return gradient;
}

// See src/ops/softmaxRegressionStep.ts. weights and velocity are slots: both are changed in place.
void softmaxRegressionStep(int64_t weights, int64_t velocity, const Tensor& h, const Tensor& labels, const Tensor& mean,
                           const Tensor& inverseDeviation, double learningRate, double momentum, double weightDecay) {
  Tensor w = uniqueAt(weights), v = uniqueAt(velocity);
  if (!w.is_contiguous() || !v.is_contiguous()) throw std::invalid_argument("weights and velocity must be contiguous");
  if (w.sizes() != v.sizes() || w.dim() != 2 || h.dim() != 2 || w.size(0) != h.size(1) + 1 || labels.numel() != h.size(0))
    throw std::invalid_argument("weights and velocity must be [dim + 1, classes], h [rows, dim], labels [rows]");
  if (mean.numel() != h.size(1) || inverseDeviation.numel() != h.size(1))
    throw std::invalid_argument("mean and inverseDeviation must be [dim]");
  Tensor x = standardisedRows(h, mean, inverseDeviation);
  Tensor gradient = at::mm(x.t(), crossEntropyGradient(at::mm(x, w), labels)).contiguous();
  simd().sgdStep(w.data_ptr<float>(), gradient.data_ptr<float>(), v.data_ptr<float>(), w.numel(), learningRate, momentum, weightDecay);
}

}  // namespace

void defineSoftmaxRegression(Module& m) { m.def("softmaxRegressionStep", softmaxRegressionStep); }

}  // namespace audiossl
