// A checkpoint: one safetensors file with the weights under their plain names, the optimiser's
// moments beside them as "optimizer.…", and the trainer's state in the file's metadata. Being one
// file, it is replaced as a whole; it carries checksums of all of it. Files of earlier versions
// have none, and are taken as they are.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/model/omniq.h"
#include "core/run/numbers.h"
#include "core/run/run_folder.h"

namespace omniq::assembly {

/// An optimiser's state, as AdamW::state() gives it: "optimizer.…" each.
using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

struct TrainerState {
  std::int64_t step = 0;   // optimiser steps done
  std::int64_t epoch = 0;  // epochs done
  std::int64_t batch = 0;  // batches of the epoch under way that are done
  run::Numbers window;     // the objective's sums since the last row of metrics
  run::Numbers of_epoch;   // and over the epoch under way, so far
  run::Numbers best;       // metrics of the best epoch; empty: none yet
  std::int64_t best_epoch = 0;
  double seconds = 0;  // of training so far
  double loss_scale = 1;
  std::int64_t scale_steps = 0;
  std::vector<std::string> classes;
};

/// With `optimizer` null the file is for inference only. With it, the file that was there before
/// stays beside the new one as previous.safetensors.
Status save_checkpoint(const std::filesystem::path& path, const model::OmniQ& model,
                       const NamedTensors* optimizer, const TrainerState& state);

/// What a run can have done.
struct RunExtent {
  std::int64_t epochs = 0;
  std::int64_t batches = 0;  // of an epoch
};

/// Fills model and, where given, `optimizer` with its state. Every parameter of the model must be
/// in the file with its shape, and nothing else but an optimiser's state; the trainer's state must
/// be possible, and within `extent` where that is given. The error of a damaged file names the
/// newest whole checkpoint beside it that would do instead, and how to go on from it.
Result<TrainerState> load_checkpoint(const std::filesystem::path& path, model::OmniQ& model,
                                     NamedTensors* optimizer,
                                     const std::optional<RunExtent>& extent = {});

/// Only the state, without the tensors.
Result<TrainerState> read_checkpoint_state(const std::filesystem::path& path);

/// Whether a run has saved, so that it goes on and never begins anew: one of its checkpoints is
/// there.
bool has_begun(const run::RunFolder& folder);

/// The checkpoint of a run that is reported: `best` where there is one, else `last`. Error
/// (checkpoint) where there is none, and where an epoch was chosen on held-out clips but its
/// checkpoint is gone.
Result<std::filesystem::path> reported_checkpoint(const run::RunFolder& folder);

/// The scale (α) of the adapters in a checkpoint of a run: from the file, or for one of an earlier
/// version from the run's config.yaml.
Result<double> adapter_alpha(const std::filesystem::path& checkpoint);

}  // namespace omniq::assembly
