// Batch norm with the residual connection and ReLU that follow it: the kernels that src/ops/batchNorm.ts describes.
#include <cmath>

#include "../simd/kernels.h"
#include "families.h"
#include "parallel.h"
#include "ranks.h"

namespace audiossl {
namespace {

// The batch cut into pieces that fit a core's cache. The cut does not depend on the number of threads, so the sums do not either.
struct Pieces {
  int64_t groups, rows, channels;  // rows of one group
  int64_t rowsEach, perGroup;

  Pieces(const Tensor& x, int64_t groups_) : groups(groups_), channels(x.size(-1)) {
    rows = x.numel() / channels / groups;
    rowsEach = std::max<int64_t>(64, (1 << 16) / channels);
    perGroup = (rows + rowsEach - 1) / rowsEach;
  }

  // run(group, piece, first element, rows)
  template <class Run>
  void forEach(const Run& run) const {
    parallelPieces(groups * perGroup, [&](int64_t piece) {
      int64_t group = piece / perGroup, first = piece % perGroup * rowsEach;
      run(group, piece, (group * rows + first) * channels, std::min(rowsEach, rows - first));
    });
  }
};

struct Activations {
  bool bfloat16;
  int64_t width;

  explicit Activations(const Tensor& x) : bfloat16(x.scalar_type() == at::kBFloat16), width(bfloat16 ? 2 : 4) {}

  const void* in(const Tensor& x, int64_t element) const { return static_cast<const char*>(x.data_ptr()) + element * width; }
  const void* in(const OptionalTensor& x, int64_t element) const { return x ? in(*x, element) : nullptr; }
  void* out(const Tensor& x, int64_t element) const { return static_cast<char*>(x.data_ptr()) + element * width; }
};

// Two sums a channel for each group, [2, groups, channels] double, from one pair of sums a piece.
template <class Run>
Tensor sumPieces(const Pieces& pieces, const Run& run) {
  int64_t c = pieces.channels;
  Tensor partial = at::zeros({pieces.groups * pieces.perGroup, 2, c}, at::kDouble);
  double* sums = partial.data_ptr<double>();
  pieces.forEach([&](int64_t group, int64_t piece, int64_t first, int64_t rows) {
    run(group, first, rows, sums + piece * 2 * c, sums + (piece * 2 + 1) * c);
  });
  return partial.reshape({pieces.groups, pieces.perGroup, 2, c}).sum(1).transpose(0, 1).contiguous();
}

Tensor plain(const Tensor& x) { return x.contiguous(); }
OptionalTensor plain(const OptionalTensor& x) { return x ? OptionalTensor(x->contiguous()) : x; }

// y = scale * x + shift, [groups, C] each, from the statistics as they are kept: what is computed from them later has the same bits.
struct Affine {
  Tensor scale, shift;

