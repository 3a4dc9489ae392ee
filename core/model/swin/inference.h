// The Swin encoder on a GPU without gradients, in half precision: for features, evaluation and
// prediction.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/model/fusion/derived.h"
#include "core/model/graph_cache.h"
#include "core/model/swin/swin.h"

namespace omniq::model {

/// Computes what a Swin computes in evaluation mode, from a copy of its weights in bfloat16 or
/// float16. Tokens stay in their natural order and in that dtype; norms, softmax and sums of
/// products are in float32. GELU is approximated to 1e-3, which the errors below include.
///
/// The copy is made again when a parameter changes, which their versions tell. Few frames, of a
/// shape that comes again, are run as a CUDA graph. Features agree with the float32 encoder's to
/// ‖x − ref‖₂ / ‖ref‖₂ ≤ 1e-2 in bfloat16 and ≤ 2e-3 in float16 from 112 pixels on; where the last
/// maps are a few tokens there is less to average over (1.1e-2 for swin_base at 30 × 61). Not for
/// more than one thread at a time.
class SwinInference {
 public:
  /// Of this encoder, whose parameters it goes on to look at. Without `graphs` every operator is
  /// launched by itself: for callers that capture or measure.
  explicit SwinInference(SwinImpl& encoder, bool graphs = true);
  ~SwinInference();

  /// frames on a GPU, floating [n, 3, H, W] and normalised or uint8 [n, H, W, 3] in RGB; H, W ≥
  /// patch → features [n, output_width] in float32. `dtype`: bfloat16 or float16. Throws
  /// c10::OutOfMemoryError, which names the frames, where the device has too little memory; it can
  /// be called again with fewer.
  at::Tensor features(const at::Tensor& frames, at::ScalarType dtype);

  /// Tokens of the first stage beyond which launches no longer matter and the memory that a graph
  /// keeps does.
  static constexpr std::int64_t kMostGraphTokens = 64 * 3136;

  /// Graphs that are there, for tests.
  std::size_t graphs() const { return graphs_.graphs(); }

 private:
  struct Weights;

  void refresh(c10::Device device, at::ScalarType dtype);
  at::Tensor embed(const at::Tensor& frames) const;
  at::Tensor run(const at::Tensor& frames) const;

  SwinOptions options_;
  bool uses_graphs_;
  std::vector<std::string> names_;      // of parameters, as torchvision has them
  std::vector<at::Tensor> parameters_;  // in the same order
  std::vector<CopySource> source_;      // of weights_
  std::unique_ptr<Weights> weights_;
  GraphCache graphs_;
};

}  // namespace omniq::model
