// The Node-API side of the front end: typed arrays in, typed arrays filled. Every entry checks that nothing is read or written outside
// them. The types are declared in src/audio/frontEndAddon.ts.
#include <node_api.h>

#include <algorithm>
#include <cstdlib>
#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "kernels.h"

namespace audiossl {
namespace {

[[noreturn]] void wrong(const std::string& what) { throw std::runtime_error(what); }

template <class T>
struct Array {
  T* data;
  int64_t length;
};

template <class T>
constexpr napi_typedarray_type typeOf();
template <>
constexpr napi_typedarray_type typeOf<float>() { return napi_float32_array; }
template <>
constexpr napi_typedarray_type typeOf<double>() { return napi_float64_array; }
template <>
constexpr napi_typedarray_type typeOf<int32_t>() { return napi_int32_array; }
template <>
constexpr napi_typedarray_type typeOf<uint8_t>() { return napi_uint8_array; }

template <class T>
Array<T> arrayOf(napi_env env, napi_value value) {
  napi_typedarray_type type;
  size_t length;
  void* data;
  bool isTyped = false;
  if (napi_is_typedarray(env, value, &isTyped) != napi_ok || !isTyped) wrong("a typed array is expected");
  if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok || type != typeOf<T>())
    wrong("another type of array is expected");
  return {static_cast<T*>(data), static_cast<int64_t>(length)};
}

double numberOf(napi_env env, napi_value value) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok) wrong("a number is expected");
  return number;
}

// Infinity is "no end yet".
int64_t integerOf(napi_env env, napi_value value) {
  double number = numberOf(env, value);
  if (number == std::numeric_limits<double>::infinity()) return int64_t{1} << 53;
  if (!(std::abs(number) <= 9007199254740992.0) || number != std::floor(number)) wrong("an integer is expected");
  return static_cast<int64_t>(number);
}

bool flagOf(napi_env env, napi_value value) {
  bool flag;
  if (napi_get_value_bool(env, value, &flag) != napi_ok) wrong("a boolean is expected");
  return flag;
}

napi_value member(napi_env env, napi_value object, const char* name) {
  napi_value value;
  if (napi_get_named_property(env, object, name, &value) != napi_ok) wrong(std::string(name) + " is expected");
  return value;
}

int64_t integerOf(napi_env env, napi_value object, const char* name, int64_t low, int64_t high) {
  int64_t value = integerOf(env, member(env, object, name));
  if (value < low || value > high) wrong(std::string(name) + " is out of range: " + std::to_string(value));
  return value;
}

// Scratch memory that a thread keeps, up to a size that any usual front end stays below; it starts at a cache line.
class Scratch {
 public:
  explicit Scratch(int64_t bytes) {
    constexpr int64_t line = 64, kept = 8 << 20;
    thread_local std::unique_ptr<char[]> memory;
    thread_local int64_t size = 0;
    char* start;
    if (bytes > kept) {
      own_.reset(new char[bytes + line]);
      start = own_.get();
    } else {
      if (bytes > size) {
        size = 0;
        memory.reset(new char[bytes + line]);
        size = bytes;
      }
      start = memory.get();
    }
    data_ = start + (line - reinterpret_cast<uintptr_t>(start) % line) % line;
  }
  void* get() { return data_; }

 private:
  std::unique_ptr<char[]> own_;
  char* data_;
};

// ---- log-mel ----

struct OwnedPlan {
  LogMelPlan plan;
  std::vector<double> window, melWeights, realTwiddles, complexTwiddles;
  std::vector<int32_t> firstBin, endBin, binOfOutput;
};

void appendPower(std::vector<double>& to, int64_t power, int64_t length) {
  double angle = -2 * M_PI * static_cast<double>(power) / static_cast<double>(length);
  to.push_back(std::cos(angle));
  to.push_back(std::sin(angle));
}

// The output that the depth-first transform of `size` values writes at each place.
void appendOrder(std::vector<int64_t>& order, int64_t size, int64_t offset, int64_t stride) {
  if (size == 8) {
    for (int64_t k : {0, 2, 4, 6, 1, 3, 5, 7}) order.push_back(offset + k * stride);
  } else if (size <= 4) {
    for (int64_t k = 0; k < size; k++) order.push_back(offset + k * stride);
  } else {
    for (int64_t part = 0; part < 4; part++) appendOrder(order, size / 4, offset + part * stride, stride * 4);
  }
}

