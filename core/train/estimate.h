// What a training step needs, computed from the configuration alone: for a first answer before
// anything is built. probe.h measures.
#pragma once

#include <cstdint>

#include "core/config/experiment.h"

namespace omniq::train {

/// Bytes, but for the two counts.
struct MemoryEstimate {
  std::int64_t parameters = 0, trainable = 0;  // elements, adapters included
  double weights = 0;                          // with the copies in lower precision
  double gradients = 0;
  double optimizer = 0;
  double activations = 0;  // with the frames of one forward pass
  double total() const { return weights + gradients + optimizer + activations; }
};

/// The peak over a training step. `classes` counts where num_classes is 0. On a GPU it is what the
/// allocator hands out, without the context's few hundred MiB; on the CPU what the process grows
/// by. The experiment's names must be valid. Counts of parameters are exact; the bytes rest on
/// these assumptions:
///
/// - Weights, gradients and AdamW's two moments are float32 (4 bytes a parameter, 4 and 8 a
///   trainable one: Rajbhandari et al., ZeRO, 2020, section 3.1). Mixed precision keeps a copy of
///   the trainable weights in 2 bytes during the forward pass (autocast's cache).
/// - Where the encoder trains, what autograd keeps of every block is counted tensor by tensor, as
///   Korthikanti et al. do (Reducing Activation Recomputation in Large Transformer Models, 2022,
///   section 4): of N tokens of C channels both residual inputs, the inputs of its four linear
///   layers (the last of 4C), q, k and v, GELU's input of 4C, and the attention weights of every
///   head. In mixed precision the residual stream is float32 and all else 2 bytes.
/// - Where it is frozen nothing is kept: the peak is the first stage's feed-forward layer, with all
///   of its intermediate results alive at once.
/// - The fusion keeps what its FusionSize says, in 4 bytes.
/// - Dropout's masks, the operators' scratch memory and fragmentation are left out.
MemoryEstimate estimate_memory(const config::Experiment& experiment, std::int64_t classes,
                               bool gpu);

/// Optimiser steps of an epoch over so many clips.
std::int64_t steps_per_epoch(const config::Experiment& experiment, std::int64_t clips);

}  // namespace omniq::train
