// Stochastic depth's factors, as operators take them: `keep` [n], one for each frame of x [n, ...].
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace omniq::kernels::detail {

/// Throws c10::Error, with the operator's name, where keep is no factors of x's frames or asks for
/// a gradient, which nobody computes. Undefined is right.
inline void check_frame_factors(const char* name, const at::Tensor& keep, const at::Tensor& x) {
  if (!keep.defined()) return;
  TORCH_CHECK(keep.sizes() == x.sizes().slice(0, 1) && keep.is_floating_point(), name,
              ": keep has shape ", keep.sizes(), " and dtype ", keep.scalar_type(),
              ", expected floating ", x.sizes().slice(0, 1));
  TORCH_CHECK(keep.device() == x.device(), name, ": x is on ", x.device(), " but keep on ",
              keep.device());
  TORCH_CHECK(!at::GradMode::is_enabled() || !keep.requires_grad(), name,
              ": keep requires a gradient, but there is none for it");
}

/// keep as [n, 1, ...], which multiplies x.
inline at::Tensor as_factors_of(const at::Tensor& x, const at::Tensor& keep) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[0] = x.size(0);
  return keep.view(shape);
}

}  // namespace omniq::kernels::detail
