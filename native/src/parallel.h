// The one place that hands work of our own loops to threads.
//
// Pieces are taken one by one by whoever is free, so that a thread whose core does something else holds up no more than the piece that it
// has begun: pieces are to be small, but worth a call. Which thread takes which changes no bit: no sum is cut by pieces that depend on it.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace audiossl {

// Threads that a loop of the calling thread may take: what was set, 1 within a piece.
int64_t loopThreads();

// work(context) on the calling thread and on as many others of `threads` as come while it lasts; returns when all that came have ended.
// What one of them throws comes out here. Within, libraries compute on one thread.
void onThreads(int64_t threads, void (*work)(void*), void* context);

// The same with scratch memory: each thread calls prepare() once before its first piece, and run(piece, what it gave).
template <class Prepare, class Run>
void parallelPieces(int64_t count, const Prepare& prepare, const Run& run) {
  std::atomic<int64_t> next{0};
  auto work = [&] {
    int64_t piece = next++;
    if (piece >= count) return;
    auto scratch = prepare();
    for (; piece < count; piece = next++) run(piece, scratch);
  };
  onThreads(std::min(count, loopThreads()), [](void* context) { (*static_cast<decltype(work)*>(context))(); }, &work);
}

// run(piece) for each of `count` pieces, in any order: pieces share nothing that any of them writes.
template <class Run>
void parallelPieces(int64_t count, const Run& run) {
  parallelPieces(count, [] { return 0; }, [&](int64_t piece, int) { run(piece); });
}

// run(begin, end) for pieces of `each` of `count` things.
template <class Run>
void parallelRanges(int64_t count, int64_t each, const Run& run) {
  parallelPieces((count + each - 1) / each, [&](int64_t piece) { run(piece * each, std::min((piece + 1) * each, count)); });
}

}  // namespace audiossl