void makeTables(OwnedPlan& owned, int64_t nFft) {
  for (int64_t length = nFft; length >= 4; length /= 2)
    for (int64_t m = 0; m < length / 4; m++) appendPower(owned.realTwiddles, m, length);
  for (int64_t size = 4; size <= nFft / 4; size *= 2)
    for (int64_t m = 0; m < size / 4; m++)
      for (int64_t power = 1; power <= 3; power++) appendPower(owned.complexTwiddles, power * m, size);
  for (int64_t length = nFft, stride = 1; length >= 4; length /= 2, stride *= 2) {
    std::vector<int64_t> order;
    appendOrder(order, length / 4, 0, 1);
    for (int64_t k : order) {
      int64_t bin = stride * (4 * k + 1);
      owned.binOfOutput.push_back(static_cast<int32_t>(bin <= nFft / 2 ? bin : nFft - bin));
    }
  }
}

template <class T>
std::vector<T> copyOf(napi_env env, napi_value object, const char* name, int64_t length) {
  Array<T> array = arrayOf<T>(env, member(env, object, name));
  if (length >= 0 && array.length != length) wrong(std::string(name) + " has another length");
  return std::vector<T>(array.data, array.data + array.length);
}

napi_value createLogMelPlan(napi_env env, napi_value* arguments) {
  napi_value o = arguments[0];
  auto owned = std::make_unique<OwnedPlan>();
  LogMelPlan& plan = owned->plan;
  plan.nFft = integerOf(env, o, "nFft", 16, 65536);
  if (plan.nFft & (plan.nFft - 1)) wrong("nFft must be a power of two");
  plan.winLength = integerOf(env, o, "winLength", 2, plan.nFft);
  plan.hopLength = integerOf(env, o, "hopLength", 1, plan.winLength);
  plan.nMels = integerOf(env, o, "nMels", 1, 1024);
  plan.firstSample = integerOf(env, o, "firstSample", -plan.nFft, plan.nFft);
  plan.isMirrored = flagOf(env, member(env, o, "isMirrored"));
  plan.isMagnitude = flagOf(env, member(env, o, "isMagnitude"));
  plan.waveformOffset = numberOf(env, member(env, o, "waveformOffset"));
  plan.logOffset = numberOf(env, member(env, o, "logOffset"));
  plan.logFloor = numberOf(env, member(env, o, "logFloor"));
  plan.logScale = numberOf(env, member(env, o, "logScale"));
  owned->window = copyOf<double>(env, o, "window", plan.winLength);
  owned->firstBin = copyOf<int32_t>(env, o, "firstBin", plan.nMels);
  owned->endBin = copyOf<int32_t>(env, o, "endBin", plan.nMels);
  int64_t numWeights = 0;
  for (int64_t mel = 0; mel < plan.nMels; mel++) {
    int64_t first = owned->firstBin[mel], end = owned->endBin[mel];
    if (first < 0 || end < first || end > plan.nFft / 2 + 1) wrong("a mel band lies outside the spectrum");
    numWeights += end - first;
  }
  owned->melWeights = copyOf<double>(env, o, "melWeights", numWeights);
  makeTables(*owned, plan.nFft);
  plan.window = owned->window.data();
  plan.melWeights = owned->melWeights.data();
  plan.firstBin = owned->firstBin.data();
  plan.endBin = owned->endBin.data();
  plan.realTwiddles = owned->realTwiddles.data();
  plan.complexTwiddles = owned->complexTwiddles.data();
  plan.binOfOutput = owned->binOfOutput.data();

  napi_value external;
  auto finalize = [](napi_env, void* data, void*) { delete static_cast<OwnedPlan*>(data); };
  if (napi_create_external(env, owned.get(), finalize, nullptr, &external) != napi_ok) wrong("no memory for a plan");
  owned.release();
  return external;
}

