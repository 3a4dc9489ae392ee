#include "core/model/fusion/inference.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/autocast_mode.h>
#include <ATen/cuda/CUDAContext.h>
#include <ATen/cuda/CUDAGraph.h>
#include <c10/core/InferenceMode.h>
#include <c10/cuda/CUDAGuard.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>

#include "core/model/fusion/derived.h"

namespace omniq::model {

struct FusionInference::Source {
  const void* data;
  std::uint32_t version;
  c10::Device device;
  at::ScalarType dtype;  // of the copy
  bool operator==(const Source&) const = default;
};

struct FusionInference::Shape {
  std::int64_t clips, length;
  bool masked;
  std::unique_ptr<at::cuda::CUDAGraph> graph;  // null when it was seen once
  at::Tensor tokens, mask, result;             // of the graph
};

FusionInference::FusionInference(const FusionKind& kind, const FusionOptions& options)
    : kind_(&kind), options_(options) {}
FusionInference::~FusionInference() = default;

std::size_t FusionInference::graphs() const {
  return std::count_if(shapes_.begin(), shapes_.end(),
                       [](const Shape& shape) { return shape.graph != nullptr; });
}

void FusionInference::refresh(Fusion& fusion, c10::Device device, at::ScalarType dtype) {
  const auto parameters = fusion.named_parameters();
  std::vector<Source> source;
  for (const auto& item : parameters) {
    source.push_back({item.value().const_data_ptr(), version_of(item.value()), device, dtype});
  }
  if (copy_ && source == source_) return;
  shapes_.clear();
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

void FusionInference::capture(Shape& shape, const at::Tensor& tokens,
                              const std::optional<at::Tensor>& mask) {
  shape.tokens = tokens.clone();
  std::optional<at::Tensor> own_mask;
  if (mask) own_mask = shape.mask = mask->clone();
  at::cuda::getCurrentCUDAStream().synchronize();
  // The default stream cannot be captured.
  const c10::cuda::CUDAStream stream = c10::cuda::getStreamFromPool();
  const c10::cuda::CUDAStreamGuard guard(stream);
  run(shape.tokens, own_mask);  // what is prepared once must not become part of the graph
  stream.synchronize();
  auto graph = std::make_unique<at::cuda::CUDAGraph>();
  // Other threads, which load clips, may go on using the device.
  graph->capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal);
  shape.result = run(shape.tokens, own_mask);
  graph->capture_end();
  shape.graph = std::move(graph);
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

  const std::int64_t clips = tokens.size(0), length = tokens.size(1);
  if (clips * length > kMostGraphTokens) return run(input, mask);
  auto shape = std::find_if(shapes_.begin(), shapes_.end(), [&](const Shape& s) {
    return s.clips == clips && s.length == length && s.masked == mask.has_value();
  });
  if (shape == shapes_.end()) {  // the last batch of an evaluation comes once: no graph yet
    shapes_.push_front({clips, length, mask.has_value(), nullptr, {}, {}, {}});
    if (shapes_.size() > kMostGraphs) shapes_.pop_back();
    return run(input, mask);
  }
  shapes_.splice(shapes_.begin(), shapes_, shape);
  if (!shape->graph) {
    capture(*shape, input, mask);
  } else {
    shape->tokens.copy_(input);
    if (mask) shape->mask.copy_(*mask);
  }
  shape->graph->replay();
  return shape->result.clone();
}

}  // namespace omniq::model
