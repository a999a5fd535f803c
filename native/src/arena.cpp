// Memory of tensors. glibc's heap, made to keep what is freed (see module.cpp), crumbles: blocks of an activation's size end up split
// between V8's and libtorch's small ones, and the heap grows by tens of megabytes a training step. Here large blocks have a range of
// addresses of their own, where the lowest fit is taken and neighbours are joined, on huge pages.
#include "arena.h"

#include <c10/core/CPUAllocator.h>
#include <c10/core/impl/alloc_cpu.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>

namespace audiossl {
namespace {

constexpr size_t kLarge = 64 << 10;  // smaller blocks stay with the C library
constexpr size_t kLine = 64;

class Arena {
 public:
  // As much as the machine has: what does not fit is refused, not promised and paid for by the kernel's axe.
  explicit Arena(size_t size) {
    void* range = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (range == MAP_FAILED) return;
    madvise(range, size, MADV_HUGEPAGE);
    begin_ = static_cast<char*>(range);
    end_ = begin_ + size;
    free_.emplace(begin_, size);
  }

  bool holds(const void* block) const { return block >= begin_ && block < end_; }

  // Null where nothing is large enough.
  void* take(size_t bytes) {
    // A few lines more than a whole number of pages, so that tensors read side by side do not fall into the same sets of the caches.
    bytes = (bytes + kLine - 1) / kLine * kLine + 5 * kLine;
    std::lock_guard<std::mutex> guard(lock_);
    auto gap = free_.end();
    for (auto candidate = free_.begin(); candidate != free_.end(); ++candidate) {
      if (candidate->second >= bytes && (gap == free_.end() || candidate->second < gap->second)) gap = candidate;
    }
    if (gap == free_.end()) return nullptr;
    char* block = gap->first;
    size_t left = gap->second - bytes;
    free_.erase(gap);
    if (left) free_.emplace(block + bytes, left);
    taken_.emplace(block, bytes);
    held_ += bytes;
    most_ = std::max(most_, held_);
    return block;
  }

  void give(void* pointer) {
    std::lock_guard<std::mutex> guard(lock_);
    auto block = taken_.find(static_cast<char*>(pointer));
    auto gap = free_.emplace(block->first, block->second).first;
    held_ -= block->second;
    taken_.erase(block);
    auto next = std::next(gap);
    if (next != free_.end() && gap->first + gap->second == next->first) {
      gap->second += next->second;
      free_.erase(next);
    }
    if (gap == free_.begin()) return;
    auto before = std::prev(gap);
    if (before->first + before->second != gap->first) return;
    before->second += gap->second;
    free_.erase(gap);
  }

  size_t held() {
    std::lock_guard<std::mutex> guard(lock_);
    return held_;
  }

  size_t takeMost() {
    std::lock_guard<std::mutex> guard(lock_);
    size_t most = most_;
    most_ = held_;
    return most;
  }

 private:
  std::mutex lock_;
  size_t held_ = 0, most_ = 0;
  char *begin_ = nullptr, *end_ = nullptr;
  std::map<char*, size_t> free_, taken_;  // by address
};

Arena& arena() {
  // Never destroyed: tensors outlive everything.
  static Arena* arena = new Arena(static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE));
  return *arena;
}

void freeBlock(void* block) {
  if (arena().holds(block)) {
    arena().give(block);
  } else {
    c10::free_cpu(block);
  }
}

struct ArenaAllocator final : c10::Allocator {
  c10::DataPtr take(size_t bytes) const {
    void* block = bytes >= kLarge ? arena().take(bytes) : nullptr;
    if (!block) block = c10::alloc_cpu(bytes);  // throws where there is no memory
    return {block, block, &freeBlock, c10::Device(c10::DeviceType::CPU)};
  }
  // One of the two is libtorch's virtual function: in 1.13 the constant one. So these cannot say `override`.
  c10::DataPtr allocate(size_t bytes) const { return take(bytes); }
  c10::DataPtr allocate(size_t bytes) { return take(bytes); }
  // Virtual from 2.x on.
  void copy_data(void* to, const void* from, size_t bytes) const { std::memcpy(to, from, bytes); }
  c10::DeleterFnPtr raw_deleter() const override { return &freeBlock; }
};

}  // namespace

void useArena() {
  static ArenaAllocator allocator;
  c10::SetCPUAllocator(&allocator, 1);  // before libtorch's own
}

int64_t arenaBytes() { return arena().held(); }

int64_t mostArenaBytes() { return arena().takeMost(); }

}  // namespace audiossl
