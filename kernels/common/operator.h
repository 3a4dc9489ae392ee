// What the front ends of operators share: autograd, and checks, which say the same in the same
// words everywhere. Those throw c10::Error, with the operator's name.
#pragma once

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace omniq::kernels {

// Of operators as torch::autograd::Function, to which an undefined tensor cannot be an argument:
// those that may be undefined are optional there.
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

namespace detail {

/// While it lives torch operators compute in the dtypes that they are given.
struct WithoutAutocast {
  c10::impl::ExcludeDispatchKeyGuard guard{c10::autocast_dispatch_keyset};
};

/// The dtype of sums and statistics.
inline at::ScalarType exact_type(const at::Tensor& x) {
  return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
}

/// Whether a gradient of one of these is asked for. Some may be undefined.
inline bool wants_gradient(at::TensorList tensors) {
  return at::GradMode::is_enabled() && std::any_of(tensors.begin(), tensors.end(), [](auto& t) {
           return t.defined() && t.requires_grad();
         });
}
inline void check_no_gradient(const char* name, at::TensorList tensors) {
  TORCH_CHECK(!wants_gradient(tensors), name, ": there are no gradients; compute without them");
}
/// In a backward pass that is not differentiable itself.
inline void check_first_derivative(const char* name) {
  TORCH_CHECK(!at::GradMode::is_enabled(), name, ": second derivatives are not implemented");
}

// t is the argument `what`; x, called `of`, the one that it must go with.

inline void check_shape(const char* name, const char* what, const at::Tensor& t,
                        at::IntArrayRef shape) {
  TORCH_CHECK(t.sizes() == shape, name, ": ", what, " has shape ", t.sizes(), ", expected ", shape);
}
inline void check_device(const char* name, const char* what, const at::Tensor& t,
                         const at::Tensor& x, const char* of = "x") {
  TORCH_CHECK(t.device() == x.device(), name, ": ", of, " is on ", x.device(), " but ", what,
              " on ", t.device());
}
inline void check_dtype(const char* name, const char* what, const at::Tensor& t,
                        const at::Tensor& x, const char* of = "x") {
  TORCH_CHECK(t.scalar_type() == x.scalar_type(), name, ": ", of, " is ", x.scalar_type(), " and ",
              what, " ", t.scalar_type());
}
/// On the CPU t has x's dtype, elsewhere any floating one.
inline void check_argument(const char* name, const char* what, const at::Tensor& t,
                           const at::Tensor& x, const char* of = "x") {
  check_device(name, what, t, x, of);
  TORCH_CHECK(x.is_cpu() ? t.scalar_type() == x.scalar_type() : t.is_floating_point(), name, ": ",
              what, " has dtype ", t.scalar_type(), ", expected ",
              x.is_cpu() ? toString(x.scalar_type()) : "a floating type");
}
inline void check_floating(const char* name, const char* what, const at::Tensor& t,
                           at::IntArrayRef shape, const at::Tensor& x) {
  TORCH_CHECK(t.sizes() == shape && t.is_floating_point(), name, ": ", what, " has shape ",
              t.sizes(), " and dtype ", t.scalar_type(), ", expected floating ", shape);
  check_device(name, what, t, x);
}

/// A mask of tokens, [clips, tokens]; undefined is right.
inline void check_mask(const char* name, const at::Tensor& mask, at::IntArrayRef shape,
                       const at::Tensor& x, const char* of = "x") {
  if (!mask.defined()) return;
  check_shape(name, "mask", mask, shape);
  TORCH_CHECK(mask.scalar_type() == at::kBool, name, ": mask has dtype ", mask.scalar_type(),
              ", expected bool");
  check_device(name, "mask", mask, x, of);
}

/// Stochastic depth's factors: `keep` [n], one for each frame of x [n, ...], without a gradient,
/// which nobody computes. Undefined is right.
inline void check_frame_factors(const char* name, const at::Tensor& keep, const at::Tensor& x) {
  if (!keep.defined()) return;
  check_floating(name, "keep", keep, x.sizes().slice(0, 1), x);
  TORCH_CHECK(!wants_gradient(keep), name, ": keep requires a gradient, but there is none for it");
}
/// keep as [n, 1, ...], which multiplies x.
inline at::Tensor as_factors_of(const at::Tensor& x, const at::Tensor& keep) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(x.dim()), 1);
  shape[0] = x.size(0);
  return keep.view(shape);
}

}  // namespace detail
}  // namespace omniq::kernels
