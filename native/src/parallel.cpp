// The threads of our own loops. OpenMP's would do, but the end of its loops waits for every thread, also for one that has no work left and
// no core to find that out on: on two cores with two other busy processes that took half of a step's time.
#include "parallel.h"

#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>
#include <sched.h>

#include <chrono>
#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include "oneThread.h"

namespace audiossl {
namespace {

// A thread that waits looks for so long before it sleeps: waking it takes some ten microseconds, and loops follow one another closely.
constexpr auto kLook = std::chrono::microseconds(100);

void rest() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

template <class Condition>
void lookFor(const Condition& condition) {
  auto end = std::chrono::steady_clock::now() + kLook;
  while (!condition() && std::chrono::steady_clock::now() < end) {
    for (int i = 0; i < 16; i++) rest();
  }
}

// Where the user binds OpenMP's threads to cores, the first thread is bound as soon as its library is loaded, and ours would all share
// that core: they may go wherever OpenMP's may.
void leaveCoreOfFirstThread() {
#ifdef __linux__
  if (omp_get_proc_bind() == omp_proc_bind_false || omp_get_num_places() == 0) return;
  cpu_set_t all;
  CPU_ZERO(&all);
  for (int place = 0; place < omp_get_num_places(); place++) {
    std::vector<int> cores(omp_get_place_num_procs(place));
    omp_get_place_proc_ids(place, cores.data());
    for (int core : cores) CPU_SET(core, &all);
  }
  sched_setaffinity(0, sizeof all, &all);
#endif
}

// The threads that help one thread of JavaScript. They are made when they are first wanted and end with it.
class Crew {
 public:
  Crew() = default;
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  ~Crew() {
    {
      std::lock_guard<std::mutex> guard(lock_);
      isOver_ = true;
    }
    begun_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  void run(int64_t helpers, void (*work)(void*), void* context) {
    grow(helpers);
    {
      std::lock_guard<std::mutex> guard(lock_);
      work_ = work;
      context_ = context;
      failure_ = nullptr;
      seats_ = helpers;
    }
    for (int64_t i = 0; i < helpers; i++) begun_.notify_one();
    try {
      OneThread alone;
      work(context);
    } catch (...) {
      keep(std::current_exception());
    }
    std::unique_lock<std::mutex> guard(lock_);
    seats_ = 0;  // who has not come by now is not waited for
    if (busy_ > 0) {
      guard.unlock();
      lookFor([this] { return busy_ == 0; });
      guard.lock();
      ended_.wait(guard, [this] { return busy_ == 0; });
    }
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  // As many as the system gives: with fewer a loop takes longer.
  void grow(int64_t helpers) {
    try {
      while (static_cast<int64_t>(threads_.size()) < helpers) threads_.emplace_back([this] { help(); });
    } catch (const std::system_error&) {
    }
  }

  void help() {
    leaveCoreOfFirstThread();
    c10::InferenceMode mode;
    at::get_num_threads();  // at its first call libtorch sets the number, and would undo the next line later
    omp_set_num_threads(1);
    std::unique_lock<std::mutex> guard(lock_);
    auto isWanted = [this] { return seats_ > 0 || isOver_; };
    for (;;) {
      if (!isWanted()) {
        guard.unlock();
        lookFor(isWanted);
        guard.lock();
        begun_.wait(guard, isWanted);
      }
      if (isOver_) return;
      seats_--;
      busy_++;
      guard.unlock();
      try {
        work_(context_);
      } catch (...) {
        keep(std::current_exception());
      }
      guard.lock();
      if (--busy_ == 0) ended_.notify_one();
    }
  }

  void keep(std::exception_ptr failure) {
    std::lock_guard<std::mutex> guard(lock_);
    if (!failure_) failure_ = failure;
  }

  std::vector<std::thread> threads_;
  std::mutex lock_;  // changes of all that follows
  std::condition_variable begun_, ended_;
  // Of the loop at hand: how many may still come, how many have come and not ended. Read without the lock by who looks for a change.
  std::atomic<int64_t> seats_{0}, busy_{0};
  std::atomic<bool> isOver_{false};
  void (*work_)(void*) = nullptr;
  void* context_ = nullptr;
  std::exception_ptr failure_;
};

}  // namespace

int64_t loopThreads() { return at::get_num_threads(); }

void onThreads(int64_t threads, void (*work)(void*), void* context) {
  if (threads <= 1) return work(context);
  thread_local Crew crew;
  crew.run(threads - 1, work, context);
}

}  // namespace audiossl
