#include "core/data/transform.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

namespace omniq::data {
namespace {
constexpr int kWeightBits = 14;
constexpr int kRowBits = 7;  // fraction bits kept between the two passes; 255 · 2^7 fits 16 bits
constexpr int kLastShift = kWeightBits + kRowBits;
}  // namespace

std::int64_t resized_short_side(std::int64_t size) {
  return std::llround(static_cast<double>(size) * 256.0 / 224.0);
}

FrameSize resized_frame(std::int64_t height, std::int64_t width, std::int64_t short_side) {
  const std::int64_t least = std::min(height, width);
  if (short_side <= 0 || least <= 0) return {height, width};
  const auto scaled = [&](std::int64_t side) {
    const double length =
        static_cast<double>(side) * static_cast<double>(short_side) / static_cast<double>(least);
    return std::max(short_side, static_cast<std::int64_t>(std::llround(length)));
  };
  return {scaled(height), scaled(width)};
}

Crop training_crop(std::int64_t height, std::int64_t width, bool hflip, Random& random) {
  constexpr double kLeastAspect = 3.0 / 4.0, kMostAspect = 4.0 / 3.0;
  const double area = static_cast<double>(height * width);
  Crop crop;
  crop.flip = hflip && random.uniform() < 0.5;
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double target = area * random.uniform(0.5, 1.0);
    const double aspect = std::exp(random.uniform(std::log(kLeastAspect), std::log(kMostAspect)));
    crop.width = std::llround(std::sqrt(target * aspect));
    crop.height = std::llround(std::sqrt(target / aspect));
    if (crop.width < 1 || crop.width > width || crop.height < 1 || crop.height > height) continue;
    crop.top = random.below(height - crop.height + 1);
    crop.left = random.below(width - crop.width + 1);
    return crop;
  }
  crop.height = height;
  crop.width = width;
  const double aspect = static_cast<double>(width) / static_cast<double>(height);
  if (aspect < kLeastAspect) {
    crop.height = std::clamp<std::int64_t>(std::llround(static_cast<double>(width) / kLeastAspect),
                                           1, height);
  } else if (aspect > kMostAspect) {
    crop.width =
        std::clamp<std::int64_t>(std::llround(static_cast<double>(height) * kMostAspect), 1, width);
  }
  crop.top = (height - crop.height) / 2;
  crop.left = (width - crop.width) / 2;
  return crop;
}

Crop evaluation_crop(std::int64_t height, std::int64_t width, std::int64_t size, std::int64_t view,
                     std::int64_t views) {
  if (height < size || width < size || view < 0 || view >= views || (views != 1 && views != 3)) {
    throw std::invalid_argument("evaluation_crop: an argument is out of range");
  }
  Crop crop{(height - size) / 2, (width - size) / 2, size, size, false};
  if (views == 3 && view != 1) {
    if (width >= height) {
      crop.left = view == 0 ? 0 : width - size;
    } else {
      crop.top = view == 0 ? 0 : height - size;
    }
  }
  return crop;
}

CropResize::Axis CropResize::make_axis(std::int64_t input, std::int64_t output) {
  const double scale = static_cast<double>(input) / static_cast<double>(output);
  const double support = std::max(1.0, scale);
  Axis axis;
  axis.taps = std::min<std::int64_t>(input, 2 * static_cast<std::int64_t>(std::ceil(support)) + 1);
  axis.first.resize(static_cast<std::size_t>(output));
  axis.weight.assign(static_cast<std::size_t>(output * axis.taps), 0);
  std::vector<double> exact(static_cast<std::size_t>(axis.taps));
  for (std::int64_t i = 0; i < output; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const auto begin = static_cast<std::int64_t>(std::floor(centre - support));
    const std::int64_t first = std::clamp<std::int64_t>(begin, 0, input - axis.taps);
    double sum = 0;
    for (std::int64_t k = 0; k < axis.taps; ++k) {
      const double distance = std::abs(static_cast<double>(first + k) + 0.5 - centre) / support;
      exact[k] = std::max(0.0, 1.0 - distance);
      sum += exact[k];
    }
    axis.first[i] = static_cast<std::int32_t>(first);
    std::int32_t* weight = &axis.weight[i * axis.taps];
    std::int32_t left = 1 << kWeightBits;
    for (std::int64_t k = 0; k < axis.taps; ++k) {
      weight[k] = static_cast<std::int32_t>(std::lround(exact[k] / sum * (1 << kWeightBits)));
      left -= weight[k];
    }
    *std::max_element(weight, weight + axis.taps) += left;  // a flat area keeps its value
  }
  return axis;
}

