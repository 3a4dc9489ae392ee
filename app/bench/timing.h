// Times of short work on a GPU, where a single call is as short as its launch: many calls between
// two events, or a graph of them. A GPU is the current one.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <functional>

#include "core/eval/timing.h"

namespace omniq::bench {

enum class Launch {
  kEager,  // as a caller would call it
  kGraph,  // captured once and replayed: the time of the device alone. The CPU ignores it.
};

/// Input sets that must take turns so that none is found in the cache: twice the GPU's cache in
/// all, between 2 and 32.
std::int64_t rotation(c10::Device device, std::int64_t bytes_of_a_set);

/// Milliseconds of one call of `work(i)`, 0 ≤ i < rotation, each in turn. A sample is the mean of
/// all of them once, on the CPU of one.
Timing measure(c10::Device device, const std::function<void(std::int64_t)>& work,
               std::int64_t rotation, std::int64_t runs, Launch launch);

}  // namespace omniq::bench
