// Gather, scatter, one-hot, segments, counting.
#include "families.h"

namespace audiossl {
namespace {

// In the words of tfjs, whose kernels check and say it so.
void checkRange(const Tensor& indices, int64_t size, const char* kernel) {
  Tensor plain = indices.contiguous();
  const int64_t* index = plain.data_ptr<int64_t>();
  for (int64_t i = 0; i < plain.numel(); i++) {
    if (index[i] < 0 || index[i] >= size) {
      throw std::invalid_argument(std::string(kernel) + ": the index value " + std::to_string(index[i]) + " is not in [0, " + std::to_string(size - 1) + "]");
    }
  }
}

// x [batch..., outer..., axis, inner...], indices [batch..., n...] -> [batch..., outer..., n..., inner...]; flattened by the caller to
// x [batch, outer, axis, inner], indices [batch, n].
Tensor gather(const Tensor& x, const Tensor& indices) {
  int64_t batch = x.size(0), n = indices.size(1);
  Tensor index = indices.to(at::kLong);
  checkRange(index, x.size(2), "GatherV2");
  if (batch == 1) return x.index_select(2, index.reshape({n}));
  index = index.reshape({batch, 1, n, 1}).expand({batch, x.size(1), n, x.size(3)});
  return at::gather(x, 2, index);
}

// indices [..., number of dimensions] -> flat positions [n] in an array of these dimensions
Tensor flatten(const Tensor& indices, const Ints& dimensions) {
  Tensor index = indices.to(at::kLong).reshape({-1, static_cast<int64_t>(dimensions.size())});
  Tensor flat = at::zeros({index.size(0)}, at::kLong);
  for (size_t i = 0; i < dimensions.size(); i++) {
    Tensor column = index.select(1, i);
    checkRange(column, dimensions[i], "indices");
    flat = flat * dimensions[i] + column;
  }
  return flat;
}

int64_t product(const Ints& dimensions) {
  int64_t size = 1;
  for (int64_t dimension : dimensions) size *= dimension;
  return size;
}

Tensor gatherNd(const Tensor& x, const Tensor& indices, const Ints& dimensions) {
  int64_t rows = product(dimensions);
  return x.reshape({rows, rows == 0 ? 0 : x.numel() / rows}).index_select(0, flatten(indices, dimensions));
}

// Sums rows [n, width] into zeros [count, width]. libtorch adds to a matrix row by row, each by an iterator of its own, to a vector in one loop.
Tensor sumAt(const Tensor& index, const Tensor& rows, int64_t count) {
  if (rows.size(1) == 1) return at::zeros({count}, rows.options()).index_add_(0, index, rows.reshape({-1})).reshape({count, 1});
  return at::zeros({count, rows.size(1)}, rows.options()).index_add_(0, index, rows);
}

// Sums updates [n, width] into zeros [product of dimensions, width].
Tensor scatterNd(const Tensor& indices, const Tensor& updates, const Ints& dimensions) {
  Tensor index = flatten(indices, dimensions);
  auto type = updates.scalar_type();
  Tensor source = type == at::kBool ? updates.to(at::kInt) : updates;
  return sumAt(index, source, product(dimensions)).to(type);
}

// x with rows, numbered over the leading dimensions, replaced; of one row named twice the later update stays.
Tensor scatterUpdate(const Tensor& x, const Tensor& indices, const Tensor& updates, const Ints& dimensions) {
  int64_t rows = product(dimensions);
  Tensor result = x.reshape({rows, updates.size(1)}).clone();
  return result.index_copy_(0, flatten(indices, dimensions), updates.to(x.scalar_type()));
}

// Sums rows by segment; rows outside are dropped, as tfjs's UnsortedSegmentSum does.
Tensor segmentSum(const Tensor& x, const Tensor& segments, int64_t count) {
  Tensor index = segments.to(at::kLong);
  Tensor inside = at::nonzero((index >= 0).logical_and_(index < count)).reshape({-1});
  return sumAt(index.index_select(0, inside), x.index_select(0, inside), count);
}

Tensor oneHot(const Tensor& indices, int64_t depth, double on, double off, int64_t type) {
  Tensor classes = at::arange(depth, at::kInt);
  return at::where(indices.reshape({-1, 1}) == classes, on, off).to(scalarType(type));
}

// weights may be empty: then every value counts 1. Values outside [0, size) are dropped.
Tensor bincount(const Tensor& x, const Tensor& weights, int64_t size) {
  Tensor index = x.reshape({-1}).to(at::kLong);
  if (index.numel() > 0 && index.min().item<int64_t>() < 0) throw std::invalid_argument("Input x must be non-negative!");
  Tensor inside = at::nonzero(index < size).reshape({-1});
  Tensor source = weights.numel() == 0 ? at::ones({x.numel()}, weights.options()) : weights.reshape({-1});
  return at::zeros({size}, weights.options()).index_add_(0, index.index_select(0, inside), source.index_select(0, inside));
}

}  // namespace

void defineIndexing(Module& m) {
  m.def("gather", gather);
  m.def("gatherNd", gatherNd);
  m.def("scatterNd", scatterNd);
  m.def("scatterUpdate", scatterUpdate);
  m.def("segmentSum", segmentSum);
  m.def("oneHot", oneHot);
  m.def("bincount", bincount);
}

}  // namespace audiossl
