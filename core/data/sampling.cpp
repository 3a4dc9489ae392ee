#include "core/data/sampling.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace omniq::data {
namespace {

std::int64_t window_start(std::int64_t slack, Random* random, std::int64_t view,
                          std::int64_t views) {
  if (slack <= 0) return 0;  // too short: wraps around to its first frame
  if (random != nullptr) return random->below(slack + 1);
  if (views == 1) return slack / 2;
  return (2 * slack * view + (views - 1)) /
         (2 * (views - 1));  // slack · view / (views − 1), rounded
}

}  // namespace

std::vector<std::int64_t> sample_frames(std::int64_t total, std::int64_t frames,
                                        std::int64_t stride, Sampling sampling, Random* random,
                                        std::int64_t view, std::int64_t views) {
  if (total < 1 || frames < 1 || stride < 1 || views < 1 || view < 0 || view >= views) {
    throw std::invalid_argument("sample_frames: an argument is out of range");
  }
  std::vector<std::int64_t> indices(static_cast<std::size_t>(frames));
  if (sampling == Sampling::stride) {
    const std::int64_t start = window_start(total - frames * stride, random, view, views);
    for (std::int64_t i = 0; i < frames; ++i) indices[i] = (start + i * stride) % total;
    return indices;
  }
  for (std::int64_t i = 0; i < frames; ++i) {
    if (random != nullptr) {
      const double position = (static_cast<double>(i) + random->uniform()) *
                              static_cast<double>(total) / static_cast<double>(frames);
      indices[i] = std::min(total - 1, static_cast<std::int64_t>(position));
    } else {
      indices[i] = (2 * (i * views + view) + 1) * total / (2 * frames * views);
    }
  }
  return indices;
}

}  // namespace omniq::data
