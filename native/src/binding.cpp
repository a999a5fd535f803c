#include "binding.h"

#include <atomic>
#include <new>
#include <sstream>
#include <unordered_map>

namespace audiossl {

namespace {
struct Table {
  std::vector<Tensor> tensors;
  std::vector<uint32_t> free;
  int32_t descriptions[kResultSlots];
  int used = 0;
  std::unordered_map<const c10::TensorImpl*, std::vector<Derived>> derived;  // by the first tensor it was computed from
};
thread_local Table table;

// By the tensor that stands in for it: what computes it, and then what came out.
struct Later {
  std::function<Tensor()> compute;
  Tensor result;
};
thread_local std::unordered_map<const c10::TensorImpl*, Later> laters;
}  // namespace

Tensor& entryAt(int64_t slot) {
  if (slot < 0 || slot >= static_cast<int64_t>(table.tensors.size()) || !table.tensors[slot].defined()) {
    throw std::invalid_argument("a tensor that is disposed of or never was");
  }
  return table.tensors[slot];
}

Tensor later(const Ints& shape, std::function<Tensor()> compute) {
  computeLater();
  Tensor standIn = at::empty({1}, at::kFloat).expand(shape);
  laters[standIn.unsafeGetTensorImpl()] = {std::move(compute), {}};
  return standIn;
}

void computeLater() {
  for (auto& [standIn, later] : laters) {
    if (!later.compute) continue;
    later.result = later.compute();
    later.compute = nullptr;
  }
}

const Tensor& tensorAt(int64_t slot) {
  Tensor& tensor = entryAt(slot);
  if (laters.empty()) return tensor;
  auto found = laters.find(tensor.unsafeGetTensorImpl());
  if (found == laters.end()) return tensor;
  if (found->second.compute) found->second.result = found->second.compute();
  Tensor result = std::move(found->second.result);
  laters.erase(found);
  return tensor = std::move(result);
}

uint32_t keep(Tensor tensor) {
  if (tensor.scalar_type() == at::kLong) tensor = tensor.to(at::kInt);
  if (tensor.scalar_type() == at::kDouble) tensor = tensor.to(at::kFloat);
  if (table.free.empty()) {
    table.tensors.push_back(std::move(tensor));
    return table.tensors.size() - 1;
  }
  uint32_t slot = table.free.back();
  table.free.pop_back();
  table.tensors[slot] = std::move(tensor);
  return slot;
}

void release(uint32_t slot) {
  const c10::TensorImpl* tensor = entryAt(slot).unsafeGetTensorImpl();
  laters.erase(tensor);
  table.derived.erase(tensor);
  table.tensors[slot].reset();
  table.free.push_back(slot);
}

void relayout(uint32_t slot, Tensor tensor) {
  table.derived.erase(tensorAt(slot).unsafeGetTensorImpl());
  table.tensors[slot] = std::move(tensor);
}

Tensor uniqueAt(int64_t slot) {
  table.derived.clear();
  const Tensor& tensor = tensorAt(slot);
  if (tensor.scalar_type() == at::kBFloat16) {
    relayout(slot, tensor.to(at::kFloat));
  } else if (tensor.use_count() > 1 || tensor.storage().use_count() > 1) {
    relayout(slot, tensor.clone());
  }
  return table.tensors[slot];
}

namespace {
bool isFrom(const Derived& derived, const Tensors& from, double number) {
  if (derived.number != number || derived.from.size() != from.size()) return false;
  for (size_t i = 0; i < from.size(); i++) {
    if (!derived.from[i].is_same(from[i])) return false;
  }
  return true;
}
}  // namespace

const Tensors* derivedOf(const Tensors& from, double number) {
  auto found = table.derived.find(from[0].unsafeGetTensorImpl());
  if (found == table.derived.end()) return nullptr;
  for (const Derived& derived : found->second) {
    if (isFrom(derived, from, number)) return &derived.result;
  }
  return nullptr;
}

Tensors keepDerived(const Tensors& from, double number, Tensors result) {
  constexpr size_t kMost = 4;  // of one parameter: for two batch sizes, in both precisions
  std::vector<Derived>& kept = table.derived[from[0].unsafeGetTensorImpl()];
  if (kept.size() >= kMost) kept.erase(kept.begin());
  kept.push_back({from, number, result});
  return result;
}

static std::atomic<bool> isBfloat16{false};
bool storesBfloat16() { return isBfloat16; }
void storeBfloat16(bool stores) { isBfloat16 = stores; }

int64_t liveTensors() { return table.tensors.size() - table.free.size(); }

int32_t* resultDescriptions() { return table.descriptions; }

void beginResults() { table.used = 0; }

void describeResult(const Tensor& tensor) {
  int rank = tensor.dim();
  if (table.used + rank + 2 > kResultSlots) return;  // only `unstack` into hundreds gets here; JavaScript asks for those one by one
  int code = 0;
  switch (tensor.scalar_type()) {
    case at::kInt: code = 1; break;
    case at::kBool: code = 2; break;
    case at::kComplexFloat: code = 3; break;
    default: code = 0;
  }
  table.descriptions[table.used++] = code;
  table.descriptions[table.used++] = rank;
  for (int i = 0; i < rank; i++) table.descriptions[table.used++] = static_cast<int32_t>(tensor.size(i));
}

at::ScalarType scalarType(int64_t code) {
  switch (code) {
    case 0: return at::kFloat;
    case 1: return at::kInt;
    case 2: return at::kBool;
    case 3: return at::kComplexFloat;
    default: throw std::invalid_argument("an unknown type of tensor");
  }
}

void wrongArgument(const char* expected) { throw std::invalid_argument(std::string("expected ") + expected); }

std::string describeShapes(const std::vector<const Tensor*>& tensors) {
  std::ostringstream text;
  for (size_t i = 0; i < tensors.size() && i < 8; i++) {
    text << (i ? ", [" : "[");
    for (int64_t d = 0; d < tensors[i]->dim(); d++) text << (d ? ", " : "") << tensors[i]->size(d);
    text << "]";
  }
  if (tensors.size() > 8) text << ", ...";
  return text.str();
}

void throwToJs(napi_env env, const char* name, const std::string& shapes) {
  std::string reason;
  try {
    throw;
  } catch (const c10::Error& error) {
    reason = error.what_without_backtrace();
  } catch (const std::bad_alloc&) {
    reason = "out of memory";
  } catch (const std::exception& error) {
    reason = error.what();
  } catch (...) {
    reason = "unknown error";
  }
  reason = reason.substr(0, reason.find('\n'));
  std::string text = std::string("libtorch ") + name + ": " + reason + (shapes.empty() ? "" : " (shapes " + shapes + ")");
  napi_throw_error(env, nullptr, text.c_str());
}

}  // namespace audiossl
