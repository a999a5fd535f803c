// The seam between JavaScript and libtorch: a table of tensors, and `def`, which turns a C++ function on tensors into a JavaScript one.
//
// JavaScript holds a tensor as a small integer (its slot in this thread's table) and says when it is done with it: nothing waits for a
// garbage collector. Every entry runs in inference mode, catches everything and throws libtorch's first line with the function's name
// and the shapes it was given.
#pragma once

#include <ATen/ATen.h>
#include <node_api.h>

#include <cstring>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace audiossl {

using at::Tensor;
using OptionalTensor = c10::optional<Tensor>;
using Ints = std::vector<int64_t>;
using Tensors = std::vector<Tensor>;

// ---- the table of tensors, one a thread ----
const Tensor& tensorAt(int64_t slot);
// Stores a result and returns its slot. int64 and float64 become int32 and float32: tfjs knows no others.
// The same, which may stand in for a result that nobody has read yet (`later`): of the right shape.
Tensor& entryAt(int64_t slot);
uint32_t keep(Tensor tensor);
void release(uint32_t slot);
// Puts equal values with other strides behind the same handle.
void relayout(uint32_t slot, Tensor tensor);
// The tensor of a slot, to be changed in place: if anything else shares its memory (a view, another handle) it gets memory of its own first.
Tensor uniqueAt(int64_t slot);

// A result of this shape, float32, that is computed when somebody reads it, or before: by `computeLater`, where there is nothing else to do.
// One at a time waits; what it is made from is held until then.
Tensor later(const Ints& shape, std::function<Tensor()> compute);
void computeLater();

// What was computed from parameters and stays right until one of them changes (a filter with its batch norm folded in ...): kept by the
// parameter it belongs to, dropped with it, and dropped altogether when anything is changed in place.
struct Derived {
  Tensors from;   // all it was computed from
  double number;  // and how
  Tensors result;
};
const Tensors* derivedOf(const Tensors& from, double number);
Tensors keepDerived(const Tensors& from, double number, Tensors result);
int64_t liveTensors();

// After a call: for each tensor returned [dtype, rank, dimensions...], where JavaScript reads the shapes of the results.
constexpr int kResultSlots = 4096;
int32_t* resultDescriptions();
void beginResults();
void describeResult(const Tensor& tensor);

// ---- arguments ----
[[noreturn]] void wrongArgument(const char* expected);

template <class T, class = void>
struct Argument;

template <>
struct Argument<double> {
  static double get(napi_env env, napi_value value) {
    double number;
    if (napi_get_value_double(env, value, &number) != napi_ok) wrongArgument("a number");
    return number;
  }
};

template <>
struct Argument<int64_t> {
  static int64_t get(napi_env env, napi_value value) {
    int64_t number;
    if (napi_get_value_int64(env, value, &number) != napi_ok) wrongArgument("an integer");
    return number;
  }
};

template <>
struct Argument<bool> {
  static bool get(napi_env env, napi_value value) {
    bool flag;
    if (napi_get_value_bool(env, value, &flag) != napi_ok) wrongArgument("a boolean");
    return flag;
  }
};

template <>
struct Argument<std::string> {
  static std::string get(napi_env env, napi_value value) {
    size_t length;
    if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) wrongArgument("a string");
    std::string text(length + 1, '\0');
    napi_get_value_string_utf8(env, value, &text[0], text.size(), &length);
    text.resize(length);
    return text;
  }
};

template <>
struct Argument<Tensor> {
  static const Tensor& get(napi_env env, napi_value value) { return tensorAt(Argument<int64_t>::get(env, value)); }
};

// A negative slot stands for "none".
template <>
struct Argument<OptionalTensor> {
  static OptionalTensor get(napi_env env, napi_value value) {
    int64_t slot = Argument<int64_t>::get(env, value);
    if (slot < 0) return c10::nullopt;
    return tensorAt(slot);
  }
};

template <class T>
struct Argument<std::vector<T>> {
  static std::vector<T> get(napi_env env, napi_value value) {
    uint32_t length;
    if (napi_get_array_length(env, value, &length) != napi_ok) wrongArgument("an array");
    std::vector<T> items;
    items.reserve(length);
    for (uint32_t i = 0; i < length; i++) {
      napi_value item;
      napi_get_element(env, value, i, &item);
      items.push_back(Argument<T>::get(env, item));
    }
    return items;
  }
};

// A typed array: where its bytes lie and how many there are.
struct Bytes {
  void* data;
  size_t size;
};

template <>
struct Argument<Bytes> {
  static Bytes get(napi_env env, napi_value value) {
    static const size_t width[] = {1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8};
    napi_typedarray_type type;
    size_t length;
    void* data;
    if (napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr) != napi_ok) wrongArgument("a typed array");
    return {data, length * width[type]};
  }
};

