#include "oneDnn.h"

#ifdef AUDIOSSL_ONEDNN
#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>

#include "../simd/kernels.h"
#include "oneThread.h"

namespace audiossl {

using dnnl::algorithm;
using dnnl::memory;

namespace {

enum class Pass { forward, inputGradient, filterGradient };

dnnl::engine& cpu() {
  static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::stream& stream() {
  thread_local dnnl::stream stream(cpu());
  return stream;
}

memory::data_type typeOf(at::ScalarType type) { return type == at::kBFloat16 ? memory::data_type::bf16 : memory::data_type::f32; }

}  // namespace

struct ConvPlan {
  Pass pass;
  ConvShape shape;
  at::ScalarType type;
  double number;
  dnnl::primitive primitive;
  // As the primitive wants them; in a gradient each stands for what it is the gradient of.
  memory::desc x, filter, y, scratchpad;
  // Winograd's algorithm wants float32 images whose channels lie in blocks of 16, each block a whole image.
  bool isBlocked;
  // Whether the primitive itself adds the residual and cuts at zero.
  bool finishes;
  // So many threads each take that share of the batch alone; `shape` and the descriptions are those of one share.
  int64_t shares = 1;
};

namespace {

memory::dims xDims(const ConvShape& s) { return {s.batch, s.in, s.height, s.width}; }
memory::dims yDims(const ConvShape& s) { return {s.batch, s.out, s.outHeight(), s.outWidth()}; }
memory::dims filterDims(const ConvShape& s) { return {s.out, s.in, s.windowHeight, s.windowWidth}; }

struct Wish {
  bool hasBias = false, hasResidual = false, relu = false;
};

// Winograd's algorithm F(4 x 4, 3 x 3) takes 36 multiplications for a tile of 4 x 4 values where the plain way takes 144. It pays where
// tiles are not mostly edge, and where there are enough of them to be worth transforming the filter. In bfloat16 the processor
// multiplies twice as fast and only the filter gradient on tiny images, which oneDNN does badly, is better off in float32.
bool winogradPays(Pass pass, const ConvShape& s, at::ScalarType type) {
  if (s.windowHeight != 3 || s.windowWidth != 3 || s.strideHeight != 1 || s.strideWidth != 1) return false;
  if (s.in % 16 != 0 || s.out % 16 != 0 || s.in < 64 || s.out < 64) return false;
  int64_t area = s.outHeight() * s.outWidth(), tiles = (s.outHeight() + 3) / 4 * ((s.outWidth() + 3) / 4);
  if (area < 2 * 4 * tiles || tiles * s.batch < 64) return false;
  return type == at::kFloat || (pass == Pass::filterGradient && area <= 16);
}

struct Description {
  memory::desc x, filter, y, bias;
  memory::dims strides, before, after;
};

dnnl::convolution_forward::primitive_desc forwardDescription(const Description& d, algorithm how, const Wish& wish, bool finishes) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (finishes) {
    dnnl::post_ops after;
    if (wish.hasResidual) after.append_binary(algorithm::binary_add, d.y);
    if (wish.relu) after.append_eltwise(1.f, algorithm::eltwise_relu, 0.f, 0.f);
    attributes.set_post_ops(after);
  }
  auto kind = wish.hasBias ? dnnl::prop_kind::forward_inference : dnnl::prop_kind::forward_training;
  if (wish.hasBias) return {{kind, how, d.x, d.filter, d.bias, d.y, d.strides, d.before, d.after}, attributes, cpu()};
  return {{kind, how, d.x, d.filter, d.y, d.strides, d.before, d.after}, attributes, cpu()};
}

// Throws dnnl::error where oneDNN has no such convolution.
std::unique_ptr<ConvPlan> build(Pass pass, const ConvShape& s, at::ScalarType type, const Wish& wish, bool winograd, bool finishes) {
  auto plan = std::make_unique<ConvPlan>();
  plan->pass = pass;
  plan->shape = s;
  plan->type = type;
  plan->isBlocked = winograd;
  plan->finishes = finishes;
  using Tag = memory::format_tag;
  auto stored = winograd ? memory::data_type::f32 : typeOf(type);
  auto filterType = pass == Pass::filterGradient ? memory::data_type::f32 : stored;
  Tag images = winograd ? Tag::nChw16c : Tag::nhwc;
  algorithm how = winograd ? algorithm::convolution_winograd : algorithm::convolution_direct;
  Description d{{xDims(s), stored, images},
                {filterDims(s), filterType, Tag::any},
                {yDims(s), stored, images},
                {{s.out}, memory::data_type::f32, Tag::a},
                {s.strideHeight, s.strideWidth},
                {s.top, s.left},
                {s.bottom, s.right}};
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (pass == Pass::forward) {
    auto description = forwardDescription(d, how, wish, finishes);
    plan->primitive = dnnl::convolution_forward(description);
    plan->x = description.src_desc();
    plan->filter = description.weights_desc();
    plan->y = description.dst_desc();
    plan->scratchpad = description.scratchpad_desc();
    return plan;
  }
  Description hint = d;  // oneDNN wants the forward pass of every gradient described
  hint.filter = memory::desc(filterDims(s), stored, Tag::any);
  auto forward = forwardDescription(hint, how, {}, false);
  if (pass == Pass::inputGradient) {
    dnnl::convolution_backward_data::primitive_desc description({how, d.x, d.filter, d.y, d.strides, d.before, d.after}, attributes, cpu(),
                                                                forward);
    plan->primitive = dnnl::convolution_backward_data(description);
    plan->x = description.diff_src_desc();
    plan->filter = description.weights_desc();
    plan->y = description.diff_dst_desc();
    plan->scratchpad = description.scratchpad_desc();
  } else {
    dnnl::convolution_backward_weights::primitive_desc description({how, d.x, d.filter, d.y, d.strides, d.before, d.after}, attributes,
                                                                   cpu(), forward);
    plan->primitive = dnnl::convolution_backward_weights(description);
    plan->x = description.src_desc();
    plan->filter = description.diff_weights_desc();
    plan->y = description.diff_dst_desc();
    plan->scratchpad = description.scratchpad_desc();
  }
  return plan;
}

// oneDNN's plain filter gradient lets its threads wait for one another in a busy loop, several times an image: where anything
// else runs on a core that takes up to thirty times as long. Each thread on images of its own never waits.
std::unique_ptr<ConvPlan> buildShares(ConvShape s, at::ScalarType type) {
  constexpr int kMostThreads = 8;  // each has a gradient of its own, which are summed
  int threads = at::get_num_threads();
  if (threads == 1 || threads > kMostThreads || s.batch % threads != 0) return nullptr;
  s.batch /= threads;
  OneThread alone;
  try {
    auto plan = build(Pass::filterGradient, s, type, {}, false, false);
    plan->shares = threads;
    return plan;
  } catch (const dnnl::error&) {
    return nullptr;
  }
}

std::unique_ptr<ConvPlan> make(Pass pass, const ConvShape& s, at::ScalarType type, const Wish& wish) {
  if (winogradPays(pass, s, type)) {
    try {
      return build(pass, s, type, wish, true, false);
    } catch (const dnnl::error&) {
    }
  }
  if (pass == Pass::filterGradient) {
    if (auto plan = buildShares(s, type)) return plan;
  }
  if (wish.hasResidual || wish.relu) {
    try {
      return build(pass, s, type, wish, false, true);
    } catch (const dnnl::error&) {
    }
  }
  try {
    return build(pass, s, type, wish, false, false);
  } catch (const dnnl::error&) {
    return nullptr;
  }
}

// Plans that want a filter in one order have one number: a filter packed for one size of batch serves the others, and packing one for
// Winograd's algorithm takes as long as many images.
double numberOf(const memory::desc& filter) {
  thread_local std::vector<memory::desc> orders;
  auto found = std::find(orders.begin(), orders.end(), filter);
  if (found == orders.end()) found = orders.insert(found, filter);
  return -1 - static_cast<double>(found - orders.begin());
}

const ConvPlan* planned(Pass pass, const ConvShape& s, at::ScalarType type, const Wish& wish) {
  using Key = std::array<int64_t, 19>;
  thread_local std::map<Key, std::unique_ptr<ConvPlan>> plans;
  static_assert(sizeof(ConvShape) == 13 * sizeof(int64_t));
  // A plan is made for a number of threads.
  Key key{static_cast<int64_t>(pass), static_cast<int64_t>(type), wish.hasBias, wish.hasResidual, wish.relu, at::get_num_threads()};
  std::memcpy(&key[6], &s, sizeof s);
  auto found = plans.find(key);
  if (found == plans.end()) {
    found = plans.emplace(key, make(pass, s, type, wish)).first;
    if (found->second) found->second->number = numberOf(found->second->filter);
  }
  return found->second.get();
}

memory memoryOf(const memory::desc& description, const Tensor& tensor) { return memory(description, cpu(), tensor.data_ptr()); }

Tensor bytes(const memory::desc& description) { return at::empty({static_cast<int64_t>(description.get_size())}, at::kByte); }

memory::desc filterOf(const Tensor& weight) {
  return memory::desc(weight.sizes().vec(), typeOf(weight.scalar_type()), weight.strides().vec());
}

void execute(const ConvPlan& plan, std::unordered_map<int, memory> arguments) {
  Tensor scratchpad = bytes(plan.scratchpad);
  arguments.emplace(DNNL_ARG_SCRATCHPAD, memoryOf(plan.scratchpad, scratchpad));
  plan.primitive.execute(stream(), arguments);
  stream().wait();
}

template <class Run>
void forEachImage(int64_t batch, const Run& run) {
  at::parallel_for(0, batch, 1, [&](int64_t begin, int64_t end) {
    for (int64_t image = begin; image < end; image++) run(image);
  });
}

char* imageOf(const Tensor& x, int64_t image) { return static_cast<char*>(x.data_ptr()) + image * x.stride(0) * x.element_size(); }

// [batch, height, width, channel] -> float32 [batch, channel / 16, height, width, 16]
Tensor blocked(const Tensor& x) {
  Tensor result = at::empty(x.sizes(), at::kFloat);
  int64_t channels = x.size(3), pixels = x.size(1) * x.size(2);
  forEachImage(x.size(0), [&](int64_t image) {
    simd().toBlocks(x.scalar_type() == at::kBFloat16, imageOf(x, image), reinterpret_cast<float*>(imageOf(result, image)), pixels, channels);
  });
  return result;
}

// Back again, adding a residual and cutting at zero on the way.
Tensor unblocked(const Tensor& given, const ConvPlan& plan, const OptionalTensor& residual, bool relu) {
  Tensor result = at::empty(given.sizes(), given.options().dtype(plan.type));
  int64_t channels = given.size(3), pixels = given.size(1) * given.size(2);
  forEachImage(given.size(0), [&](int64_t image) {
    simd().fromBlocks(plan.type == at::kBFloat16, reinterpret_cast<float*>(imageOf(given, image)),
                      residual ? imageOf(*residual, image) : nullptr, imageOf(result, image), pixels, channels, relu);
  });
  return result;
}

Tensor images(const ConvPlan& plan, const Tensor& x) { return plan.isBlocked ? blocked(x) : x; }

Tensor emptyImages(const ConvPlan& plan, at::IntArrayRef shape) {
  return at::empty(shape, at::TensorOptions(plan.isBlocked ? at::kFloat : plan.type));
}

}  // namespace

bool hasOneDnn() { return true; }

std::string oneDnnRelease() {
  const dnnl_version_t* version = dnnl_version();
  return std::to_string(version->major) + '.' + std::to_string(version->minor) + '.' + std::to_string(version->patch);
}

const void* oneDnnAddress() { return reinterpret_cast<const void*>(&dnnl_version); }

const ConvPlan* planForward(const ConvShape& shape, at::ScalarType type, bool hasBias, bool hasResidual, bool relu) {
  return planned(Pass::forward, shape, type, {hasBias, hasResidual, relu});
}
const ConvPlan* planInputGradient(const ConvShape& shape, at::ScalarType type) { return planned(Pass::inputGradient, shape, type, {}); }
const ConvPlan* planFilterGradient(const ConvShape& shape, at::ScalarType type) { return planned(Pass::filterGradient, shape, type, {}); }
double planNumber(const ConvPlan& plan) { return plan.number; }

Tensor packFilter(const ConvPlan& plan, const Tensor& given) {
  // In evaluation Winograd's algorithm takes filters that are transformed already, and transforms them from this order alone.
  bool isTransformed = plan.filter.data.format_kind == dnnl_format_kind_wino;
  Tensor weight = isTransformed ? given.contiguous() : given, packed = bytes(plan.filter);
  memory from(filterOf(weight), cpu(), weight.data_ptr()), to = memoryOf(plan.filter, packed);
  dnnl::reorder(from, to).execute(stream(), from, to);
  stream().wait();
  return packed;
}

Tensor runForward(const ConvPlan& plan, const Tensor& x, const Tensor& packed, const Finish& finish) {
  const ConvShape& s = plan.shape;
  Tensor input = images(plan, x), y = emptyImages(plan, {s.batch, s.outHeight(), s.outWidth(), s.out});
  std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, memoryOf(plan.x, input)},
                                            {DNNL_ARG_WEIGHTS, memoryOf(plan.filter, packed)},
                                            {DNNL_ARG_DST, memoryOf(plan.y, y)}};
  if (finish.bias) arguments.emplace(DNNL_ARG_BIAS, memory({{s.out}, memory::data_type::f32, memory::format_tag::a}, cpu(), finish.bias->data_ptr()));
  if (plan.finishes && finish.residual) {
    arguments.emplace(DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, memoryOf(plan.y, *finish.residual));
  }
  execute(plan, std::move(arguments));
  if (plan.isBlocked) return unblocked(y, plan, finish.residual, finish.relu);
  if (!plan.finishes && finish.residual) y.add_(*finish.residual);
  if (!plan.finishes && finish.relu) y.relu_();
  return y;
}

