#pragma once

#include "binding.h"
#include "parallel.h"

namespace audiossl {

// float32 [rows, count], contiguous -> [count], added up row by row: the same bits with any number of threads.
inline Tensor sumOfRows(const Tensor& given) {
  int64_t rows = given.size(0), count = given.size(1);
  Tensor result = at::empty({count}, at::kFloat);
  const float* values = given.data_ptr<float>();
  float* sum = result.data_ptr<float>();
  constexpr int64_t kValues = 4096;
  parallelRanges(count, kValues, [&](int64_t begin, int64_t end) {
    std::copy(values + begin, values + end, sum + begin);
    for (int64_t row = 1; row < rows; row++) {
      for (int64_t i = begin; i < end; i++) sum[i] += values[row * count + i];
    }
  });
  return result;
}

}  // namespace audiossl
