#include "core/train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace omniq::train {

double learning_rate_factor(std::int64_t step, std::int64_t steps, double warmup) {
  const auto rising = static_cast<std::int64_t>(std::llround(warmup * static_cast<double>(steps)));
  if (step < rising) return static_cast<double>(step + 1) / static_cast<double>(rising);
  if (steps <= rising) return 1;
  const double done = static_cast<double>(step - rising) / static_cast<double>(steps - rising);
  return 0.5 * (1 + std::cos(std::numbers::pi * std::min(1.0, done)));
}

}  // namespace omniq::train