// (plan, samples, start, total, firstFrame, out)
napi_value logMelFrames(napi_env env, napi_value* arguments) {
  void* data;
  if (napi_get_value_external(env, arguments[0], &data) != napi_ok) wrong("a plan is expected");
  const LogMelPlan& plan = static_cast<OwnedPlan*>(data)->plan;
  Array<float> samples = arrayOf<float>(env, arguments[1]), out = arrayOf<float>(env, arguments[5]);
  ClipPart clip{samples.data, integerOf(env, arguments[2]), samples.length, integerOf(env, arguments[3])};
  int64_t first = integerOf(env, arguments[4]), count = out.length / plan.nMels;
  if (first < 0 || clip.start < 0 || clip.total < 1 || out.length % plan.nMels != 0) wrong("the frames do not fit the array");
  if (count == 0) return nullptr;
  int64_t begin = plan.firstSample + first * plan.hopLength, end = begin + (count - 1) * plan.hopLength + plan.winLength;
  if (std::max<int64_t>(begin, 0) < clip.start || std::min(end, clip.total) > clip.start + clip.count)
    wrong("the samples do not reach over the frames");
  Scratch scratch(frontEndKernels().logMelScratch(plan));
  frontEndKernels().logMel(plan, clip, first, count, out.data, scratch.get());
  return nullptr;
}

// ---- resampling: (table, samples, start, first, out) ----

template <class Table>
Table tableOf(napi_env env, napi_value o) {
  Table table{};
  table.phases = integerOf(env, o, "phases", 1, 1 << 20);
  table.step = integerOf(env, o, "step", 1, 1 << 20);
  table.reach = integerOf(env, o, "reach", 1, 1 << 20);
  table.rowLength = integerOf(env, o, "rowLength", 8, 1 << 21);
  if (table.rowLength % 8 != 0) wrong("rowLength must be a multiple of 8");
  Array<double> weights = arrayOf<double>(env, member(env, o, "weights"));
  table.weights = weights.data;
  int64_t numRows = table.phases;
  if constexpr (std::is_same_v<Table, InterpolatedTable>) {
    table.divisions = integerOf(env, o, "divisions", 1, 1 << 20);
    numRows = table.divisions + 3;
  }
  if (weights.length != numRows * table.rowLength) wrong("weights has another length");
  return table;
}

template <class Table>
napi_value runResampler(napi_env env, napi_value* arguments, int64_t (*scratchOf)(const Table&),
                        void (*run)(const Table&, const ClipPart&, int64_t, int64_t, float*, double*)) {
  Table table = tableOf<Table>(env, arguments[0]);
  Array<float> samples = arrayOf<float>(env, arguments[1]), out = arrayOf<float>(env, arguments[4]);
  ClipPart clip{samples.data, integerOf(env, arguments[2]), samples.length, 0};
  int64_t first = integerOf(env, arguments[3]);
  if (first < 0 || first > int64_t{1} << 40 || clip.start < 0) wrong("an index is out of range");
  Scratch scratch(scratchOf(table) * static_cast<int64_t>(sizeof(double)));
  run(table, clip, first, out.length, out.data, static_cast<double*>(scratch.get()));
  return nullptr;
}

napi_value resampleBlock(napi_env env, napi_value* arguments) {
  return runResampler<ResampleTable>(env, arguments, frontEndKernels().resampleScratch, frontEndKernels().resample);
}

napi_value interpolateBlock(napi_env env, napi_value* arguments) {
  return runResampler<InterpolatedTable>(env, arguments, frontEndKernels().interpolateScratch, frontEndKernels().interpolate);
}

// ---- level and samples ----

// (state [11]: 8 sums, smallest, largest, count; samples)
napi_value addToLevel(napi_env env, napi_value* arguments) {
  Array<double> state = arrayOf<double>(env, arguments[0]);
  Array<float> samples = arrayOf<float>(env, arguments[1]);
  if (state.length != 11) wrong("a level has 11 numbers");
  Level level;
  for (int i = 0; i < 8; i++) level.sums[i] = state.data[i];
  level.smallest = state.data[8];
  level.largest = state.data[9];
  level.count = static_cast<int64_t>(state.data[10]);
  frontEndKernels().addToLevel(level, samples.data, samples.length);
  for (int i = 0; i < 8; i++) state.data[i] = level.sums[i];
  state.data[8] = level.smallest;
  state.data[9] = level.largest;
  state.data[10] = static_cast<double>(level.count);
  return nullptr;
}

