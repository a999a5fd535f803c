// Optimiser steps in place, losses with their gradients, counter-based noise: the kernels that src/ops describes.
#include <cmath>

#include "../simd/kernels.h"
#include "families.h"
#include "parallel.h"

namespace audiossl {
namespace {

// How a tensor's memory is ordered does not matter to an optimiser as long as all of its tensors agree.
bool isDense(const Tensor& x) { return x.is_non_overlapping_and_dense(); }

// The memory of an optimiser's state in the order of the parameter's.
float* stateLike(int64_t slot, const Tensor& parameter) {
  Tensor state = uniqueAt(slot);
  if (state.sizes() != parameter.sizes()) throw std::invalid_argument("parameter, gradient and state must have one shape");
  if (state.strides() != parameter.strides()) {
    Tensor moved = at::empty_strided(parameter.sizes(), parameter.strides(), parameter.options());
    moved.copy_(state);
    relayout(slot, moved);
    state = moved;
  }
  return state.data_ptr<float>();
}

Tensor parameterAt(int64_t slot) {
  Tensor parameter = uniqueAt(slot);
  if (parameter.scalar_type() != at::kFloat) throw std::invalid_argument("parameters must be float32");
  if (!isDense(parameter)) {
    parameter = parameter.contiguous();
    relayout(slot, parameter);
  }
  return parameter;
}

Tensor gradientLike(int64_t slot, const Tensor& parameter) {
  const Tensor& gradient = tensorAt(slot);
  if (gradient.sizes() != parameter.sizes()) throw std::invalid_argument("parameter, gradient and state must have one shape");
  if (gradient.strides() == parameter.strides() && gradient.scalar_type() == at::kFloat) return gradient;
  Tensor moved = at::empty_strided(parameter.sizes(), parameter.strides(), parameter.options());
  return moved.copy_(gradient);
}

constexpr int64_t kPiece = 1 << 15;  // values of a parameter that a thread takes at a time

// slots: parameter, gradient, velocity, again and again
void sgdStep(const Ints& slots, double learningRate, double momentum, double weightDecay) {
  for (size_t i = 0; i + 2 < slots.size(); i += 3) {
    Tensor parameter = parameterAt(slots[i]), gradient = gradientLike(slots[i + 1], parameter);
    float *w = parameter.data_ptr<float>(), *v = stateLike(slots[i + 2], parameter);
    const float* g = gradient.data_ptr<float>();
    parallelRanges(parameter.numel(), kPiece, [&](int64_t begin, int64_t end) {
      simd().sgdStep(w + begin, g + begin, v + begin, end - begin, learningRate, momentum, weightDecay);
    });
  }
}

// slots: parameter, gradient, first moment, second moment, again and again
void adamStep(const Ints& slots, double learningRate, double beta1, double beta2, double epsilon, double weightDecay, double step) {
  double stepSize = learningRate / (1 - std::pow(beta1, step)), correction = 1 / std::sqrt(1 - std::pow(beta2, step));
  for (size_t i = 0; i + 3 < slots.size(); i += 4) {
    Tensor parameter = parameterAt(slots[i]), gradient = gradientLike(slots[i + 1], parameter);
    float *w = parameter.data_ptr<float>(), *m = stateLike(slots[i + 2], parameter), *s = stateLike(slots[i + 3], parameter);
    const float* g = gradient.data_ptr<float>();
    parallelRanges(parameter.numel(), kPiece, [&](int64_t begin, int64_t end) {
      simd().adamStep(w + begin, g + begin, m + begin, s + begin, end - begin, stepSize, correction, beta1, 1 - beta1, beta2, 1 - beta2,
                      epsilon, weightDecay);
    });
  }
}

// slots: average, value, again and again
void movingAverage(const Ints& slots, double momentum) {
  for (size_t i = 0; i + 1 < slots.size(); i += 2) {
    Tensor average = parameterAt(slots[i]), value = gradientLike(slots[i + 1], average);
    float* target = average.data_ptr<float>();
    const float* source = value.data_ptr<float>();
    parallelRanges(average.numel(), kPiece, [&](int64_t begin, int64_t end) {
      simd().movingAverage(target + begin, source + begin, end - begin, momentum, 1 - momentum);
    });
  }
}

// logits [rows, classes], labels int32 [rows] -> mean loss, its gradient by the logits
Tensors softmaxCrossEntropy(const Tensor& logits, const Tensor& labels) {
  int64_t rows = logits.size(0);
  Tensor x = logits.to(at::kFloat), index = labels.to(at::kLong).reshape({rows, 1});
  Tensor logProbabilities = at::log_softmax(x, 1);
  Tensor loss = logProbabilities.gather(1, index).sum().neg_().div_(rows);
  Tensor gradient = logProbabilities.exp_();
  gradient.scatter_add_(1, index, at::full({rows, 1}, -1.0, gradient.options()));
  return {loss, gradient.div_(rows)};
}

// Rows divided by their length; rows shorter than 1e-12 count as zero. The largest value comes out first, so no scale overflows.
struct UnitRows {
  Tensor unit, inverseNorm;