Tensor runInputGradient(const ConvPlan& plan, const Tensor& dy, const Tensor& packed) {
  const ConvShape& s = plan.shape;
  Tensor gradient = images(plan, dy), dx = emptyImages(plan, {s.batch, s.height, s.width, s.in});
  execute(plan, {{DNNL_ARG_DIFF_DST, memoryOf(plan.y, gradient)},
                 {DNNL_ARG_WEIGHTS, memoryOf(plan.filter, packed)},
                 {DNNL_ARG_DIFF_SRC, memoryOf(plan.x, dx)}});
  return plan.isBlocked ? unblocked(dx, plan, {}, false) : dx;
}

Tensor runFilterGradient(const ConvPlan& plan, const Tensor& x, const Tensor& dy) {
  const ConvShape& s = plan.shape;
  Tensor input = images(plan, x), gradient = images(plan, dy);
  int64_t floats = plan.filter.get_size() / sizeof(float), scratch = plan.scratchpad.get_size();
  Tensor packed = at::empty({plan.shares, floats}, at::kFloat), scratchpads = at::empty({plan.shares, scratch}, at::kByte);
  auto share = [&](int64_t i) {
    Tensor part = packed[i], own = scratchpads[i];
    int64_t first = i * s.batch;
    plan.primitive.execute(stream(), {{DNNL_ARG_SRC, memory(plan.x, cpu(), imageOf(input, first))},
                                      {DNNL_ARG_DIFF_DST, memory(plan.y, cpu(), imageOf(gradient, first))},
                                      {DNNL_ARG_DIFF_WEIGHTS, memoryOf(plan.filter, part)},
                                      {DNNL_ARG_SCRATCHPAD, memoryOf(plan.scratchpad, own)}});
    stream().wait();
  };
  if (plan.shares == 1) {
    share(0);
  } else {
    at::parallel_for(0, plan.shares, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; i++) share(i);
    });
    for (int64_t i = 1; i < plan.shares; i++) packed[0].add_(packed[i]);
  }
  Tensor dw = at::empty(filterDims(s), at::TensorOptions(at::kFloat), at::MemoryFormat::ChannelsLast);
  memory from = memoryOf(plan.filter, packed), to(filterOf(dw), cpu(), dw.data_ptr());
  dnnl::reorder(from, to).execute(stream(), from, to);
  stream().wait();
  return dw;
}

}  // namespace audiossl

#else

namespace audiossl {

struct ConvPlan {};
bool hasOneDnn() { return false; }
std::string oneDnnRelease() { return ""; }
const void* oneDnnAddress() { return nullptr; }
const ConvPlan* planForward(const ConvShape&, at::ScalarType, bool, bool, bool) { return nullptr; }
const ConvPlan* planInputGradient(const ConvShape&, at::ScalarType) { return nullptr; }
const ConvPlan* planFilterGradient(const ConvShape&, at::ScalarType) { return nullptr; }
double planNumber(const ConvPlan&) { return 0; }
Tensor packFilter(const ConvPlan&, const Tensor&) { return {}; }
Tensor runForward(const ConvPlan&, const Tensor&, const Tensor&, const Finish&) { return {}; }
Tensor runInputGradient(const ConvPlan&, const Tensor&, const Tensor&) { return {}; }
Tensor runFilterGradient(const ConvPlan&, const Tensor&, const Tensor&) { return {}; }

}  // namespace audiossl

#endif
