#include "core/model/fusion/inference.h"

#include <ATen/autocast_mode.h>
#include <c10/core/InferenceMode.h>
#include <c10/cuda/CUDAGuard.h>
#include <torch/types.h>
#include <torch/utils.h>

namespace omniq::model {
namespace {

// Of a fusion and of a copy in the same order.
std::vector<std::shared_ptr<Linear>> linears_of(const Fusion& fusion) {
  std::vector<std::shared_ptr<Linear>> linears;
  for (const auto& module : fusion.modules(/*include_self=*/false)) {
    if (auto linear = std::dynamic_pointer_cast<Linear>(module)) {
      linears.push_back(std::move(linear));
    }
  }
  return linears;
}

}  // namespace

FusionInference::FusionInference(const Fusion& fusion, const FusionKind& kind,
                                 const FusionOptions& options)
    : kind_(&kind), options_(options), linears_(linears_of(fusion)) {
  for (const Parameter& p : parameters_with_roles(fusion)) {
    if (p.role != Role::adapter) parameters_.push_back(p.tensor);
  }
}
FusionInference::~FusionInference() = default;

void FusionInference::refresh(c10::Device device, at::ScalarType dtype) {
  std::vector<CopySource> source;
  source.reserve(parameters_.size() + 2 * linears_.size());
  for (const at::Tensor& p : parameters_) source.push_back(copy_source(p, device, dtype));
  for (const auto& linear : linears_) {
    if (!linear->has_adapter()) continue;
    source.push_back(copy_source(linear->lora_a(), device, dtype));
    source.push_back(copy_source(linear->lora_b(), device, dtype));
  }
  if (copy_ && source == source_) return;
  graphs_.clear();
  copy_ = make_fusion(kind_->name, options_);
  copy_->to(device);
  copy_->eval();
  const std::vector<at::Tensor> copies = copy_->parameters();
  for (std::size_t i = 0; i < copies.size(); ++i) copies[i].copy_(parameters_[i]);
  const auto copied_linears = linears_of(*copy_);
  for (std::size_t i = 0; i < copied_linears.size(); ++i) {
    Linear& linear = *copied_linears[i];
    linear.weight.copy_(linears_[i]->merged_weight());
    linear.weight.set_data(linear.weight.to(dtype));
    if (linear.bias.defined()) linear.bias.set_data(linear.bias.to(dtype));
  }
  source_ = std::move(source);
}

at::Tensor FusionInference::run(const at::Tensor& tokens, const std::optional<at::Tensor>& mask) {
  return copy_->read_out(copy_->forward(tokens, mask), mask);
}

at::Tensor FusionInference::read_out(const at::Tensor& tokens,
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
  refresh(tokens.device(), dtype);
  const at::Tensor input = tokens.to(dtype);

  if (tokens.size(0) * tokens.size(1) > kMostGraphTokens) return run(input, mask);
  GraphCache::Inputs inputs{input};
  if (mask) inputs.push_back(*mask);
  return graphs_.run(inputs, [this](const GraphCache::Inputs& x) {
    return run(x[0], x.size() > 1 ? std::optional(x[1]) : std::nullopt);
  });
}

}  // namespace omniq::model
