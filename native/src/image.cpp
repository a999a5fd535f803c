// Resizing and cropping of images [batch, height, width, channel].
#include <cmath>

#include "families.h"
#include "parallel.h"

namespace audiossl {
namespace {

Tensor indices(const Ints& values) { return at::tensor(values, at::kLong); }

// Weights along one axis of a 4-d tensor.
Tensor weights(const std::vector<double>& fractions, int64_t axis) {
  Ints shape{1, 1, 1, 1};
  shape[axis] = fractions.size();
  return at::tensor(fractions, at::kDouble).to(at::kFloat).reshape(shape);
}

// out[i] = x[low[i]] + (x[high[i]] - x[low[i]]) * fraction[i] along an axis; no fractions = nearest.
Tensor interpolate(const Tensor& x, int64_t axis, const Ints& low, const Ints& high, const std::vector<double>& fractions) {
  Tensor first = x.index_select(axis, indices(low));
  if (fractions.empty()) return first;
  return first.add_((x.index_select(axis, indices(high)) - first).mul_(weights(fractions, axis)));
}

Tensor interpolateGradient(const Tensor& dy, int64_t axis, int64_t length, const Ints& low, const Ints& high,
                           const std::vector<double>& fractions) {
  Ints shape = dy.sizes().vec();
  shape[axis] = length;
  Tensor dx = at::zeros(shape, dy.options());
  if (fractions.empty()) return dx.index_add_(axis, indices(low), dy);
  Tensor upper = dy * weights(fractions, axis);
  return dx.index_add_(axis, indices(low), dy - upper).index_add_(axis, indices(high), upper);
}

Tensor resize(const Tensor& x, const Ints& rowLow, const Ints& rowHigh, const std::vector<double>& rowFractions, const Ints& columnLow,
              const Ints& columnHigh, const std::vector<double>& columnFractions) {
  Tensor images = rowFractions.empty() || x.is_floating_point() ? x : x.to(at::kFloat);
  return interpolate(interpolate(images, 1, rowLow, rowHigh, rowFractions), 2, columnLow, columnHigh, columnFractions);
}

Tensor resizeGradient(const Tensor& dy, int64_t height, int64_t width, const Ints& rowLow, const Ints& rowHigh,
                      const std::vector<double>& rowFractions, const Ints& columnLow, const Ints& columnHigh,
                      const std::vector<double>& columnFractions) {
  Tensor tall = interpolateGradient(dy, 2, width, columnLow, columnHigh, columnFractions);
  return interpolateGradient(tall, 1, height, rowLow, rowHigh, rowFractions);
}

// The place in the image of position `index` of `size` along a box from `from` to `to` (fractions of `length` - 1).
float boxPosition(float from, float to, int64_t index, int64_t size, int64_t length) {
  if (size > 1) return from * (length - 1) + index * ((to - from) * (length - 1) / (size - 1));
  return 0.5f * (from + to) * (length - 1);
}

// boxes [count, 4] (y1, x1, y2, x2), boxIndices [count] -> [count, height, width, channel]
Tensor cropAndResize(const Tensor& image, const Tensor& boxes, const Tensor& boxIndices, int64_t height, int64_t width, bool bilinear,
                     double outside) {
  Tensor x = image.to(at::kFloat).contiguous(), box = boxes.to(at::kFloat).contiguous(), which = boxIndices.to(at::kInt).contiguous();
  int64_t count = box.size(0), batch = x.size(0), rows = x.size(1), columns = x.size(2), channels = x.size(3);
  Tensor result = at::zeros({count, height, width, channels}, x.options());
  const float* in = x.data_ptr<float>();
  const float* edges = box.data_ptr<float>();
  const int* index = which.data_ptr<int>();
  float* out = result.data_ptr<float>();
  constexpr int64_t kRows = 8;
  parallelRanges(count * height, kRows, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) {
      int64_t b = row / height, y = row % height;
      if (index[b] < 0 || index[b] >= batch) continue;
      float at_y = boxPosition(edges[4 * b], edges[4 * b + 2], y, height, rows);
      for (int64_t column = 0; column < width; column++) {
        float at_x = boxPosition(edges[4 * b + 1], edges[4 * b + 3], column, width, columns);
        float* pixel = out + (row * width + column) * channels;
        if (!(at_y >= 0 && at_y <= rows - 1 && at_x >= 0 && at_x <= columns - 1)) {
          std::fill(pixel, pixel + channels, static_cast<float>(outside));
          continue;
        }
        // Nearest rounds halves up, as JavaScript's Math.round.
        int64_t top = bilinear ? std::floor(at_y) : std::floor(at_y + 0.5f), bottom = std::ceil(at_y);
        int64_t left = bilinear ? std::floor(at_x) : std::floor(at_x + 0.5f), right = std::ceil(at_x);
        const float* base = in + index[b] * rows * columns * channels;
        for (int64_t c = 0; c < channels; c++) {
          auto value = [&](int64_t r, int64_t k) { return base[(r * columns + k) * channels + c]; };
          if (!bilinear) {
            pixel[c] = value(top, left);
            continue;
          }
          float upper = value(top, left) + (value(top, right) - value(top, left)) * (at_x - left);
          float lower = value(bottom, left) + (value(bottom, right) - value(bottom, left)) * (at_x - left);
          pixel[c] = upper + (lower - upper) * (at_y - top);
        }
      }
    }
  });
  return result;
}

}  // namespace

void defineImage(Module& m) {
  m.def("resize", resize);
  m.def("resizeGradient", resizeGradient);
  m.def("cropAndResize", cropAndResize);
}

}  // namespace audiossl
