// How far results are from what they should be.
#pragma once

#include <torch/types.h>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace omniq::bench {

/// ‖x − expected‖₂ / ‖expected‖₂, in float64.
inline double relative_error(const at::Tensor& x, const at::Tensor& expected) {
  const at::Tensor exact = expected.to(at::kDouble);
  return ((x.to(at::kDouble) - exact).norm() / exact.norm()).item<double>();
}

/// The largest of outputs and gradients, each against its own.
inline double largest_error(const std::vector<at::Tensor>& all,
                            const std::vector<at::Tensor>& expected) {
  double error = 0;
  for (std::size_t i = 0; i < all.size(); ++i)
    error = std::max(error, relative_error(all[i], expected[i]));
  return error;
}

}  // namespace omniq::bench
