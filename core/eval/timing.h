// How long something takes on a device: the one way in which the evaluator and the benchmarks
// measure time.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "core/base/measured.h"

namespace omniq::eval {

/// Quantiles by linear interpolation between order statistics. `milliseconds` must not be empty.
Timing summarize(std::vector<double> milliseconds);

/// Calls `work(i)` for `warmup` untimed and then `runs` timed calls, each timed by itself: on a GPU
/// by device events with synchronisation, on the CPU by the steady clock. i counts from 0 over
/// both, so that callers can rotate inputs.
Timing measure(c10::Device device, const std::function<void(std::int64_t)>& work,
               std::int64_t warmup, std::int64_t runs);

}  // namespace omniq::eval