// (samples, mean, divisor, out)
napi_value normalise(napi_env env, napi_value* arguments) {
  Array<float> samples = arrayOf<float>(env, arguments[0]), out = arrayOf<float>(env, arguments[3]);
  if (samples.length != out.length) wrong("the arrays differ in length");
  frontEndKernels().normalise(samples.data, out.data, out.length, numberOf(env, arguments[1]), numberOf(env, arguments[2]));
  return nullptr;
}

std::vector<float*> channelsOf(napi_env env, napi_value value, int64_t length) {
  uint32_t count;
  if (napi_get_array_length(env, value, &count) != napi_ok || count == 0) wrong("at least 1 channel is expected");
  std::vector<float*> channels(count);
  for (uint32_t c = 0; c < count; c++) {
    napi_value item;
    if (napi_get_element(env, value, c, &item) != napi_ok) wrong("a channel is expected");
    Array<float> channel = arrayOf<float>(env, item);
    if (channel.length != length) wrong("the channels differ in length");
    channels[c] = channel.data;
  }
  return channels;
}

// (channels, out)
napi_value mixDown(napi_env env, napi_value* arguments) {
  Array<float> out = arrayOf<float>(env, arguments[1]);
  std::vector<float*> channels = channelsOf(env, arguments[0], out.length);
  frontEndKernels().mixDown(channels.data(), static_cast<int64_t>(channels.size()), out.data, out.length);
  return nullptr;
}

// (bytes, channels)
napi_value readPcm16(napi_env env, napi_value* arguments) {
  Array<uint8_t> bytes = arrayOf<uint8_t>(env, arguments[0]);
  uint32_t count = 0;
  if (napi_get_array_length(env, arguments[1], &count) != napi_ok || count == 0) wrong("at least 1 channel is expected");
  int64_t length = bytes.length / (2 * count);
  std::vector<float*> channels = channelsOf(env, arguments[1], length);
  frontEndKernels().readPcm16(bytes.data, channels.data(), count, length);
  return nullptr;
}

// ---- the module ----

using Entry = napi_value (*)(napi_env, napi_value*);

#ifdef __GLIBC__
// What is free in the C library's heaps, those of all threads.
napi_value giveBackMemory(napi_env, napi_value*) {
  malloc_trim(0);
  return nullptr;
}
#endif

template <Entry entry, size_t numArguments>
napi_value call(napi_env env, napi_callback_info info) {
  napi_value arguments[numArguments];
  size_t count = numArguments;
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  try {
    return entry(env, arguments);
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, (std::string("frontEnd addon: ") + error.what()).c_str());
    return nullptr;
  }
}

template <Entry entry, size_t numArguments>
void define(napi_env env, napi_value exports, const char* name) {
  napi_value function;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, call<entry, numArguments>, nullptr, &function);
  napi_set_named_property(env, exports, name, function);
}

}  // namespace

NAPI_MODULE_INIT() {
  napi_value value;
  napi_create_int32(env, AUDIOSSL_FRONT_END_VERSION, &value);
  napi_set_named_property(env, exports, "interfaceVersion", value);
  napi_create_string_utf8(env, frontEndKernels().name, NAPI_AUTO_LENGTH, &value);
  napi_set_named_property(env, exports, "instructionSet", value);
  define<createLogMelPlan, 1>(env, exports, "createLogMelPlan");
  define<logMelFrames, 6>(env, exports, "logMel");
  define<resampleBlock, 5>(env, exports, "resample");
  define<interpolateBlock, 5>(env, exports, "interpolate");
  define<addToLevel, 2>(env, exports, "addToLevel");
  define<normalise, 4>(env, exports, "normalise");
  define<mixDown, 2>(env, exports, "mixDown");
  define<readPcm16, 2>(env, exports, "readPcm16");
#ifdef __GLIBC__
  define<giveBackMemory, 1>(env, exports, "giveBackMemory");
#endif
  return exports;
}

}  // namespace audiossl