  Affine(const Tensor& gamma, const Tensor& beta, const Tensor& mean, const Tensor& inverseDeviation) {
    Tensor exact = inverseDeviation.to(at::kDouble) * gamma;
    scale = exact.to(at::kFloat).contiguous();
    shift = (beta - mean * exact).to(at::kFloat).contiguous();
  }
  const float* scaleOf(int64_t group) const { return scale.data_ptr<float>() + group * scale.size(1); }
  const float* shiftOf(int64_t group) const { return shift.data_ptr<float>() + group * shift.size(1); }
};

Tensor normalised(const Tensor& x, const Affine& affine, const OptionalTensor& residual, int64_t groups, bool relu) {
  Pieces pieces(x, groups);
  Activations at(x);
  Tensor y = at::empty_like(x);
  pieces.forEach([&](int64_t group, int64_t, int64_t first, int64_t count) {
    simd().normalise(at.bfloat16, at.in(x, first), at.in(residual, first), at.out(y, first), count, pieces.channels, affine.scaleOf(group),
                     affine.shiftOf(group), relu);
  });
  return y;
}

// Mean and variance [groups, C] of `rows` rows of this rank become those of the rows of all ranks, whose number is returned. The sums that
// the ranks add are around `centre` [C], the same on all of them.
double statisticsOfAllRanks(Tensor& mean, Tensor& variance, double rows, const Tensor& centre) {
  Tensor offset = mean - centre;
  Tensor sums = at::cat({(offset * rows).reshape(-1), ((variance + offset * offset) * rows).reshape(-1), at::full({1}, rows, mean.options())});
  sumOverRanks(sums);
  int64_t count = mean.numel();
  double all = sums.data_ptr<double>()[2 * count];
  offset = sums.narrow(0, 0, count).view(mean.sizes()) / all;
  mean = centre + offset;
  variance = (sums.narrow(0, count, count).view(mean.sizes()) / all - offset * offset).clamp_min_(0);
  return all;
}

// -> y, mean [groups, C], inverseDeviation [groups, C]; the running statistics change in place, once a group.
Tensors batchNormTrain(const Tensor& input, const Tensor& gamma, const Tensor& beta, int64_t runningMeanSlot, int64_t runningVarianceSlot,
                       const OptionalTensor& givenResidual, int64_t groups, double epsilon, double momentum, bool relu) {
  Tensor x = plain(input);
  OptionalTensor residual = plain(givenResidual);
  if (residual && residual->scalar_type() != x.scalar_type()) residual = residual->to(x.scalar_type());
  Pieces pieces(x, groups);
  Activations at(x);
  int64_t channels = pieces.channels, rows = pieces.rows;

  // Sums around the first row of each group, so that a large mean does not swallow the variance.
  Tensor pivot = x.reshape({groups, rows, channels}).select(1, 0).to(at::kFloat).contiguous();
  Tensor sums = sumPieces(pieces, [&](int64_t group, int64_t first, int64_t count, double* sum, double* square) {
    simd().batchNormSums(at.bfloat16, at.in(x, first), count, channels, pivot.data_ptr<float>() + group * channels, sum, square);
  });
  Tensor shift = sums[0] / static_cast<double>(rows);
  Tensor mean = pivot.to(at::kDouble) + shift;
  Tensor variance = (sums[1] / static_cast<double>(rows) - shift * shift).clamp_min_(0);
  Tensor runningMean = uniqueAt(runningMeanSlot), runningVariance = uniqueAt(runningVarianceSlot);
  double count = static_cast<double>(rows);
  if (sharesStatistics()) count = statisticsOfAllRanks(mean, variance, count, runningMean.to(at::kDouble));
  Tensor inverseDeviation = (variance + epsilon).rsqrt_();

  for (int64_t group = 0; group < groups; group++) {
    runningMean.mul_(1 - momentum).add_(mean[group].to(at::kFloat), momentum);
    runningVariance.mul_(1 - momentum).add_(variance[group].to(at::kFloat), momentum * count / (count - 1));
  }

  mean = mean.to(at::kFloat);
  inverseDeviation = inverseDeviation.to(at::kFloat);
  return {normalised(x, {gamma, beta, mean, inverseDeviation}, residual, groups, relu), mean, inverseDeviation};
}

// What batchNormTrain gave, once more from its statistics.
Tensor batchNormAgain(const Tensor& input, const Tensor& gamma, const Tensor& beta, const Tensor& mean, const Tensor& inverseDeviation,
                      int64_t groups, bool relu) {
  return normalised(plain(input), {gamma, beta, mean, inverseDeviation}, {}, groups, relu);
}

// -> dx, dGamma, dBeta (, dResidual). Where there was a ReLU y is given, or beta if no residual came before it.
Tensors batchNormGradient(const Tensor& givenDy, const Tensor& input, const Tensor& gamma, const Tensor& mean, const Tensor& inverseDeviation,
                          const OptionalTensor& givenY, const OptionalTensor& beta, int64_t groups, bool hasResidual) {
  Tensor x = plain(input), dy = plain(givenDy);
  OptionalTensor y = plain(givenY);
  if (dy.scalar_type() != x.scalar_type()) dy = dy.to(x.scalar_type());
  Pieces pieces(x, groups);
  Activations at(x);
  int64_t channels = pieces.channels;
  double rows = static_cast<double>(pieces.rows);

  // The gradient of the residual is dy behind the ReLU: written in the first pass, read in the second.
  bool writesMasked = hasResidual && y;
  c10::optional<Affine> affine;
  if (!y && beta) affine = Affine(gamma, *beta, mean, inverseDeviation);
  Tensor masked = writesMasked ? at::empty_like(dy) : dy;
  Tensor sums = sumPieces(pieces, [&](int64_t group, int64_t first, int64_t count, double* sum, double* product) {
    simd().batchNormGradientSums(at.bfloat16, at.in(dy, first), at.in(x, first), at.in(y, first),
                                 writesMasked ? at.out(masked, first) : nullptr, count, channels, mean.data_ptr<float>() + group * channels,
                                 affine ? affine->scaleOf(group) : nullptr, affine ? affine->shiftOf(group) : nullptr, sum, product);
  });
  Tensor deviation = inverseDeviation.to(at::kDouble);
  Tensor sumG = sums[0], sumGXHat = sums[1] * deviation;
  // Gradients of gamma and beta are this rank's share, as all others are; what goes on to x is about the rows of all ranks.
  Tensor dGamma = sumGXHat.sum(0).to(at::kFloat), dBeta = sumG.sum(0).to(at::kFloat);
  if (sharesStatistics()) {
    Tensor all = at::cat({sumG.reshape(-1), sumGXHat.reshape(-1), at::full({1}, rows, sumG.options())});
    sumOverRanks(all);
    int64_t count = sumG.numel();
    sumG = all.narrow(0, 0, count).view(sumG.sizes());
    sumGXHat = all.narrow(0, count, count).view(sumG.sizes());
    rows = all.data_ptr<double>()[2 * count];
  }

  // dx = scale (g - sum(g) / n - xHat sum(g xHat) / n), as scale g + slope x + offset
  Tensor scale = deviation * gamma;
  Tensor slope = scale * deviation * sumGXHat / -rows;
  Tensor offset = (scale * sumG / -rows - slope * mean).to(at::kFloat);
  scale = scale.to(at::kFloat);
  slope = slope.to(at::kFloat);
  Tensor dx = at::empty_like(x);
  OptionalTensor mask = writesMasked ? OptionalTensor() : y;
  pieces.forEach([&](int64_t group, int64_t, int64_t first, int64_t count) {
    BatchNormGradientTerms terms{scale.data_ptr<float>() + group * channels, slope.data_ptr<float>() + group * channels,
                                 offset.data_ptr<float>() + group * channels, affine ? affine->scaleOf(group) : nullptr,
                                 affine ? affine->shiftOf(group) : nullptr};
    simd().batchNormGradient(at.bfloat16, at.in(masked, first), at.in(x, first), at.in(mask, first), at.out(dx, first), count, channels,
                             terms);
  });
  Tensors results{dx, dGamma, dBeta};
  if (hasResidual) results.push_back(masked);
  return results;
}

}  // namespace

void defineBatchNorm(Module& m) {
  m.defBfloat16("batchNormTrain", batchNormTrain);
  m.defBfloat16("batchNormAgain", batchNormAgain);
  m.defBfloat16("batchNormGradient", batchNormGradient);
}

}  // namespace audiossl