// ---- results ----
inline napi_value toJs(napi_env env, double number) {
  napi_value value;
  napi_create_double(env, number, &value);
  return value;
}
inline napi_value toJs(napi_env env, int64_t number) { return toJs(env, static_cast<double>(number)); }
inline napi_value toJs(napi_env env, bool flag) {
  napi_value value;
  napi_get_boolean(env, flag, &value);
  return value;
}
inline napi_value toJs(napi_env env, const std::string& text) {
  napi_value value;
  napi_create_string_utf8(env, text.data(), text.size(), &value);
  return value;
}
inline napi_value toJs(napi_env env, Tensor tensor) {
  uint32_t slot = keep(std::move(tensor));
  describeResult(entryAt(slot));
  napi_value value;
  napi_create_uint32(env, slot, &value);
  return value;
}
inline napi_value toJs(napi_env env, Tensors tensors) {
  napi_value array;
  napi_create_array_with_length(env, tensors.size(), &array);
  for (size_t i = 0; i < tensors.size(); i++) napi_set_element(env, array, i, toJs(env, std::move(tensors[i])));
  return array;
}

// ---- bfloat16 ----
// To tfjs a tensor stored in bfloat16 is float32. Functions that know better are defined by `defBfloat16`; all others get float32.
inline Tensor inFloat32(const Tensor& x) { return x.scalar_type() == at::kBFloat16 ? x.to(at::kFloat) : x; }
inline OptionalTensor inFloat32(const OptionalTensor& x) { return x ? OptionalTensor(inFloat32(*x)) : x; }
inline Tensors inFloat32(Tensors tensors) {
  for (Tensor& tensor : tensors) tensor = inFloat32(tensor);
  return tensors;
}
// Whether convolutions (and what follows them) store their results in bfloat16.
bool storesBfloat16();
void storeBfloat16(bool stores);

// ---- the wrapper ----
std::string describeShapes(const std::vector<const Tensor*>& tensors);
void throwToJs(napi_env env, const char* name, const std::string& shapes);

inline void collect(std::vector<const Tensor*>& list, const Tensor& tensor) { list.push_back(&tensor); }
inline void collect(std::vector<const Tensor*>& list, const OptionalTensor& tensor) {
  if (tensor) list.push_back(&*tensor);
}
inline void collect(std::vector<const Tensor*>& list, const Tensors& tensors) {
  for (const Tensor& tensor : tensors) list.push_back(&tensor);
}
template <class T>
void collect(std::vector<const Tensor*>&, const T&) {}

template <class T>
constexpr bool holdsTensors = std::is_same_v<T, Tensor> || std::is_same_v<T, OptionalTensor> || std::is_same_v<T, Tensors>;

template <bool takesBfloat16, class R, class... A>
struct Entry {
  const char* name;
  R (*function)(A...);

  template <class T>
  using Held = std::conditional_t<takesBfloat16 && std::is_same_v<std::decay_t<T>, Tensor>, const Tensor&, std::decay_t<T>>;

  template <class T>
  static Held<T> argument(napi_env env, napi_value value) {
    using Plain = std::decay_t<T>;
    if constexpr (!takesBfloat16 && holdsTensors<Plain>) {
      return inFloat32(Argument<Plain>::get(env, value));
    } else {
      return Argument<Plain>::get(env, value);
    }
  }

  static napi_value call(napi_env env, napi_callback_info info) {
    napi_value values[sizeof...(A) + 1];
    size_t count = sizeof...(A);
    void* data;
    napi_get_cb_info(env, info, &count, values, nullptr, &data);
    return static_cast<Entry*>(data)->run(env, values, count, std::index_sequence_for<A...>());
  }

  template <size_t... I>
  napi_value run(napi_env env, napi_value* values, size_t count, std::index_sequence<I...>) {
    std::string shapes;
    try {
      if (count < sizeof...(A)) wrongArgument("more arguments");
      c10::InferenceMode guard;
      std::tuple<Held<A>...> arguments{argument<A>(env, values[I])...};
      try {
        beginResults();
        if constexpr (std::is_void_v<R>) {
          function(std::get<I>(arguments)...);
          return nullptr;
        } else {
          return toJs(env, function(std::get<I>(arguments)...));
        }
      } catch (...) {
        std::vector<const Tensor*> tensors;
        (collect(tensors, std::get<I>(arguments)), ...);
        shapes = describeShapes(tensors);
        throw;
      }
    } catch (...) {
      throwToJs(env, name, shapes);
    }
    return nullptr;
  }
};

// The functions of the addon: `module.def("abs", +[](const Tensor& x) { return at::abs(x); });`
class Module {
 public:
  Module(napi_env env, napi_value exports) : env_(env), exports_(exports) {}

  template <class R, class... A>
  void def(const char* name, R (*function)(A...)) {
    define<false>(name, function);
  }
  // For a function that computes on bfloat16 as it is.
  template <class R, class... A>
  void defBfloat16(const char* name, R (*function)(A...)) {
    define<true>(name, function);
  }
  napi_env env() const { return env_; }
  void set(const char* name, napi_value value) { napi_set_named_property(env_, exports_, name, value); }

 private:
  template <bool takesBfloat16, class R, class... A>
  void define(const char* name, R (*function)(A...)) {
    using Defined = Entry<takesBfloat16, R, A...>;
    add(name, &Defined::call, new Defined{name, function});  // lives as long as the process
  }
  void add(const char* name, napi_callback callback, void* data) {
    napi_value value;
    napi_create_function(env_, name, NAPI_AUTO_LENGTH, callback, data, &value);
    set(name, value);
  }
  napi_env env_;
  napi_value exports_;
};

// tfjs's types, in the order of src/backend/libtorch/binding.ts. Index 0 also stands for bfloat16, which tfjs sees as float32.
at::ScalarType scalarType(int64_t code);

}  // namespace audiossl
