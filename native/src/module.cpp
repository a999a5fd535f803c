// What the addon does when it is loaded, and the settings of the process: threads, memory.
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <dlfcn.h>
#include <malloc.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include "arena.h"
#include "families.h"
#include "parallel.h"

namespace audiossl {
namespace {

// glibc gives what is freed back to the kernel and faults it in again at every training step. Tensors have an arena of their own (arena.cpp);
// of the rest small blocks are kept, large ones are JavaScript's arrays, such as the weights of a file, which are used once. What libtorch's
// libraries took and left while they were loaded goes back first.
void keepFreedMemory() {
  malloc_trim(0);
  mallopt(M_MMAP_THRESHOLD, 1 << 20);  // larger blocks come from the kernel and go back to it
  mallopt(M_TRIM_THRESHOLD, -1);       // the heap never shrinks ...
  mallopt(M_TOP_PAD, 1 << 20);         // ... and grows by less than a larger block would fit into
}

// The pthread build of OpenBLAS keeps its own threads, which fight those of OpenMP.
void holdOpenBlasToOneThread() {
  if (auto set = reinterpret_cast<void (*)(int)>(dlsym(RTLD_DEFAULT, "openblas_set_num_threads"))) set(1);
}

int availableCores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  return 1;
}

// The threads that a loop of ours really runs on, and libtorch's: 1 where one was waited for in vain, or where this was compiled without
// the OpenMP that libtorch runs on.
int64_t threadsOfLoops() {
  int64_t threads = loopThreads();
  std::atomic<int64_t> parts{0}, come{0};
  std::atomic<bool> isOneMissing{false};
  at::parallel_for(0, threads, 1, [&](int64_t, int64_t) { parts++; });
  auto latest = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  parallelPieces(threads, [&](int64_t) {
    come++;
    while (come < threads && std::chrono::steady_clock::now() < latest) std::this_thread::yield();
    if (come < threads) isOneMissing = true;
  });
  return isOneMissing ? 1 : parts.load();
}

int64_t setThreads(int64_t threads) {
  at::set_num_threads(threads > 0 ? static_cast<int>(threads) : availableCores());
  holdOpenBlasToOneThread();
  return threadsOfLoops();
}

// oneDNN, with which we share the convolutions, can be told to use less than the processor has (by these names in all releases), and then
// has no convolution of bfloat16 to offer.
bool isOneDnnHeld() {
  for (const char* name : {"ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"}) {
    const char* value = std::getenv(name);
    if (!value) continue;
    std::string isa(value);
    std::transform(isa.begin(), isa.end(), isa.begin(), [](unsigned char c) { return std::toupper(c); });
    for (const char* lesser : {"SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2", "AVX512_CORE", "AVX512_CORE_VNNI"}) {
      if (isa == lesser) return true;
    }
  }
  return false;
}

bool hasBfloat16() { return __builtin_cpu_supports("avx512bf16") && !isOneDnnHeld(); }

void defineSettings(Module& module) {
  module.def("torchVersion", +[]() { return headersRelease(); });
  module.def("setThreads", setThreads);
  module.def("hasBfloat16", hasBfloat16);
  module.def("storeBfloat16", storeBfloat16);
  module.def("hasCuda", +[]() { return at::hasCUDA(); });
  module.def("liveTensors", liveTensors);
  module.def("arenaBytes", arenaBytes);
  module.def("mostArenaBytes", mostArenaBytes);
}

napi_value initialise(napi_env env, napi_value exports) {
  if (std::string mixed = mixedLibraries(); !mixed.empty()) {
    napi_throw_error(env, nullptr, mixed.c_str());
    return nullptr;
  }
  keepFreedMemory();
#ifndef __SANITIZE_ADDRESS__  // which wants to see every block
  useArena();
#endif
  Module module(env, exports);
  napi_value buffer;
  // The table lives as long as its thread, and so does the module that reads it.
  napi_create_external_arraybuffer(env, resultDescriptions(), kResultSlots * sizeof(int32_t), nullptr, nullptr, &buffer);
  napi_value view;
  napi_create_typedarray(env, napi_int32_array, kResultSlots, buffer, 0, &view);
  module.set("resultDescriptions", view);
  defineSettings(module);
  defineStorage(module);
  defineElementwise(module);
  defineReductions(module);
  defineShaping(module);
  defineIndexing(module);
  defineMatmul(module);
  defineConvolution(module);
  definePooling(module);
  defineImage(module);
  defineBatchNorm(module);
  defineTraining(module);
  defineSoftmaxRegression(module);
  defineLibraries(module);
  defineRanks(module);
  return exports;
}

}  // namespace
}  // namespace audiossl

NAPI_MODULE_INIT() { return audiossl::initialise(env, exports); }
