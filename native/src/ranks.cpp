// A group of ranks on PyTorch's own c10d: TCPStore to meet, Gloo to compute. One group a process; all ranks make the same calls in the
// same order. A rank that is gone or silent for longer than the group's timeout is an exception in the others.
#include "ranks.h"

#include "families.h"

#ifdef AUDIOSSL_C10D
#include <c10/core/InferenceMode.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <functional>
#include <map>

namespace audiossl {
namespace {

using c10d::ProcessGroupGloo;

struct Group {
  c10::intrusive_ptr<c10d::Store> store;
  c10::intrusive_ptr<ProcessGroupGloo> gloo;
  int size = 1;
  // Sums under way, by number, each with what waits for it.
  std::map<int64_t, std::function<void()>> pending;
  int64_t lastPending = 0;
};

Group* group = nullptr;
bool isSharing = false;

Group& joined() {
  if (group == nullptr) throw std::logic_error("this process has joined no ranks");
  return *group;
}

// Gloo works on tensors from threads of its own, which are not in inference mode.
template <class Make>
Tensor plainTensor(const Make& make) {
  c10::InferenceMode off(false);
  return make();
}

std::shared_ptr<::gloo::transport::Device> deviceAt(const std::string& interface, const std::string& address) {
  if (!interface.empty()) return ProcessGroupGloo::createDeviceForInterface(interface);
  if (!address.empty()) return ProcessGroupGloo::createDeviceForHostname(address);
  return ProcessGroupGloo::createDefaultDevice();
}

void joinRanks(const std::string& host, int64_t port, int64_t rank, int64_t size, bool isServer, const std::string& prefix,
               const std::string& interface, const std::string& address, int64_t timeoutMilliseconds) {
  if (group != nullptr) throw std::logic_error("this process has joined ranks before");
  std::chrono::milliseconds timeout(timeoutMilliseconds);
  c10d::TCPStoreOptions options;
  options.isServer = isServer;
  options.port = static_cast<std::uint16_t>(port);
  options.waitWorkers = false;  // Gloo's own meeting waits for all
  options.timeout = timeout;
  auto made = std::make_unique<Group>();
  c10::intrusive_ptr<c10d::Store> store = c10::make_intrusive<c10d::TCPStore>(host, options);
  made->store = c10::make_intrusive<c10d::PrefixStore>(prefix, store);
  made->store->setTimeout(timeout);
  auto ofGloo = ProcessGroupGloo::Options::create(timeout);
  ofGloo->devices.push_back(deviceAt(interface, address));
  // Sums of gradients may be under way while batch norm waits for its own.
  ofGloo->threads = 3;
  made->gloo = c10::make_intrusive<ProcessGroupGloo>(made->store, static_cast<int>(rank), static_cast<int>(size), ofGloo);
  made->size = static_cast<int>(size);
  group = made.release();
}

void leaveRanks() {
  isSharing = false;
  delete group;
  group = nullptr;
}

// Flattens the tensors into one bucket, which their slots then are views of, and begins to add those of all ranks. -> its number
int64_t startSum(const Ints& slots) {
  Group& ranks = joined();
  int64_t count = 0;
  for (int64_t slot : slots) count += tensorAt(slot).numel();
  Tensor bucket = plainTensor([&] { return at::empty({count}, at::kFloat); });
  int64_t first = 0;
  for (int64_t slot : slots) {
    const Tensor& tensor = tensorAt(slot);
    Tensor part = bucket.narrow(0, first, tensor.numel()).view(tensor.sizes());
    part.copy_(tensor);
    first += tensor.numel();
    relayout(slot, part);
  }
  std::vector<Tensor> list{bucket};
  auto work = ranks.gloo->allreduce(list);
  ranks.pending[++ranks.lastPending] = [work] { work->wait(); };
  return ranks.lastPending;
}

void finishSum(int64_t number) {
  Group& ranks = joined();
  auto found = ranks.pending.find(number);
  if (found == ranks.pending.end()) throw std::invalid_argument("no such sum is under way");
  auto wait = std::move(found->second);
  ranks.pending.erase(found);
  wait();
}

// Rank 0's values into everybody's, in place.
void broadcast(const Ints& slots) {
  Group& ranks = joined();
  int64_t count = 0;
  for (int64_t slot : slots) count += tensorAt(slot).numel();
  Tensor bucket = plainTensor([&] { return at::empty({count}, at::kFloat); });
  int64_t first = 0;
  for (int64_t slot : slots) {
    const Tensor& tensor = tensorAt(slot);
    bucket.narrow(0, first, tensor.numel()).copy_(tensor.reshape(-1));
    first += tensor.numel();
  }
  std::vector<Tensor> list{bucket};
  ranks.gloo->broadcast(list)->wait();
  first = 0;
  for (int64_t slot : slots) {
    Tensor tensor = uniqueAt(slot);
    tensor.copy_(bucket.narrow(0, first, tensor.numel()).view(tensor.sizes()));
    first += tensor.numel();
  }
}

// x [views rows, dim], `counts` the rows that each rank has of a view -> [views all, dim], a view's rows in the order of the ranks.
Tensor gatherRows(const Tensor& x, int64_t views, const Ints& counts) {
  Group& ranks = joined();
  int64_t most = *std::max_element(counts.begin(), counts.end()), dim = x.size(1), rows = x.size(0) / views;
  // Gloo gathers equal parts alone: shorter ones end with zeros.
  auto part = [&] { return plainTensor([&] { return at::zeros({views, most, dim}, x.options()); }); };
  Tensor own = part();
  own.narrow(1, 0, rows).copy_(x.reshape({views, rows, dim}));
  std::vector<std::vector<Tensor>> parts(1);
  for (int r = 0; r < ranks.size; r++) parts[0].push_back(part());
  std::vector<Tensor> list{own};
  ranks.gloo->allgather(parts, list)->wait();
  for (int r = 0; r < ranks.size; r++) parts[0][r] = parts[0][r].narrow(1, 0, counts[r]);
  return at::cat(parts[0], 1).reshape({-1, dim});
}

void storeSet(const std::string& key, Bytes value) {
  auto bytes = static_cast<const uint8_t*>(value.data);
  joined().store->set(key, std::vector<uint8_t>(bytes, bytes + value.size));
}

bool storeHas(const std::string& key) { return joined().store->check({key}); }

// Waits for it as long as the group's timeout.
std::string storeGet(const std::string& key) {
  std::vector<uint8_t> value = joined().store->get(key);
  return std::string(value.begin(), value.end());
}

}  // namespace

bool sharesStatistics() { return isSharing; }

void sumOverRanks(Tensor& values) {
  Tensor plain = plainTensor([&] { return at::empty(values.sizes(), values.options()); });
  plain.copy_(values);
  std::vector<Tensor> list{plain};
  joined().gloo->allreduce(list)->wait();
  values = plain;
}

void defineRanks(Module& m) {
  m.def("hasRanks", +[]() { return true; });
  m.def("joinRanks", joinRanks);
  m.def("leaveRanks", leaveRanks);
  m.def("startSum", startSum);
  m.def("finishSum", finishSum);
  m.def("broadcastFirst", broadcast);
  m.def("gatherRows", gatherRows);
  m.def("shareStatistics", +[](bool shares) { isSharing = shares; });
  m.def("storeSet", storeSet);
  m.def("storeHas", storeHas);
  m.def("storeGet", storeGet);
}

}  // namespace audiossl

#else

namespace audiossl {

bool sharesStatistics() { return false; }
void sumOverRanks(Tensor&) {}
void defineRanks(Module& m) {
  m.def("hasRanks", +[]() { return false; });
}

}  // namespace audiossl

#endif
