#include "core/model/fusion/inference.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/autocast_mode.h>
#include <c10/core/InferenceMode.h>
#include <c10/cuda/CUDAGuard.h>
#include <torch/types.h>
#include <torch/utils.h>

namespace omniq::model {

FusionInference::FusionInference(const FusionKind& kind, const FusionOptions& options)
    : kind_(&kind), options_(options) {}
FusionInference::~FusionInference() = default;

void FusionInference::refresh(Fusion& fusion, c10::Device device, at::ScalarType dtype) {
  const auto parameters = fusion.named_parameters();
  std::vector<CopySource> source;
  for (const auto& item : parameters) {
    source.push_back(copy_source(item.value(), device, dtype));
  }
  if (copy_ && source == source_) return;
  graphs_.clear();
  // Its random start is overwritten, and must not move what training draws next.
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  const at::Tensor state = generator.get_state();
  copy_ = make_fusion(kind_->name, options_);
  generator.set_state(state);
  copy_->to(device);
  copy_->eval();
  for (auto& item : copy_->named_parameters()) item.value().copy_(parameters[item.key()]);
  const auto originals = fusion.named_modules();
  for (const auto& item : copy_->named_modules()) {
    auto* linear = item.value()->as<Linear>();
    if (linear == nullptr) continue;
    linear->weight.copy_(originals[item.key()]->as<Linear>()->merged_weight());
    linear->weight.set_data(linear->weight.to(dtype));
    if (linear->bias.defined()) linear->bias.set_data(linear->bias.to(dtype));
  }
  source_ = std::move(source);
}

at::Tensor FusionInference::run(const at::Tensor& tokens, const std::optional<at::Tensor>& mask) {
  return copy_->read_out(copy_->forward(tokens, mask), mask);
}

at::Tensor FusionInference::read_out(Fusion& fusion, const at::Tensor& tokens,
                                     const std::optional<at::Tensor>& mask) {
  // Tensors that stay are no tensors of inference mode: those could not be written to outside of
  // it.
  const c10::InferenceMode normal(false);
  const torch::NoGradGuard no_grad;
  const c10::cuda::CUDAGuard device_guard(tokens.device());
  const auto dtype = at::autocast::is_autocast_enabled(at::kCUDA)
                         ? at::autocast::get_autocast_dtype(at::kCUDA)
                         : tokens.scalar_type();
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
  refresh(fusion, tokens.device(), dtype);
  const at::Tensor input = tokens.to(dtype);

  if (tokens.size(0) * tokens.size(1) > kMostGraphTokens) return run(input, mask);
  GraphCache::Inputs inputs{input};
  if (mask) inputs.push_back(*mask);
  return graphs_.run(inputs, [this](const GraphCache::Inputs& x) {
    return run(x[0], x.size() > 1 ? std::optional(x[1]) : std::nullopt);
  });
}

}  // namespace omniq::model
