#include "core/model/omniq.h"

#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include "core/base/text.h"
#include "core/model/preprocess.h"
#include "core/model/swin/kernel_path.h"

namespace omniq::model {

OmniQ::OmniQ(const OmniqOptions& options) : options_(options) {
  auto swin = swin_options(options.backbone);
  TORCH_CHECK(swin, swin ? "" : swin.error().text());
  swin->stochastic_depth = options.stochastic_depth;
  const FusionKind* kind = find_fusion(options.fusion);
  TORCH_CHECK(kind, "there is no fusion '", options.fusion, "'");
  const FusionProblem problem = kind->check(options.fusion_options);
  TORCH_CHECK(problem.message.empty(), problem.message);

  backbone_ = register_module("backbone", Swin(*swin));
  encoder_inference_ = std::make_shared<SwinInference>(*backbone_);
  encoder_training_ = std::make_shared<SwinTraining>(*backbone_);
  const std::int64_t backbone_width = backbone_->output_width();
  sequence_ = kind->sequence;
  const std::int64_t width = sequence_ ? options.fusion_options.width : backbone_width;
  if (sequence_) {
    if (width != backbone_width) {
      video_proj_ = register_module(
          "video_proj", std::make_shared<Linear>(backbone_width, width, /*bias=*/false));
    }
    const Initial initial = normal(options.position_std);
    vis_cls_ = random_parameter("vis_cls", {width}, initial);
    positions_ = random_parameter("positions", {options.max_frames + 1, width}, initial);
    types_ = random_parameter("types", {2, width}, initial);  // vision, text
    set_role("positions", Role::exempt);
    set_role("types", Role::exempt);
  }
  fusion_ = register_module("fusion", make_fusion(kind->name, options.fusion_options));
  if (sequence_)
    inference_ = std::make_shared<FusionInference>(*fusion_, *kind, options.fusion_options);
  head_ = register_module("head", std::make_shared<Linear>(width, options.classes));
  initialise(*this, options.seed, options.init_std);
  draw_from(*this, pass_);
}

torch::Tensor OmniQ::forward(const torch::Tensor& video, const Execution& execution) {
  const AutocastScope autocast(video.device(), execution.precision);
  return classify(encode(video, execution));
}

torch::Tensor OmniQ::encode(const torch::Tensor& video, const Execution& execution) {
  TORCH_CHECK(video.dim() == 5, "video must be [B, T, 3, H, W], or [B, T, H, W, 3] of bytes, got ",
              video.sizes());
  const torch::AutoGradMode grad(torch::GradMode::is_enabled() && !backbone_frozen_);
  const torch::Tensor frames = video.flatten(0, 1);
  const auto features = [&] {
    switch (execution.encoder) {
      case EncoderPath::operators:
        break;
      case EncoderPath::inference:
        TORCH_CHECK(!torch::GradMode::is_enabled() && !backbone_->is_training(),
                    "an encoder that trains is not to be computed without gradients");
        return encoder_inference_->features(frames, precision_dtype(execution.precision));
      case EncoderPath::training:
      case EncoderPath::recomputed:
        return encoder_training_->features(
            frames, backbone_->draw_stochastic_depth(frames.size(0), frames.device()),
            precision_dtype(execution.precision), execution.encoder == EncoderPath::recomputed);
    }
    return backbone_->forward(video.scalar_type() == at::kByte ? normalize_frames(frames) : frames);
  };
  return features().unflatten(0, {video.size(0), video.size(1)});
}

Execution OmniQ::execution(Precision precision, bool training) const {
  const bool half_on_gpu = head_->weight.is_cuda() && precision != Precision::float32;
  return {precision, choose_encoder_path({.half_on_gpu = half_on_gpu,
                                          .trains = training && !backbone_frozen_,
                                          .recompute = options_.recompute})};
}

ExecutionWords OmniQ::describe(const Execution& execution) const {
  ExecutionWords words{swin::describe(execution.encoder, backbone_->options()), {}};
  for (const auto& module : fusion_->modules(/*include_self=*/false)) {
    if (auto* scanning = dynamic_cast<Scanning*>(module.get())) {
      words.scan = scanning->scan_path(precision_dtype(execution.precision));
      break;
    }
  }
  return words;
}

torch::Tensor OmniQ::tokens(const torch::Tensor& features) {
  const std::int64_t frames = features.size(1);
  TORCH_CHECK(frames <= options_.max_frames, "a clip of ", frames, " frames is longer than the ",
              options_.max_frames, " learned positions");
  const auto video = video_proj_ ? video_proj_->forward(features) : features;
  const auto cls = vis_cls_.to(video.scalar_type()).expand({features.size(0), 1, -1});
  return torch::cat({cls, video}, 1) + (positions_.narrow(0, 0, frames + 1) + types_[0]);
}

torch::Tensor OmniQ::classify(const torch::Tensor& features,
                              const std::optional<torch::Tensor>& mask) {
  TORCH_CHECK(features.dim() == 3, "features must be [B, T, D], got ", features.sizes());
  std::optional<torch::Tensor> token_mask = mask;
  if (sequence_ && mask)
    token_mask = torch::cat({torch::ones_like(mask->narrow(1, 0, 1)), *mask}, 1);
  const auto input = sequence_ ? tokens(features) : features;
  if (inference_ && input.is_cuda() && !torch::GradMode::is_enabled() && !is_training())
    return head_->forward(inference_->read_out(input, token_mask));
  const auto fused = fusion_->forward(input, token_mask);
  return head_->forward(fusion_->read_out(fused, token_mask));
}

AdapterReport OmniQ::set_trainable(Trainable what, const LoraOptions& lora, bool head_adapter) {
  AdapterReport report;
  backbone_frozen_ = what != Trainable::all;
  backbone_->set_stochastic_depth(backbone_frozen_ ? 0 : options_.stochastic_depth);
  const auto adapt = [&](const std::string& name, torch::nn::Module& module) {
    auto* linear = module.as<Linear>();
    if (!linear || linear->has_adapter()) return;
    const std::int64_t rank =
        linear->add_adapter(lora, generator_of(options_.seed, name + ".lora_A"));
    ++report.adapters;
    if (rank != lora.rank)
      report.capped.push_back(cat(name, ": rank ", rank, " instead of ", lora.rank));
  };
  if (what == Trainable::lora) {
    for (const auto& item : fusion_->named_modules("fusion", false))
      adapt(item.key(), *item.value());
    if (head_adapter) adapt("head", *head_);
    draw_from(*this, pass_);
  }
  for (const Parameter& p : parameters_by_role()) {
    bool trains = what == Trainable::all || p.part != Part::encoder;
    if (what == Trainable::lora)
      trains = p.role == Role::adapter || (p.part == Part::head && !head_adapter);
    p.tensor.set_requires_grad(trains);
  }
  train(is_training());
  return report;
}

void OmniQ::merge_adapters() {
  for (const auto& module : modules(false)) {
    if (auto* linear = module->as<Linear>()) linear->merge_adapter();
  }
}

void OmniQ::train(bool on) {
  torch::nn::Module::train(on);
  if (backbone_frozen_) backbone_->train(false);
}

ParameterCount OmniQ::count_parameters() const {
  ParameterCount count;
  for (const auto& parameter : parameters()) {
    count.total += parameter.numel();
    if (parameter.requires_grad()) count.trainable += parameter.numel();
  }
  return count;
}

std::vector<Parameter> OmniQ::parameters_by_role() const {
  std::vector<Parameter> all = parameters_with_roles(*this);
  const auto belong = [&](const torch::nn::Module& module, Part part) {
    for (const torch::Tensor& tensor : module.parameters()) {
      for (Parameter& p : all) {
        if (p.tensor.is_same(tensor)) p.part = part;
      }
    }
  };
  belong(*backbone_, Part::encoder);
  belong(*head_, Part::head);
  return all;
}

}  // namespace omniq::model