  explicit UnitRows(const Tensor& given) {
    Tensor x = given.to(at::kFloat);
    Tensor largest = x.abs().amax(1, true).clamp_min_(1e-12);
    Tensor norm = (x / largest).square_().sum(1, true).sqrt_().mul_(largest);
    inverseNorm = at::where(norm > 1e-12, norm.clamp_min(1e-12).reciprocal(), 0.0).to(at::kFloat);
    unit = x * inverseNorm;
  }

  Tensor backward(const Tensor& dUnit) const { return (dUnit - unit * (dUnit * unit).sum(1, true)).mul_(inverseNorm); }
};

// x [2 n, dim], row i's positive being row i + n -> loss, its gradient by x
Tensors ntXent(const Tensor& x, double temperature) {
  int64_t rows = x.size(0), pairs = rows / 2;
  UnitRows u(x);
  Tensor s = at::mm(u.unit, u.unit.t()).div_(temperature);
  Tensor positive = at::arange(rows, at::kLong).add_(pairs).remainder_(rows).reshape({rows, 1});
  s.fill_diagonal_(-INFINITY);
  Tensor logProbabilities = at::log_softmax(s, 1);
  Tensor loss = logProbabilities.gather(1, positive).sum().neg_().div_(rows);
  Tensor d = logProbabilities.exp_();
  d.scatter_add_(1, positive, at::full({rows, 1}, -1.0, d.options()));
  d.div_(rows * temperature);
  return {loss, u.backward(at::mm(d + d.t(), u.unit))};
}

// x [rows, dim], labels [rows] -> loss, its gradient by x; see src/ops/angularMargin.ts
Tensors angularMargin(const Tensor& x, const Tensor& labels, double margin, double positiveWeight, double negativeWeight, bool isMean) {
  int64_t rows = x.size(0);
  UnitRows u(x);
  Tensor cosine = at::mm(u.unit, u.unit.t()).clamp_(-1, 1);
  Tensor label = labels.to(at::kInt).contiguous();
  Tensor gradient = at::empty_like(cosine);
  const int* kind = label.data_ptr<int>();
  const float* c = cosine.data_ptr<float>();
  float* d = gradient.data_ptr<float>();

  int64_t positives = 0;
  for (int64_t i = 0; i < rows; i++) {
    for (int64_t j = 0; j < rows; j++) positives += i != j && kind[i] == kind[j];
  }
  int64_t negatives = rows * (rows - 1) - positives;
  double pullWeight = isMean ? positiveWeight / std::max<int64_t>(positives, 1) : positiveWeight;
  double pushWeight = isMean ? negativeWeight / std::max<int64_t>(negatives, 1) : negativeWeight;

  Tensor rowLoss = at::zeros({rows}, at::kDouble);
  double* losses = rowLoss.data_ptr<double>();
  parallelRanges(rows, 8, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; i++) {
      for (int64_t j = 0; j < rows; j++) {
        int64_t at = i * rows + j;
        d[at] = 0;
        if (i == j) continue;
        float sine = std::sqrt((1 - c[at]) * (1 + c[at])), theta = std::atan2(sine, c[at]);
        if (kind[i] == kind[j]) {
          losses[i] += pullWeight * theta * theta;
          d[at] = static_cast<float>(-4 * pullWeight * theta) / std::max(sine, 1e-3f);
        } else if (theta < margin) {
          double shortfall = margin - theta;
          losses[i] += pushWeight * shortfall * shortfall;
          d[at] = static_cast<float>(4 * pushWeight * shortfall) / std::max(sine, 1e-3f);
        }
      }
    }
  });
  return {rowLoss.sum().to(at::kFloat), u.backward(at::mm(gradient, u.unit))};
}

// keys int32 [batch, 2], standardDeviations [batch] -> normals of `shape`, shape[0] = batch
Tensor gaussianNoise(const Tensor& keys, const Tensor& standardDeviations, const Ints& shape) {
  Tensor noise = at::empty(shape, at::kFloat), key = keys.contiguous(), scale = standardDeviations.contiguous();
  const int* words = key.data_ptr<int>();
  const float* deviations = scale.data_ptr<float>();
  float* out = noise.data_ptr<float>();
  int64_t batch = shape[0], bins = batch == 0 ? 0 : noise.numel() / batch;
  constexpr int64_t kBins = 16384;
  int64_t pieces = (bins + kBins - 1) / kBins;
  parallelPieces(batch * pieces, [&](int64_t piece) {
    int64_t row = piece / pieces, first = piece % pieces * kBins;
    simd().gaussianNoise(out + row * bins, first, std::min(first + kBins, bins), words[2 * row], words[2 * row + 1], deviations[row]);
  });
  return noise;
}

}  // namespace

void defineTraining(Module& m) {
  m.def("sgdStep", sgdStep);
  m.def("adamStep", adamStep);
  m.def("movingAverage", movingAverage);
  m.def("softmaxCrossEntropy", softmaxCrossEntropy);
  m.def("ntXent", ntXent);
  m.def("angularMargin", angularMargin);
  m.def("gaussianNoise", gaussianNoise);
  m.def("simdLevel", +[]() { return std::string(simd().name); });
}

}  // namespace audiossl
