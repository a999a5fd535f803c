// The one place that hands work of our own loops to threads.
#pragma once

#include <ATen/Parallel.h>

namespace audiossl {

// run(piece) for each of `count` pieces, on as many threads as are set, in any order: pieces share nothing that any of them writes.
template <class Run>
void parallelPieces(int64_t count, const Run& run) {
  at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t piece = begin; piece < end; piece++) run(piece);
  });
}

// The same with scratch memory: each thread calls prepare() once before its first piece, and run(piece, what it gave).
template <class Prepare, class Run>
void parallelPieces(int64_t count, const Prepare& prepare, const Run& run) {
  at::parallel_for(0, count, 1, [&](int64_t begin, int64_t end) {
    auto scratch = prepare();
    for (int64_t piece = begin; piece < end; piece++) run(piece, scratch);
  });
}

}  // namespace audiossl
