// Convolutions of 2 and 3 spatial axes and their gradients.
//
// tfjs stores [batch, space..., channel] and filters [space..., in, out]. Seen through a permutation that is libtorch's channels-last
// layout, which oneDNN computes in as it is: nothing is copied. Filters are laid out anew once, at their first use (see `filterView`).
#include "oneDnn.h"
#include "pixelPairs.h"
#include "ranks.h"
#include "winograd.h"

namespace audiossl {
namespace {

// [batch, space..., channel] -> [batch, channel, space...], a view
Tensor channelsFirst(const Tensor& x) {
  Ints order{0, x.dim() - 1};
  for (int64_t axis = 1; axis < x.dim() - 1; axis++) order.push_back(axis);
  return x.permute(order);
}

// [batch, channel, space...] -> [batch, space..., channel], a view
Tensor channelsLast(const Tensor& x) {
  Ints order{0};
  for (int64_t axis = 2; axis < x.dim(); axis++) order.push_back(axis);
  order.push_back(1);
  return x.permute(order);
}

// filter [space..., in, out] -> [out, in, space...], a view
Tensor outFirst(const Tensor& filter) {
  Ints order{filter.dim() - 1, filter.dim() - 2};
  for (int64_t axis = 0; axis < filter.dim() - 2; axis++) order.push_back(axis);
  return filter.permute(order);
}

// [out, in, space...] -> [space..., in, out], a view
Tensor outLast(const Tensor& weight) {
  Ints order;
  for (int64_t axis = 2; axis < weight.dim(); axis++) order.push_back(axis);
  order.push_back(1);
  order.push_back(0);
  return weight.permute(order);
}

at::MemoryFormat lastFormat(int64_t rank) { return rank == 5 ? at::MemoryFormat::ChannelsLast3d : at::MemoryFormat::ChannelsLast; }

// The filter as libtorch wants it. At its first use its values are moved into [out, space..., in] order in place (same handle, same
// shape, other strides): a variable is then never copied again, and its gradient and momentum come out with equal strides.
Tensor filterView(int64_t slot) {
  const Tensor& filter = tensorAt(slot);
  Tensor weight = outFirst(filter);
  if (weight.is_contiguous(lastFormat(weight.dim()))) return weight;
  weight = weight.contiguous(lastFormat(weight.dim()));
  relayout(slot, outLast(weight));
  return weight;
}

bool symmetric(const Ints& pads) {
  for (size_t i = 0; i < pads.size(); i += 2) {
    if (pads[i] != pads[i + 1]) return false;
  }
  return true;
}

Ints beforePads(const Ints& pads) {
  Ints before;
  for (size_t i = 0; i < pads.size(); i += 2) before.push_back(pads[i]);
  return before;
}

// constant_pad_nd's order: last axis first
Ints lastAxisFirst(const Ints& pads) {
  Ints reversed;
  for (size_t i = pads.size(); i >= 2; i -= 2) {
    reversed.push_back(pads[i - 2]);
    reversed.push_back(pads[i - 1]);
  }
  return reversed;
}

Ints zeros(const Ints& like) { return Ints(like.size(), 0); }

Tensor asFloat(const Tensor& x) { return x.to(at::kFloat); }

// Whether a convolution computes in bfloat16: those of images do, if the policy says so.
bool isBfloat16Conv(int64_t rank, bool isChannelsFirst) { return storesBfloat16() && rank == 4 && !isChannelsFirst; }

// The filter's values in bfloat16, converted once until it changes.
Tensor bfloat16Filter(int64_t slot) {
  Tensor weight = filterView(slot);
  if (weight.scalar_type() == at::kBFloat16) return weight;
  const Tensor& filter = tensorAt(slot);
  constexpr double kBfloat16 = 0;
  if (const Tensors* known = derivedOf({filter}, kBfloat16)) return known->at(0);
  return keepDerived({filter}, kBfloat16, {weight.to(at::kBFloat16)})[0];
}

// pads: before and after each spatial axis
Tensor convolution(const Tensor& x, const Tensor& weight, const Ints& strides, const Ints& pads, const Ints& dilations, int64_t groups) {
  Ints none = zeros(strides);
  if (symmetric(pads)) return at::convolution(x, weight, {}, strides, beforePads(pads), dilations, false, none, groups);
  return at::convolution(at::constant_pad_nd(x, lastAxisFirst(pads), 0), weight, {}, strides, none, dilations, false, none, groups);
}

Tensor convolutionWithBias(const Tensor& x, const Tensor& weight, const Tensor& bias, const Ints& strides, const Ints& pads) {
  Ints none = zeros(strides), one(strides.size(), 1);
  if (symmetric(pads)) return at::convolution(x, weight, bias, strides, beforePads(pads), one, false, none, 1);
  return at::convolution(at::constant_pad_nd(x, lastAxisFirst(pads), 0), weight, bias, strides, none, one, false, none, 1);
}

// dx of shape inputShape [batch, channel, space...]
Tensor inputGradient(const Tensor& dy, const Tensor& weight, Ints inputShape, const Ints& strides, const Ints& pads, const Ints& dilations,
                     int64_t groups) {
  Ints none = zeros(strides), before = beforePads(pads), padded = inputShape;
  bool exact = symmetric(pads);
  if (!exact) {
    for (size_t axis = 0; axis < strides.size(); axis++) padded[axis + 2] += pads[2 * axis] + pads[2 * axis + 1];
  }
  Tensor input = at::empty(padded, dy.options(), lastFormat(dy.dim()));
  Tensor dx = std::get<0>(at::convolution_backward(dy, input, weight, c10::nullopt, strides, exact ? before : none, dilations, false, none,
                                                   groups, {true, false, false}));
  if (!exact) {
    for (size_t axis = 0; axis < strides.size(); axis++) dx = dx.narrow(axis + 2, pads[2 * axis], inputShape[axis + 2]);
  }
  return dx;
}

// dw of shape weightShape [out, in / groups, space...]
Tensor filterGradient(const Tensor& x, const Tensor& dy, const Ints& weightShape, const Ints& strides, const Ints& pads,
                      const Ints& dilations, int64_t groups) {
  bool exact = symmetric(pads);
  Tensor input = exact ? x : at::constant_pad_nd(x, lastAxisFirst(pads), 0);
  Tensor weight = at::empty(weightShape, dy.options(), lastFormat(dy.dim()));
  return std::get<1>(at::convolution_backward(dy, input, weight, c10::nullopt, strides, exact ? beforePads(pads) : zeros(strides), dilations,
                                              false, zeros(strides), groups, {false, true, false}));
}

// ---- by our own loops or oneDNN itself: 2 axes, channels last, neither dilated nor grouped ----
bool isPlain(const Tensor& x, const Ints& filterShape, const Ints& dilations, bool isChannelsFirst) {
  if (isChannelsFirst || x.dim() != 4 || x.numel() == 0) return false;
  for (int64_t dilation : dilations) {
    if (dilation != 1) return false;
  }
  return filterShape[0] * filterShape[1] * filterShape[2] * filterShape[3] > 0;
}

ConvShape convShape(at::IntArrayRef x, at::IntArrayRef filter, const Ints& strides, const Ints& pads) {
  return {x[0],      x[1],       x[2],       x[3],    filter[0], filter[1], filter[3],
          strides[0], strides[1], pads[0], pads[1],   pads[2],   pads[3]};
}

at::ScalarType activationType() { return storesBfloat16() ? at::kBFloat16 : at::kFloat; }

// A filter as it is in the plan's order. Made anew each time: in training it is used once between two changes.
Tensor packed(const ConvPlan& plan, int64_t filter) { return packFilter(plan, asFloat(filterView(filter))); }

// x [batch, space..., in] (or [batch, in, space...] if isChannelsFirst), filter [space..., in / groups, out]
Tensor conv(const Tensor& x, int64_t filter, const Ints& strides, const Ints& pads, const Ints& dilations, bool isChannelsFirst) {
  Ints filterShape = tensorAt(filter).sizes().vec();
  if (isPlain(x, filterShape, dilations, isChannelsFirst) && x.size(3) == filterShape[2]) {
    ConvShape shape = convShape(x.sizes(), filterShape, strides, pads);
    if (winogradFits(shape, activationType())) {
      return winogradForward(shape, x.to(activationType()).contiguous(), winogradFilter(asFloat(filterView(filter)), activationType(), false), {});
    }
    if (const ConvPlan* plan = planForward(shape, activationType(), false, false, false)) {
      return runForward(*plan, x.to(activationType()).contiguous(), packed(*plan, filter), {});
    }
  }
  bool bfloat16 = isBfloat16Conv(x.dim(), isChannelsFirst);
  Tensor weight = bfloat16 ? bfloat16Filter(filter) : asFloat(filterView(filter));
  Tensor input = (isChannelsFirst ? x : channelsFirst(x)).to(weight.scalar_type());
  int64_t groups = input.size(1) / std::max<int64_t>(weight.size(1), 1);
  Tensor y = convolution(input, weight, strides, pads, dilations, std::max<int64_t>(groups, 1));
  return (isChannelsFirst ? y : channelsLast(y)).contiguous();
}

Ints channelFirstShape(const Ints& shape, bool isChannelsFirst) {
  if (isChannelsFirst) return shape;
  Ints first{shape[0], shape.back()};
  first.insert(first.end(), shape.begin() + 1, shape.end() - 1);
  return first;
}

Tensor convInputGradient(const Tensor& dy, int64_t filter, const Ints& inputShape, const Ints& strides, const Ints& pads,
                         bool isChannelsFirst) {
  Ints filterShape = tensorAt(filter).sizes().vec();
  if (isPlain(dy, filterShape, {}, isChannelsFirst) && inputShape[3] == filterShape[2]) {
    ConvShape shape = convShape(inputShape, filterShape, strides, pads);
    if (winogradFits(shape, activationType())) {
      return winogradInputGradient(shape, dy.to(activationType()).contiguous(), winogradFilter(asFloat(filterView(filter)), activationType(), true));
    }
    if (const ConvPlan* plan = planInputGradient(shape, activationType())) {
      return runInputGradient(*plan, dy.to(activationType()).contiguous(), packed(*plan, filter));
    }
  }
  bool bfloat16 = isBfloat16Conv(dy.dim(), isChannelsFirst);
  Tensor weight = bfloat16 ? bfloat16Filter(filter) : asFloat(filterView(filter));
  Ints shape = channelFirstShape(inputShape, isChannelsFirst);
  int64_t groups = std::max<int64_t>(shape[1] / std::max<int64_t>(weight.size(1), 1), 1);
  Tensor gradient = (isChannelsFirst ? dy : channelsFirst(dy)).to(weight.scalar_type());
  Tensor dx = inputGradient(gradient, weight, shape, strides, pads, Ints(strides.size(), 1), groups);
  return (isChannelsFirst ? dx : channelsLast(dx)).contiguous();
}

Tensor filterGradientNow(const Tensor& x, const Tensor& dy, const Ints& filterShape, const Ints& strides, const Ints& pads,
                         bool isChannelsFirst) {
  if (isPlain(x, filterShape, {}, isChannelsFirst) && x.size(3) == filterShape[2]) {
    at::ScalarType type = activationType();
    ConvShape shape = convShape(x.sizes(), filterShape, strides, pads);
    if (winogradFits(shape, type)) return outLast(winogradFilterGradient(shape, x.to(type).contiguous(), dy.to(type).contiguous()));
    if (pixelPairsFit(shape, type)) return outLast(pixelPairsFilterGradient(shape, x.to(type).contiguous(), dy.to(type).contiguous()));
    if (const ConvPlan* plan = planFilterGradient(shape, type)) {
      return outLast(runFilterGradient(*plan, x.to(type).contiguous(), dy.to(type).contiguous()));
    }
  }
  Ints weightShape{filterShape.back(), filterShape[filterShape.size() - 2]};
  weightShape.insert(weightShape.end(), filterShape.begin(), filterShape.end() - 2);
  at::ScalarType type = isBfloat16Conv(x.dim(), isChannelsFirst) ? at::kBFloat16 : at::kFloat;
  Tensor input = (isChannelsFirst ? x : channelsFirst(x)).to(type);
  int64_t groups = std::max<int64_t>(input.size(1) / std::max<int64_t>(weightShape[1], 1), 1);
  Tensor gradient = (isChannelsFirst ? dy : channelsFirst(dy)).to(type);
  Tensor dw = filterGradient(input, gradient, weightShape, strides, pads, Ints(strides.size(), 1), groups);
  return outLast(asFloat(dw).contiguous(lastFormat(dw.dim())));
}

// Of ranks that wait for one another at every batch norm: a filter's gradient, which no other gradient needs, is what there is to do meanwhile.
Tensor convFilterGradient(const Tensor& x, const Tensor& dy, const Ints& filterShape, const Ints& strides, const Ints& pads,
                          bool isChannelsFirst) {
  if (!sharesStatistics()) return filterGradientNow(x, dy, filterShape, strides, pads, isChannelsFirst);
  return later(filterShape, [=] { return filterGradientNow(x, dy, filterShape, strides, pads, isChannelsFirst); });
}

// ---- evaluation: convolution, batch norm by the running statistics, residual, ReLU ----

// What a batch norm multiplies by, and the bias left of it; [out] each.
Tensors scaleAndBias(const Tensors& parameters, double epsilon) {
  const Tensor &gamma = parameters[1], &beta = parameters[2], &mean = parameters[3], &variance = parameters[4];
  Tensor scale = gamma / at::sqrt(variance + epsilon);
  return {scale, (beta - mean * scale).contiguous()};
}

// The filter [out, in, height, width] times the batch norm's scale, and the bias; float32.
Tensors foldBatchNorm(const Tensors& parameters, double epsilon) {
  Tensors folded = scaleAndBias(parameters, epsilon);
  Tensor weight = outFirst(asFloat(parameters[0])) * folded[0].reshape({-1, 1, 1, 1});
  return {weight.contiguous(at::MemoryFormat::ChannelsLast), folded[1]};
}

// How a convolution and its batch norm are computed.
struct Folding {
  bool byWinograd, isTransformed;  // by Winograd's algorithm, the filter's transform being kept
  const ConvPlan* plan;
};

// The same, transformed for Winograd's algorithm or packed for a plan (if there is one), and kept until a parameter changes. Where Winograd's
// algorithm takes the filter as it is: the scale and the bias.
Tensors foldedFor(const Folding& how, const Tensors& parameters, double epsilon) {
  // One number for what was done; plans have negative ones.
  double number = (how.byWinograd ? (storesBfloat16() ? 4 : 3) : how.plan ? planNumber(*how.plan) : storesBfloat16() ? 2 : 1) + epsilon;
  if (const Tensors* known = derivedOf(parameters, number)) return *known;
  if (how.byWinograd && !how.isTransformed) return keepDerived(parameters, number, scaleAndBias(parameters, epsilon));
  Tensors folded = foldBatchNorm(parameters, epsilon);
  if (how.byWinograd) return keepDerived(parameters, number, {winogradFilter(folded[0], activationType(), false).values, folded[1]});
  if (how.plan) return keepDerived(parameters, number, {packFilter(*how.plan, folded[0]), folded[1]});
  return keepDerived(parameters, number, {folded[0].to(activationType()), folded[1].to(activationType())});
}

Tensor convBatchNorm(const Tensor& given, int64_t filter, const Tensor& gamma, const Tensor& beta, const Tensor& mean, const Tensor& variance,
                     const OptionalTensor& givenResidual, const Ints& strides, const Ints& pads, double epsilon, bool relu) {
  at::ScalarType type = activationType();
  Tensor x = given.to(type).contiguous();
  OptionalTensor residual = givenResidual ? OptionalTensor(givenResidual->to(type).contiguous()) : givenResidual;
  Tensor weight = filterView(filter);
  Tensors parameters{tensorAt(filter), gamma, beta, mean, variance};
  Ints filterShape = parameters[0].sizes().vec();
  Folding how{false, false, nullptr};
  if (isPlain(x, filterShape, {}, false)) {
    ConvShape shape = convShape(x.sizes(), filterShape, strides, pads);
    how.byWinograd = winogradFits(shape, type);
    how.isTransformed = winogradTransforms(shape.in, type);
    if (!how.byWinograd) how.plan = planForward(shape, type, true, residual.has_value(), relu);
  }
  Tensors folded = foldedFor(how, parameters, epsilon);
  if (how.byWinograd) {
    WinogradFilter taken = how.isTransformed ? WinogradFilter{folded[0], true, false, {}} : WinogradFilter{weight, false, false, folded[0]};
    return winogradForward(convShape(x.sizes(), filterShape, strides, pads), x, taken, {folded[1], residual, relu});
  }
  if (how.plan) return runForward(*how.plan, x, folded[0], {folded[1], residual, relu});
  Tensor y = channelsLast(convolutionWithBias(channelsFirst(x), folded[0], folded[1], strides, pads)).contiguous();
  if (residual) y.add_(*residual);
  return relu ? y.relu_() : y;
}

// ---- depthwise: filter [height, width, channels, multiplier]; output channel = channel * multiplier + m ----
Tensor depthwiseWeight(const Tensor& filter) {
  return asFloat(filter).permute({2, 3, 0, 1}).reshape({filter.size(2) * filter.size(3), 1, filter.size(0), filter.size(1)});
}

Tensor depthwiseConv(const Tensor& x, const Tensor& filter, const Ints& strides, const Ints& pads, const Ints& dilations) {
  return channelsLast(convolution(channelsFirst(asFloat(x)), depthwiseWeight(filter), strides, pads, dilations, filter.size(2))).contiguous();
}

Tensor depthwiseInputGradient(const Tensor& dy, const Tensor& filter, const Ints& inputShape, const Ints& strides, const Ints& pads,
                              const Ints& dilations) {
  Ints shape = channelFirstShape(inputShape, false);
  return channelsLast(inputGradient(channelsFirst(dy), depthwiseWeight(filter), shape, strides, pads, dilations, filter.size(2))).contiguous();
}

Tensor depthwiseFilterGradient(const Tensor& x, const Tensor& dy, const Ints& filterShape, const Ints& strides, const Ints& pads,
                               const Ints& dilations) {
  int64_t height = filterShape[0], width = filterShape[1], channels = filterShape[2], multiplier = filterShape[3];
  Tensor dw = filterGradient(channelsFirst(asFloat(x)), channelsFirst(dy), {channels * multiplier, 1, height, width}, strides, pads, dilations,
                             channels);
  return dw.reshape({channels, multiplier, height, width}).permute({2, 3, 0, 1}).contiguous();
}

}  // namespace

void defineConvolution(Module& m) {
  m.defBfloat16("conv", conv);
  m.defBfloat16("convBatchNorm", convBatchNorm);
  m.defBfloat16("convInputGradient", convInputGradient);
  m.defBfloat16("convFilterGradient", convFilterGradient);
  m.def("depthwiseConv", depthwiseConv);
  m.def("depthwiseInputGradient", depthwiseInputGradient);
  m.def("depthwiseFilterGradient", depthwiseFilterGradient);
}

}  // namespace audiossl
