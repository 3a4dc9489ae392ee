// A fusion on a GPU without gradients: for evaluation and prediction, where a batch of clips is so
// little work that launching operators one by one would take longer than they do.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/model/fusion/derived.h"
#include "core/model/fusion/fusion.h"
#include "core/model/graph_cache.h"

namespace omniq::model {

/// Runs a copy of a fusion: its linear layers have their adapters merged and are in the dtype of
/// autocast, in which everything between them is computed too (states, norms and sums over channels
/// in float32). A shape that comes again is captured as a CUDA graph and replayed.
///
/// The copy is made again when the fusion's parameters change, which their versions tell. Results
/// are those of the fusion itself to the precision of that dtype: ‖x − ref‖₂ / ‖ref‖₂ ≤ 1e-5 in
/// float32, ≤ 1e-2 in bfloat16. Not for more than one thread at a time.
class FusionInference {
 public:
  /// Of this fusion, of that kind and with those options, whose parameters and linear layers it
  /// goes on to look at.
  FusionInference(const Fusion& fusion, const FusionKind& kind, const FusionOptions& options);
  ~FusionInference();

  /// fusion.read_out(fusion.forward(tokens, mask), mask) for tokens [B, L, D] on a GPU: [B, D].
  at::Tensor read_out(const at::Tensor& tokens, const std::optional<at::Tensor>& mask);

  /// Clips times tokens beyond which launches no longer matter and the memory that a graph keeps
  /// does.
  static constexpr std::int64_t kMostGraphTokens = 16384;

  /// Graphs that are there, for tests.
  std::size_t graphs() const { return graphs_.graphs(); }

 private:
  void refresh(c10::Device device, at::ScalarType dtype);
  at::Tensor run(const at::Tensor& tokens, const std::optional<at::Tensor>& mask);

  const FusionKind* kind_;
  FusionOptions options_;
  std::vector<at::Tensor> parameters_;  // without adapters, which come and go in the linear layers
  std::vector<std::shared_ptr<Linear>> linears_;
  std::shared_ptr<Fusion> copy_;
  std::vector<CopySource> source_;  // the parameters that it was made from
  GraphCache graphs_;
};

}  // namespace omniq::model
