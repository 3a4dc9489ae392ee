#include "core/model/swin/memory.h"

#include <algorithm>
#include <vector>

namespace omniq::model {
namespace {

// Numbers of one frame's values in a stage.
struct Stage {
  double blocks;
  double values;     // of its tokens
  double padded;     // the same with the tokens that fill up windows
  double attention;  // weights of all heads
};

std::vector<Stage> stages_of(const SwinOptions& swin, std::int64_t size) {
  std::vector<Stage> stages;
  std::int64_t side = size / swin.patch;
  for (std::size_t i = 0; i < swin.depths.size(); ++i) {
    const std::int64_t channels = swin.width << i;
    const std::int64_t windows = (side + swin.window - 1) / swin.window;
    const std::int64_t padded = windows * windows * swin.window * swin.window;
    stages.push_back({static_cast<double>(swin.depths[i]),
                      static_cast<double>(side * side * channels),
                      static_cast<double>(padded * channels),
                      static_cast<double>(padded * swin.heads[i] * swin.window * swin.window)});
    side = (side + 1) / 2;
  }
  return stages;
}

double value_bytes(EncoderPath path) { return path == EncoderPath::operators ? 4 : 2; }

// Values that a block keeps for its backward pass.
double kept_by_block(const Stage& s, EncoderPath path) {
  switch (path) {
    case EncoderPath::operators:
      // The inputs of both norms; of qkv and proj, and q, k and v, in windows; attention's weights;
      // the inputs of the MLP's layers and of GELU.
      return 2 * s.values + 5 * s.padded + s.attention + (1 + 4 + 4) * s.values;
    case EncoderPath::training:
      // Both norms' results, q, k and v, attention's result, GELU's input (training.h).
      return (2 + 3 + 1 + 4) * s.values;
    case EncoderPath::recomputed:
      // Both norms' results and attention's (training.h).
      return (2 + 1) * s.values;
    case EncoderPath::inference:
      break;
  }
  return 0;
}

// Values that are alive beside those in the backward pass of its MLP, when GELU's is done: the
// gradients of the stream, of GELU's output and of its input, unless it says otherwise.
double added_by_backward(const Stage& s, EncoderPath path) {
  switch (path) {
    case EncoderPath::operators:
      return (1 + 4 + 4 - 4) * s.values;  // GELU's output has been freed
    case EncoderPath::training:
      // GELU's output is computed again; its gradient is overwritten with that of the input
      // (gelu_linear.cpp).
      return (1 + 4 + 4) * s.values;
    case EncoderPath::recomputed:
      return (1 + 4 + 4 + 4 + 1) * s.values;  // GELU's input and the MLP's result too
    case EncoderPath::inference:
      break;
  }
  return 0;
}

}  // namespace

double encoder_training_bytes(const SwinOptions& swin, std::int64_t size, EncoderPath path) {
  const std::vector<Stage> stages = stages_of(swin, size);
  const double pixels = 3 * static_cast<double>(size * size);
  // The patches, and what their norm keeps: with operators its input, with kernels its result.
  double kept = pixels + stages.front().values, most = 0;
  for (const Stage& stage : stages) {
    kept += stage.blocks * kept_by_block(stage, path);
    most = std::max(most, kept + added_by_backward(stage, path));
    // The merged patches as the layer's input, with operators also as the norm's.
    kept += (path == EncoderPath::operators ? 2 : 1) * stage.values;
  }
  return pixels + value_bytes(path) * most;
}

double encoder_inference_bytes(const SwinOptions& swin, std::int64_t size, EncoderPath path) {
  const double pixels = 3 * static_cast<double>(size * size);
  double most = 0;
  for (const Stage& stage : stages_of(swin, size)) {
    if (path == EncoderPath::operators) {
      // The stream beside attention: its input, q, k and v as they came and by heads, scores and
      // weights, the result by heads and by tokens.
      const double attention =
          stage.values + (1 + 3 + 3 + 1 + 1) * stage.padded + 2 * stage.attention;
      // The stream, attention's result, their sum, the normed; 4C before and after GELU; C.
      const double mlp = (4 + 4 + 4 + 1) * stage.values;
      most = std::max({most, attention, mlp});
    } else {
      // The stream, which results are added to in place, and either q, k, v and attention's result
      // or, where the MLP is not one kernel, the normed and the hidden layer (inference.cpp).
      most = std::max(most, (1 + 1 + 4) * stage.values);
    }
  }
  const double normalised = path == EncoderPath::operators ? pixels : 0;
  return pixels + value_bytes(path) * (normalised + most);
}

}  // namespace omniq::model
