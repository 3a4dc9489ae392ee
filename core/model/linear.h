// A linear layer that can carry a low-rank adapter (LoRA; Hu et al., 2021).
#pragma once

#include <cstdint>
#include <memory>

#include "core/model/draws.h"
#include "core/model/initial.h"

namespace omniq::model {

struct LoraOptions {
  std::int64_t rank = 8;
  double alpha = 16;
  double dropout = 0.05;
};

/// y = x Wᵀ + b, and with an adapter y += (α/r) · dropout(x) Aᵀ Bᵀ, with A [r, in], B [out, r].
class Linear : public InitialisedModule {
 public:
  /// The weight starts as initialise() says for linear layers, the bias at zero.
  Linear(std::int64_t in_features, std::int64_t out_features, bool bias = true);

  /// x [..., in]; an adapter in training mode takes [B, ..., in], or [R, B, L, in] of R directions.
  torch::Tensor forward(const torch::Tensor& x);
  /// The same without adding b, for callers that fuse the bias into what follows.
  torch::Tensor forward_without_bias(const torch::Tensor& x);

  /// Adds an adapter: A from `generator` (uniform, ±1/√in, as PEFT does), B zero, so that nothing
  /// changes yet. The rank is capped at half of the smaller side (at least 1). Returns the rank
  /// used.
  std::int64_t add_adapter(const LoraOptions& options, const at::Generator& generator);
  bool has_adapter() const { return lora_a_.defined(); }
  /// W + (α/r) B A; W itself without an adapter.
  torch::Tensor merged_weight() const;
  /// W becomes the merged weight, and the adapter is gone.
  void merge_adapter();

  torch::Tensor weight;  // [out, in]
  torch::Tensor bias;    // [out]; undefined without one
  const torch::Tensor& lora_a() const { return lora_a_; }
  const torch::Tensor& lora_b() const { return lora_b_; }
  const LoraOptions& adapter_options() const { return adapter_; }

 private:
  torch::Tensor adapted(torch::Tensor y, const torch::Tensor& x);

  torch::Tensor lora_a_, lora_b_;
  LoraOptions adapter_;
  std::shared_ptr<Dropout> dropout_;  // of the adapter
};

}  // namespace omniq::model