CropResize::CropResize(const Crop& crop, std::int64_t size) : crop_(crop), size_(size) {
  if (crop.height < 1 || crop.width < 1 || crop.top < 0 || crop.left < 0 || size < 1) {
    throw std::invalid_argument("CropResize: an empty window");
  }
  if (crop.height != size || crop.width != size) {
    rows_ = make_axis(crop.height, size);
    columns_ = make_axis(crop.width, size);
  }
}

void CropResize::apply(const std::uint8_t* frame, std::int64_t frame_width,
                       std::uint8_t* out) const {
  const std::uint8_t* window = frame + (crop_.top * frame_width + crop_.left) * 3;
  const std::int64_t row_bytes = frame_width * 3;
  if (rows_.taps == 0) {  // already the right size
    for (std::int64_t y = 0; y < size_; ++y) {
      const std::uint8_t* in = window + y * row_bytes;
      std::uint8_t* row = out + y * size_ * 3;
      if (!crop_.flip) {
        std::memcpy(row, in, static_cast<std::size_t>(size_ * 3));
        continue;
      }
      for (std::int64_t x = 0; x < size_; ++x) {
        std::memcpy(row + x * 3, in + (size_ - 1 - x) * 3, 3);
      }
    }
    return;
  }
  const std::int64_t values = crop_.width * 3;
  static thread_local std::vector<std::int32_t> sums;
  sums.resize(static_cast<std::size_t>(values));
  const std::int64_t taps = columns_.taps;
  for (std::int64_t y = 0; y < size_; ++y) {
    // Down the columns first: whole rows are added, which the compiler turns into vector code.
    std::fill(sums.begin(), sums.end(), 1 << (kWeightBits - kRowBits - 1));
    for (std::int64_t k = 0; k < rows_.taps; ++k) {
      const std::int32_t weight = rows_.weight[y * rows_.taps + k];
      if (weight == 0) continue;
      const std::uint8_t* in = window + (rows_.first[y] + k) * row_bytes;
      std::int32_t* sum = sums.data();
      for (std::int64_t x = 0; x < values; ++x) sum[x] += weight * in[x];
    }
    for (std::int32_t& sum : sums) sum >>= kWeightBits - kRowBits;
    std::uint8_t* row = out + y * size_ * 3;
    for (std::int64_t x = 0; x < size_; ++x) {
      const std::int32_t* weight = &columns_.weight[x * taps];
      const std::int32_t* in = sums.data() + columns_.first[x] * 3;
      std::int32_t red = 1 << (kLastShift - 1), green = red, blue = red;
      for (std::int64_t k = 0; k < taps; ++k, in += 3) {
        red += weight[k] * in[0];
        green += weight[k] * in[1];
        blue += weight[k] * in[2];
      }
      std::uint8_t* pixel = row + (crop_.flip ? size_ - 1 - x : x) * 3;
      pixel[0] = static_cast<std::uint8_t>(red >> kLastShift);
      pixel[1] = static_cast<std::uint8_t>(green >> kLastShift);
      pixel[2] = static_cast<std::uint8_t>(blue >> kLastShift);
    }
  }
}

CropResize evaluation_view(std::int64_t height, std::int64_t width, std::int64_t size,
                           std::int64_t view, std::int64_t views) {
  return CropResize(evaluation_crop(height, width, size, view, views), size);
}

}  // namespace omniq::data
