// What is added up over the clips of a row of metrics.
#pragma once

#include <cstdint>

namespace omniq::run {

/// Sums over clips; they add up over micro-batches and rows.
struct ClipSums {
  double loss = 0;  // sum of the clips' losses
  std::int64_t top1 = 0, top5 = 0, clips = 0;

  ClipSums& operator+=(const ClipSums& other) {
    loss += other.loss;
    top1 += other.top1;
    top5 += other.top5;
    clips += other.clips;
    return *this;
  }
};

}  // namespace omniq::run
