// A step of multinomial logistic regression: the linear probe makes tens of thousands of them, each too small to be worth several calls.
#include "../simd/kernels.h"
#include "families.h"
#include "oneThread.h"

namespace audiossl {
namespace {

// Of products this small the threads would spend more time on meeting than on multiplying, and where the cores have other work to do each
// meeting waits for the slowest.
constexpr int64_t kSmallProduct = 1 << 24;  // multiplications

// h [rows, dim] -> [(h - mean) * inverseDeviation, 1]
Tensor standardisedRows(const Tensor& h, const Tensor& mean, const Tensor& inverseDeviation) {
  int64_t rows = h.size(0), dim = h.size(1);
  Tensor x = at::empty({rows, dim + 1}, at::kFloat);
  const float *source = h.data_ptr<float>(), *m = mean.data_ptr<float>(), *s = inverseDeviation.data_ptr<float>();
  float* target = x.data_ptr<float>();
  for (int64_t row = 0; row < rows; row++, source += dim, target += dim + 1) {
    for (int64_t i = 0; i < dim; i++) target[i] = (source[i] - m[i]) * s[i];
    target[dim] = 1;
  }
  return x;
}

// logits [rows, classes] -> (softmax - oneHot) / rows
Tensor crossEntropyGradient(const Tensor& logits, const Tensor& labels) {
  int64_t rows = logits.size(0), classes = logits.size(1);
  Tensor gradient = at::softmax(logits, 1).div_(rows);
  const int* label = labels.data_ptr<int>();
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
  c10::optional<OneThread> alone;
  if (h.size(0) * w.numel() < kSmallProduct) alone.emplace();
  Tensor x = standardisedRows(h.contiguous(), mean.contiguous(), inverseDeviation.contiguous());
  Tensor gradient = at::mm(x.t(), crossEntropyGradient(at::mm(x, w), labels.to(at::kInt).contiguous())).contiguous();
  simd().sgdStep(w.data_ptr<float>(), gradient.data_ptr<float>(), v.data_ptr<float>(), w.numel(), learningRate, momentum, weightDecay);
}

}  // namespace

void defineSoftmaxRegression(Module& m) { m.def("softmaxRegressionStep", softmaxRegressionStep); }

}  // namespace audiossl
