#include "oneDnn.h"

#ifdef AUDIOSSL_ONEDNN
#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <oneapi/dnnl/dnnl.hpp>

#include "../simd/kernels.h"
#include "oneThread.h"
#include "parallel.h"
#include "sumOfRows.h"

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

// What oneDNN computes at once; in a gradient each description stands for what it is the gradient of.
struct Primitive {
  dnnl::primitive run;
  memory::desc x, filter, y, scratchpad;
};

struct ConvPlan {
  Pass pass;
  ConvShape shape;
  at::ScalarType type;
  double number;
  // So many images at a time, each time by one thread, the last of them by another primitive where they are fewer. All of the batch at
  // once: by all threads.
  int64_t each;
  Primitive most, last;
  // Winograd's algorithm wants float32 images whose channels lie in blocks of 16, each block a whole image.
  bool isBlocked;
  // Whether the primitive itself adds the residual and cuts at zero.
  bool finishes;

  int64_t pieces() const { return (shape.batch + each - 1) / each; }
  const Primitive& primitiveOf(int64_t piece) const { return (piece + 1) * each > shape.batch ? last : most; }
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

template <class PrimitiveOf, class Description>
Primitive primitiveOf(const Description& description, const memory::desc& x, const memory::desc& filter, const memory::desc& y) {
  return {PrimitiveOf(description), x, filter, y, description.scratchpad_desc()};
}

// A filter whose order is given must be taken in that order. Throws dnnl::error where oneDNN has no such convolution.
Primitive build(Pass pass, const ConvShape& s, at::ScalarType type, const Wish& wish, bool winograd, bool finishes,
                const memory::desc* filter = nullptr) {
  using Tag = memory::format_tag;
  auto stored = winograd ? memory::data_type::f32 : typeOf(type);
  auto filterType = pass == Pass::filterGradient ? memory::data_type::f32 : stored;
  Tag images = winograd ? Tag::nChw16c : Tag::nhwc;
  algorithm how = winograd ? algorithm::convolution_winograd : algorithm::convolution_direct;
  Description d{{xDims(s), stored, images},
                filter ? *filter : memory::desc(filterDims(s), filterType, Tag::any),
                {yDims(s), stored, images},
                {{s.out}, memory::data_type::f32, Tag::a},
                {s.strideHeight, s.strideWidth},
                {s.top, s.left},
                {s.bottom, s.right}};
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (pass == Pass::forward) {
    auto found = forwardDescription(d, how, wish, finishes);
    return primitiveOf<dnnl::convolution_forward>(found, found.src_desc(), found.weights_desc(), found.dst_desc());
  }
  Description hint = d;  // oneDNN wants the forward pass of every gradient described
  hint.filter = memory::desc(filterDims(s), stored, Tag::any);
  auto forward = forwardDescription(hint, how, {}, false);
  if (pass == Pass::inputGradient) {
    dnnl::convolution_backward_data::primitive_desc found({how, d.x, d.filter, d.y, d.strides, d.before, d.after}, attributes, cpu(), forward);
    return primitiveOf<dnnl::convolution_backward_data>(found, found.diff_src_desc(), found.weights_desc(), found.diff_dst_desc());
  }
  dnnl::convolution_backward_weights::primitive_desc found({how, d.x, d.filter, d.y, d.strides, d.before, d.after}, attributes, cpu(), forward);
  return primitiveOf<dnnl::convolution_backward_weights>(found, found.src_desc(), found.diff_weights_desc(), found.diff_dst_desc());
}

// How many images a thread takes at a time; 0: oneDNN is to share the whole batch out to its threads. Those wait for the slowest at the
// end, and in a plain filter gradient, in a busy loop, several times an image: where anything else runs on a core that takes up to thirty
// times as long. Pieces of the batch leave nobody waiting.
int64_t imagesAtATime(Pass pass, int64_t batch) {
  int64_t threads = loopThreads();
  if (pass == Pass::filterGradient) {
    constexpr int64_t kPieces = 8;  // each has a gradient of its own, which are summed
    return threads <= kPieces && batch >= kPieces ? (batch + kPieces - 1) / kPieces : 0;
  }
  constexpr int64_t kImages = 4;
  return batch >= 2 * kImages * threads ? kImages : 0;
}

// Null where oneDNN has no such convolution.
std::unique_ptr<ConvPlan> tryPlan(Pass pass, const ConvShape& s, at::ScalarType type, const Wish& wish, bool winograd, bool finishes, int64_t each) {
  auto plan = std::make_unique<ConvPlan>(ConvPlan{pass, s, type, 0, each ? each : s.batch, {}, {}, winograd, finishes});
  try {
    if (each == 0) {
      plan->most = build(pass, s, type, wish, winograd, finishes);
      return plan;
    }
    OneThread alone;
    ConvShape part = s;
    part.batch = each;
    plan->most = build(pass, part, type, wish, winograd, finishes);
    part.batch = s.batch % each;
    if (part.batch != 0) plan->last = build(pass, part, type, wish, winograd, finishes, &plan->most.filter);
    return plan;
  } catch (const dnnl::error&) {
    return nullptr;
  }
}

std::unique_ptr<ConvPlan> make(Pass pass, const ConvShape& s, at::ScalarType type, const Wish& wish) {
  std::unique_ptr<ConvPlan> plan;
  if (winogradPays(pass, s, type)) plan = tryPlan(pass, s, type, wish, true, false, 0);
  for (int64_t each : {imagesAtATime(pass, s.batch), int64_t(0)}) {
    if (!plan && (wish.hasResidual || wish.relu)) plan = tryPlan(pass, s, type, wish, false, true, each);
    if (!plan) plan = tryPlan(pass, s, type, wish, false, false, each);
  }
  return plan;
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
  Key key{static_cast<int64_t>(pass), static_cast<int64_t>(type), wish.hasBias, wish.hasResidual, wish.relu, loopThreads()};
  std::memcpy(&key[6], &s, sizeof s);
  auto found = plans.find(key);
  if (found == plans.end()) {
    found = plans.emplace(key, make(pass, s, type, wish)).first;
    if (found->second) found->second->number = numberOf(found->second->most.filter);
  }
  return found->second.get();
}

memory memoryOf(const memory::desc& description, const Tensor& tensor) { return memory(description, cpu(), tensor.data_ptr()); }
memory memoryAt(const memory::desc& description, void* values) { return memory(description, cpu(), values); }

Tensor bytes(const memory::desc& description) { return at::empty({static_cast<int64_t>(description.get_size())}, at::kByte); }

memory::desc filterOf(const Tensor& weight) {
  return memory::desc(weight.sizes().vec(), typeOf(weight.scalar_type()), weight.strides().vec());
}

// argumentsOf(primitive, first image, piece)
template <class ArgumentsOf>
void execute(const ConvPlan& plan, const ArgumentsOf& argumentsOf) {
  int64_t scratch = std::max(plan.most.scratchpad.get_size(), plan.last.scratchpad.get_size());
  auto prepare = [&] { return at::empty({scratch}, at::kByte); };
  parallelPieces(plan.pieces(), prepare, [&](int64_t piece, const Tensor& scratchpad) {
    const Primitive& primitive = plan.primitiveOf(piece);
    std::unordered_map<int, memory> arguments = argumentsOf(primitive, piece * plan.each, piece);
    arguments.emplace(DNNL_ARG_SCRATCHPAD, memoryOf(primitive.scratchpad, scratchpad));
    primitive.run.execute(stream(), arguments);
    stream().wait();
  });
}

char* imageOf(const Tensor& x, int64_t image) { return static_cast<char*>(x.data_ptr()) + image * x.stride(0) * x.element_size(); }

// [batch, height, width, channel] -> float32 [batch, channel / 16, height, width, 16]
Tensor blocked(const Tensor& x) {
  Tensor result = at::empty(x.sizes(), at::kFloat);
  int64_t channels = x.size(3), pixels = x.size(1) * x.size(2);
  parallelPieces(x.size(0), [&](int64_t image) {
    simd().toBlocks(x.scalar_type() == at::kBFloat16, imageOf(x, image), reinterpret_cast<float*>(imageOf(result, image)), pixels, channels);
  });
  return result;
}

// Back again, adding a residual and cutting at zero on the way.
Tensor unblocked(const Tensor& given, const ConvPlan& plan, const OptionalTensor& residual, bool relu) {
  Tensor result = at::empty(given.sizes(), given.options().dtype(plan.type));
  int64_t channels = given.size(3), pixels = given.size(1) * given.size(2);
  parallelPieces(given.size(0), [&](int64_t image) {
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
  const memory::desc& order = plan.most.filter;
  bool isTransformed = order.data.format_kind == dnnl_format_kind_wino;
  Tensor weight = isTransformed ? given.contiguous() : given, packed = bytes(order);
  memory from(filterOf(weight), cpu(), weight.data_ptr()), to = memoryOf(order, packed);
  dnnl::reorder(from, to).execute(stream(), from, to);
  stream().wait();
  return packed;
}

Tensor runForward(const ConvPlan& plan, const Tensor& x, const Tensor& packed, const Finish& finish) {
  const ConvShape& s = plan.shape;
  Tensor input = images(plan, x), y = emptyImages(plan, {s.batch, s.outHeight(), s.outWidth(), s.out});
  memory::desc bias({s.out}, memory::data_type::f32, memory::format_tag::a);
  execute(plan, [&](const Primitive& primitive, int64_t image, int64_t) {
    std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, memoryAt(primitive.x, imageOf(input, image))},
                                              {DNNL_ARG_WEIGHTS, memoryOf(primitive.filter, packed)},
                                              {DNNL_ARG_DST, memoryAt(primitive.y, imageOf(y, image))}};
    if (finish.bias) arguments.emplace(DNNL_ARG_BIAS, memoryOf(bias, *finish.bias));
    if (plan.finishes && finish.residual) {
      arguments.emplace(DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, memoryAt(primitive.y, imageOf(*finish.residual, image)));
    }
    return arguments;
  });
  if (plan.isBlocked) return unblocked(y, plan, finish.residual, finish.relu);
  if (!plan.finishes && finish.residual) y.add_(*finish.residual);
  if (!plan.finishes && finish.relu) y.relu_();
  return y;
}

Tensor runInputGradient(const ConvPlan& plan, const Tensor& dy, const Tensor& packed) {
  const ConvShape& s = plan.shape;
  Tensor gradient = images(plan, dy), dx = emptyImages(plan, {s.batch, s.height, s.width, s.in});
  execute(plan, [&](const Primitive& primitive, int64_t image, int64_t) {
    return std::unordered_map<int, memory>{{DNNL_ARG_DIFF_DST, memoryAt(primitive.y, imageOf(gradient, image))},
                                           {DNNL_ARG_WEIGHTS, memoryOf(primitive.filter, packed)},
                                           {DNNL_ARG_DIFF_SRC, memoryAt(primitive.x, imageOf(dx, image))}};
  });
  return plan.isBlocked ? unblocked(dx, plan, {}, false) : dx;
}

Tensor runFilterGradient(const ConvPlan& plan, const Tensor& x, const Tensor& dy) {
  const ConvShape& s = plan.shape;
  Tensor input = images(plan, x), gradient = images(plan, dy);
  int64_t floats = plan.most.filter.get_size() / sizeof(float), pieces = plan.pieces();
  Tensor parts = at::empty({pieces, floats}, at::kFloat);
  execute(plan, [&](const Primitive& primitive, int64_t image, int64_t piece) {
    return std::unordered_map<int, memory>{{DNNL_ARG_SRC, memoryAt(primitive.x, imageOf(input, image))},
                                           {DNNL_ARG_DIFF_DST, memoryAt(primitive.y, imageOf(gradient, image))},
                                           {DNNL_ARG_DIFF_WEIGHTS, memoryAt(primitive.filter, parts.data_ptr<float>() + piece * floats)}};
  });
  Tensor packed = sumOfRows(parts);
  Tensor dw = at::empty(filterDims(s), at::TensorOptions(at::kFloat), at::MemoryFormat::ChannelsLast);
  memory from = memoryOf(plan.most.filter, packed), to(filterOf(dw), cpu(), dw.data_ptr());
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
