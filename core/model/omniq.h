// The whole classifier: per-frame encoder, token sequence, fusion, head.
#pragma once

#include <torch/nn/module.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/measured.h"
#include "core/base/result.h"
#include "core/model/fusion/fusion.h"
#include "core/model/fusion/inference.h"
#include "core/model/parameters.h"
#include "core/model/precision.h"
#include "core/model/swin/encoder_path.h"
#include "core/model/swin/inference.h"
#include "core/model/swin/swin.h"
#include "core/model/swin/training.h"

namespace omniq::model {

struct OmniqOptions {
  std::uint64_t seed = 0;  // of what parameters start as
  std::string backbone = "swin_tiny";
  double stochastic_depth = 0.2;  // where the encoder trains
  bool recompute = false;         // so that it keeps less (EncoderPath::recomputed)
  std::string fusion = "mamba";
  FusionOptions
      fusion_options;  // its width is the fusion's; equal to the encoder's, no projection is made
  std::int64_t max_frames = 32;  // learned positions
  std::int64_t classes = 2;
  double init_std = 0.02;      // of all linear weights
  double position_std = 0.02;  // of positions, types and the class token
};

enum class Trainable { lora, fusion, all };

/// What set_trainable did that a run record should say.
struct AdapterReport {
  std::int64_t adapters = 0;
  std::vector<std::string> capped;  // "fusion.block0.mixer.ssm.dt_proj: rank 4 instead of 8"
};

/// How a model is computed. Chosen once, by OmniQ::execution, for a training, an evaluation or a
/// stream; by default in float32 by torch operators.
struct Execution {
  Precision precision = Precision::float32;
  EncoderPath encoder = EncoderPath::operators;
};

/// The same in words, for a run's record.
struct ExecutionWords {
  std::string encoder;
  std::string scan;  // as Scanning's; empty for a fusion without one
};

class OmniQ : public InitialisedModule {
 public:
  /// Initialised by the seed. Throws c10::Error for unknown names.
  explicit OmniQ(const OmniqOptions& options);

  /// video floating [B, T, 3, H, W] and normalised, or uint8 [B, T, H, W, 3] in RGB → logits [B,
  /// classes].
  torch::Tensor forward(const torch::Tensor& video, const Execution& execution = {});
  /// The same video → frame features [B, T, D_b]. A frozen encoder keeps nothing for a backward
  /// pass. Kernels have no gradient in video; those that train throw c10::Error where one is
  /// required, those of inference where the encoder trains.
  torch::Tensor encode(const torch::Tensor& video, const Execution& execution = {});
  /// features [B, T, D_b], mask [B, T] bool (true for a frame, false for padding) or none → logits.
  /// In evaluation mode on a GPU, without gradients, the fusion is run by FusionInference.
  torch::Tensor classify(const torch::Tensor& features,
                         const std::optional<torch::Tensor>& mask = {});

  /// Freezes and unfreezes; under `lora` adds adapters to every linear layer of the fusion, and to
  /// the head with `head_adapter`, where it has none yet.
  AdapterReport set_trainable(Trainable what, const LoraOptions& lora, bool head_adapter);
  /// Folds all adapters into their layers, for inference.
  void merge_adapters();
  /// The frozen encoder stays in evaluation mode.
  void train(bool on = true) override;

  ParameterCount count_parameters() const;
  /// All parameters and what they are for, in the order of named_parameters().
  std::vector<Parameter> parameters_by_role() const;
  const OmniqOptions& options() const { return options_; }
  /// To train what set_trainable() says, or without gradients, on the device that the model is on.
  Execution execution(Precision precision, bool training) const;
  ExecutionWords describe(const Execution& execution) const;
  torch::nn::Module& backbone() { return *backbone_; }
  bool backbone_frozen() const { return backbone_frozen_; }

 private:
  friend class TrainingPass;
  torch::Tensor tokens(const torch::Tensor& features);
  OmniqOptions options_;
  const std::shared_ptr<PassKey> pass_ = std::make_shared<PassKey>();
  bool sequence_ = true;
  bool backbone_frozen_ = false;
  Swin backbone_{nullptr};
  std::shared_ptr<SwinInference> encoder_inference_;
  std::shared_ptr<SwinTraining> encoder_training_;
  std::shared_ptr<Linear> video_proj_;  // P_v; null when the widths agree
  torch::Tensor vis_cls_, positions_, types_;
  std::shared_ptr<Fusion> fusion_;
  std::shared_ptr<FusionInference> inference_;  // null for a fusion that is no sequence model
  std::shared_ptr<Linear> head_;
};

/// Evaluation mode while it lives; then what was before.
class EvaluationScope {
 public:
  explicit EvaluationScope(torch::nn::Module& model)
      : model_(model), was_training_(model.is_training()) {
    model.eval();
  }
  ~EvaluationScope() { model_.train(was_training_); }
  EvaluationScope(const EvaluationScope&) = delete;
  EvaluationScope& operator=(const EvaluationScope&) = delete;

 private:
  torch::nn::Module& model_;
  bool was_training_;
};

/// While it lives, says what the model's layers draw in training mode; without one those that drop
/// throw c10::Error. One at a time.
class TrainingPass {
 public:
  TrainingPass(OmniQ& model, PassKey key) : key_(model.pass_) { *key_ = std::move(key); }
  ~TrainingPass() { *key_ = {}; }
  TrainingPass(const TrainingPass&) = delete;
  TrainingPass& operator=(const TrainingPass&) = delete;

 private:
  std::shared_ptr<PassKey> key_;
};

}  // namespace omniq::model
