// The learning rate over a run.
#pragma once

#include <cstdint>

namespace omniq::train {

/// Factor of the peak learning rate at `step` (0-based) of `steps`: linear from 0 to 1 over the
/// first warmup · steps, then a half cosine to 0 at the end. The first step already moves: it has 1
/// / warm-up steps.
double learning_rate_factor(std::int64_t step, std::int64_t steps, double warmup);

}  // namespace omniq::train
