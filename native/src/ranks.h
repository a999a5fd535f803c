// The processes that train together, one a rank: what kernels need to know of them.
#pragma once

#include "binding.h"

namespace audiossl {

// Whether batch norm takes its statistics over the rows of all ranks.
bool sharesStatistics();
// The sum over all ranks of float64 values, in place: the same bits on every rank.
void sumOverRanks(Tensor& values);

}  // namespace audiossl
