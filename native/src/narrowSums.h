// Sums over ranks that travel as bfloat16: half the bytes of float32, and an error that does not grow with the number of ranks.
#pragma once

#include <ATen/Parallel.h>
#include <omp.h>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>

namespace audiossl {

// Every rank adds one part of the values: it gets that part from all, adds in float32, and gives the sum to all. So each summand is rounded
// once and the sum once more, where a ring of bfloat16 sums rounds at every rank, and all ranks read the same rounded sums: the same bits.
// The two exchanges follow one another on a thread of this class, which computes on nothing else; `gloo` is its alone, because all members
// of a group must begin its exchanges in the same order.
class NarrowSums {
 public:
  NarrowSums(c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo, int64_t size) : gloo_(std::move(gloo)), size_(size), thread_([this] { work(); }) {}
  NarrowSums(const NarrowSums&) = delete;
  NarrowSums& operator=(const NarrowSums&) = delete;

  ~NarrowSums() {
    {
      std::lock_guard<std::mutex> guard(lock_);
      isOver_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }

  // Begins to add the float32 values of all ranks, in place. They are to be left alone until the future is there, which throws what went wrong.
  std::future<void> start(at::Tensor values) {
    std::packaged_task<void()> task([this, values = std::move(values)] { sum(values); });
    auto done = task.get_future();
    {
      std::lock_guard<std::mutex> guard(lock_);
      tasks_.push_back(std::move(task));
    }
    changed_.notify_one();
    return done;
  }

 private:
  void work() {
    at::get_num_threads();  // at its first call libtorch sets the number, and would undo the next line later
    omp_set_num_threads(1);
    std::unique_lock<std::mutex> guard(lock_);
    for (;;) {
      changed_.wait(guard, [this] { return isOver_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      auto task = std::move(tasks_.front());
      tasks_.pop_front();
      guard.unlock();
      task();
      guard.lock();
    }
  }

  void sum(const at::Tensor& values) {
    int64_t count = values.numel(), each = (count + size_ - 1) / size_;
    at::Tensor own = at::zeros({size_, each}, at::kBFloat16);  // part r is added by rank r; the last ones may end with zeros
    at::Tensor plain = own.view(-1).narrow(0, 0, count);
    plain.copy_(values);
    at::Tensor received = at::empty_like(own);
    // As bytes, since Gloo knows bfloat16 in newer releases only and computes nothing here.
    auto bytes = [](const at::Tensor& x) { return x.view(at::kByte); };
    at::Tensor to = bytes(received), from = bytes(own);
    std::vector<int64_t> equal;
    gloo_->alltoall_base(to, from, equal, equal)->wait();

    at::Tensor sum = received.sum(0, false, at::kFloat).to(at::kBFloat16);
    std::vector<std::vector<at::Tensor>> parts(1);
    for (int64_t rank = 0; rank < size_; rank++) parts[0].push_back(bytes(own[rank]));
    std::vector<at::Tensor> list{bytes(sum)};
    gloo_->allgather(parts, list)->wait();
    values.copy_(plain);
  }

  c10::intrusive_ptr<c10d::ProcessGroupGloo> gloo_;
  int64_t size_;
  std::mutex lock_;
  std::condition_variable changed_;
  std::deque<std::packaged_task<void()>> tasks_;
  bool isOver_ = false;
  std::thread thread_;  // last: it reads the others
};

}  // namespace audiossl
