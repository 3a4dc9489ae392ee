// What a training step needs, computed from the configuration alone: for a first answer before
// anything is built. train/probe.h measures.
#pragma once

#include <cstdint>

#include "core/config/experiment.h"

namespace omniq::assembly {

/// Bytes, but for the two counts.
struct MemoryEstimate {
  std::int64_t parameters = 0, trainable = 0;  // elements, adapters included
  double weights = 0;                          // with the copies in lower precision
  double gradients = 0;
  double optimizer = 0;
  double activations = 0;  // with the frames of one forward pass
  double total() const { return weights + gradients + optimizer + activations; }
};

/// The peak over a training step of what tensors hold. `classes` counts where num_classes is 0. On
/// a GPU the allocator hands out as much, without the context's few hundred MiB. On the CPU the
/// process grows by more: it keeps freed blocks for the next step (base/memory.h). The experiment's
/// names must be valid. Counts of parameters are exact; the bytes rest on these assumptions:
///
/// - Weights, gradients and AdamW's two moments are float32 (4 bytes a parameter, 4 and 8 a
///   trainable one: Rajbhandari et al., ZeRO, 2020, section 3.1). In mixed precision there is a
///   copy of all weights in 2 bytes: of the encoder's beside its kernels, of the others in what
///   linear layers keep for the backward pass.
/// - The encoder's activations are those of the path that it is computed on (swin/memory.h).
/// - The fusion keeps what its FusionSize says, in 4 bytes. A frozen encoder's activations are gone
///   by then.
/// - The operators' scratch memory and fragmentation are left out.
MemoryEstimate estimate_memory(const config::Experiment& experiment, std::int64_t classes,
                               bool gpu);

/// The activations of a forward pass of the encoder alone over so many clips, without gradients.
double evaluation_activations(const config::Experiment& experiment, std::int64_t clips, bool gpu);

/// Optimiser steps of an epoch over so many clips.
std::int64_t steps_per_epoch(const config::Experiment& experiment, std::int64_t clips);

}  // namespace omniq::assembly
