// A group of ranks on PyTorch's own c10d: TCPStore to meet, Gloo to compute. One group a process; all ranks make the same calls in the
// same order. A rank that is gone or silent for longer than the group's timeout is an exception in the others.
#include "ranks.h"

#include "families.h"

#ifdef AUDIOSSL_C10D
#include <c10/core/InferenceMode.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <chrono>
#include <functional>
#include <future>
#include <map>
#include <thread>

#include "bucket.h"
#include "narrowSums.h"

namespace audiossl {
namespace {

using c10d::ProcessGroupGloo;

// Seconds that this rank has waited for others: for statistics of batch norm, for rows, for sums.
struct Waits {
  double statistics = 0, rows = 0, sums = 0;
};

struct Group {
  c10::intrusive_ptr<c10d::Store> store;
  std::chrono::milliseconds timeout;
  // Small exchanges that the computation waits for: statistics, rows, weights at the beginning.
  c10::intrusive_ptr<ProcessGroupGloo> gloo;
  // Sums of gradients, many megabytes that travel beside it: with connections and threads of their own, so that nothing small queues behind them.
  c10::intrusive_ptr<ProcessGroupGloo::Options> sumOptions;
  c10::intrusive_ptr<ProcessGroupGloo> sums;
  int rank = 0, size = 1;
  std::unique_ptr<NarrowSums> narrow;  // once it is wanted
  Waits waits;
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

template <class Wait>
void timed(double& seconds, const Wait& wait) {
  auto begin = std::chrono::steady_clock::now();
  wait();
  seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

std::shared_ptr<::gloo::transport::Device> deviceAt(const std::string& interface, const std::string& address) {
  if (!interface.empty()) return ProcessGroupGloo::createDeviceForInterface(interface);
  if (!address.empty()) return ProcessGroupGloo::createDeviceForHostname(address);
  return ProcessGroupGloo::createDefaultDevice();
}

// Another group of the same ranks, for sums.
c10::intrusive_ptr<ProcessGroupGloo> beside(const Group& ranks, const char* name) {
  auto store = c10::make_intrusive<c10d::PrefixStore>(name, ranks.store);
  return c10::make_intrusive<ProcessGroupGloo>(store, ranks.rank, ranks.size, ranks.sumOptions);
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
  made->timeout = timeout;
  made->rank = static_cast<int>(rank);
  made->size = static_cast<int>(size);
  auto optionsOf = [&](int threads) {
    auto options = ProcessGroupGloo::Options::create(timeout);
    options->devices.push_back(deviceAt(interface, address));
    options->threads = threads;
    return options;
  };
  made->gloo = c10::make_intrusive<ProcessGroupGloo>(made->store, made->rank, made->size, optionsOf(1));
  made->sumOptions = optionsOf(2);
  made->sums = beside(*made, "sums");
  group = made.release();
}

void leaveRanks() {
  isSharing = false;
  delete group;
  group = nullptr;
}

NarrowSums& narrowSums(Group& ranks) {
  if (!ranks.narrow) ranks.narrow = std::make_unique<NarrowSums>(beside(ranks, "narrow"), ranks.size);
  return *ranks.narrow;
}

// Puts the tensors into one bucket, which their slots then are views of, and begins to add those of all ranks. -> its number
int64_t startSum(const Ints& slots, bool isNarrow) {
  Group& ranks = joined();
  Bucket bucket = flattened(slots);
  for (size_t i = 0; i < slots.size(); i++) relayout(slots[i], bucket.parts[i]);
  std::function<void()> wait;
  if (isNarrow) {
    auto done = narrowSums(ranks).start(bucket.values).share();
    wait = [done] { done.get(); };
  } else {
    std::vector<Tensor> list{bucket.values};
    auto work = ranks.sums->allreduce(list);
    wait = [work] { work->wait(); };
  }
  ranks.pending[++ranks.lastPending] = std::move(wait);
  return ranks.lastPending;
}

void finishSum(int64_t number) {
  Group& ranks = joined();
  auto found = ranks.pending.find(number);
  if (found == ranks.pending.end()) throw std::invalid_argument("no such sum is under way");
  auto wait = std::move(found->second);
  ranks.pending.erase(found);
  timed(ranks.waits.sums, wait);
}

// Rank 0's values into everybody's, in place.
void broadcast(const Ints& slots) {
  Bucket bucket = flattened(slots);
  std::vector<Tensor> list{bucket.values};
  joined().gloo->broadcast(list)->wait();
  for (size_t i = 0; i < slots.size(); i++) uniqueAt(slots[i]).copy_(bucket.parts[i]);
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
  timed(ranks.waits.rows, [&] { ranks.gloo->allgather(parts, list)->wait(); });
  for (int r = 0; r < ranks.size; r++) parts[0][r] = parts[0][r].narrow(1, 0, counts[r]);
  return at::cat(parts[0], 1).reshape({-1, dim});
}

// Seconds waited since it was last asked.
Waits takeWaits() { return std::exchange(joined().waits, {}); }

napi_value toJs(napi_env env, const Waits& waits) {
  napi_value object;
  napi_create_object(env, &object);
  napi_set_named_property(env, object, "statistics", audiossl::toJs(env, waits.statistics));
  napi_set_named_property(env, object, "rows", audiossl::toJs(env, waits.rows));
  napi_set_named_property(env, object, "sums", audiossl::toJs(env, waits.sums));
  return object;
}

// An answer of the store within the group's timeout. Its client waits for a server that hangs, or behind a network that is gone, without an
// end (libtorch 2.13), so a thread of its own asks; where that gets no answer it is left behind, for a process that is about to end.
template <class Ask>
auto answered(const Ask& ask) -> decltype(ask(std::declval<c10d::Store&>())) {
  Group& ranks = joined();
  std::packaged_task<decltype(ask(*ranks.store))()> task([ask, store = ranks.store] { return ask(*store); });
  auto answer = task.get_future();
  std::thread(std::move(task)).detach();
  if (answer.wait_for(ranks.timeout) == std::future_status::timeout) throw std::runtime_error("no answer of the ranks' store");
  return answer.get();
}

void storeSet(const std::string& key, Bytes value) {
  auto bytes = static_cast<const uint8_t*>(value.data);
  std::vector<uint8_t> copy(bytes, bytes + value.size);
  answered([key, copy](c10d::Store& store) { store.set(key, copy); });
}

bool storeHas(const std::string& key) {
  return answered([key](c10d::Store& store) { return store.check({key}); });
}

// Waits for it as long as the group's timeout.
std::string storeGet(const std::string& key) {
  std::vector<uint8_t> value = answered([key](c10d::Store& store) { return store.get(key); });
  return std::string(value.begin(), value.end());
}

}  // namespace

bool sharesStatistics() { return isSharing; }

void sumOverRanks(Tensor& values) {
  Tensor plain = plainTensor([&] { return at::empty(values.sizes(), values.options()); });
  plain.copy_(values);
  std::vector<Tensor> list{plain};
  Group& ranks = joined();
  auto work = ranks.gloo->allreduce(list);
  computeLater();
  timed(ranks.waits.statistics, [&] { work->wait(); });
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
  m.def("takeWaits", takeWaits);
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
