// A checkpoint: one safetensors file with the weights under their plain names, the optimiser's
// moments beside them as "optimizer.…", and the trainer's state in the file's metadata. Being one
// file, it is replaced as a whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/model/omniq.h"
#include "core/train/adamw.h"
#include "core/train/step.h"

namespace omniq::train {

struct TrainerState {
  std::int64_t step = 0;   // optimiser steps done
  std::int64_t epoch = 0;  // epochs done
  std::int64_t batch = 0;  // batches of the epoch under way that are done
  ClipSums window;         // since the last row of metrics
  ClipSums of_epoch;       // of the epoch under way, so far
  double best_top1 = -1;   // percent
  double best_loss = std::numeric_limits<double>::infinity();  // decides between equal best_top1
  std::int64_t best_epoch = 0;
  double seconds = 0;  // of training so far
  double loss_scale = 1;
  std::int64_t scale_steps = 0;
  std::vector<std::string> classes;
};

/// With `optimizer` null the file is for inference only.
Status save_checkpoint(const std::filesystem::path& path, const model::OmniQ& model,
                       const AdamW* optimizer, const TrainerState& state);

/// Fills model and, where given, optimizer. Every parameter of the model must be in the file with
/// its shape.
Result<TrainerState> load_checkpoint(const std::filesystem::path& path, model::OmniQ& model,
                                     AdamW* optimizer);

/// Only the state, without the tensors.
Result<TrainerState> read_checkpoint_state(const std::filesystem::path& path);

}  // namespace omniq::train
