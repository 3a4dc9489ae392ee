#include "core/model/fusion/derived.h"

#include <c10/core/InferenceMode.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

namespace omniq::model {

std::uint32_t version_of(const at::Tensor& parameter) {
  return parameter.unsafeGetTensorImpl()->version_counter().current_version();
}

CopySource copy_source(const at::Tensor& parameter, c10::Device device, at::ScalarType dtype) {
  return {parameter.const_data_ptr(), version_of(parameter), device, dtype};
}

at::Tensor at_least_float(const at::Tensor& x) {
  return x.scalar_type() == at::kDouble ? x : x.to(at::kFloat);
}

at::Tensor as_float(Derived& derived, const at::Tensor& parameter) {
  return derived.get({parameter}, [&] { return at_least_float(parameter); });
}

at::Tensor Derived::get(const std::vector<at::Tensor>& parameters,
                        const std::function<at::Tensor()>& make) {
  const bool keeps = std::none_of(parameters.begin(), parameters.end(), [](const at::Tensor& p) {
    // An inference tensor has no version.
    return p.is_inference() || (torch::GradMode::is_enabled() && p.requires_grad());
  });
  if (!keeps) return make();
  std::vector<Version> now;
  for (const at::Tensor& p : parameters) now.push_back({p.const_data_ptr(), version_of(p)});
  if (!known_ || now != of_) {
    // Training may use what an evaluation made: no tensor of inference mode, which autograd
    // refuses.
    const c10::InferenceMode normal(false);
    const torch::NoGradGuard no_grad;
    value_ = make();
    of_ = std::move(now);
    known_ = true;
  }
  return value_;
}

}  // namespace omniq::model
