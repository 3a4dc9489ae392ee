// Evaluation of a finished run on its test list: accuracy, parameters, memory, latency, and the
// files that keep them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "core/base/result.h"
#include "core/model/omniq.h"
#include "core/model/precision.h"
#include "core/run/evaluation.h"
#include "core/run/run_folder.h"

namespace omniq::eval {

struct RunEvaluation {
  run::Evaluation record;
  std::optional<Error> not_recorded;  // why the run's files, or some of them, do not say this
};

struct EvaluationProgress {
  std::string phase;  // "clips" or "latency"
  std::int64_t done = 0, total = 0;
};

/// Latency of the model on random clips that are already on its device: batch 8 (SPEC: ≥ 20 warm-up
/// and ≥ 100 timed runs). Adapters should be merged. Calls `progress(runs done, runs in all)`;
/// nothing when a stop was requested.
std::optional<run::Latency> measure_latency(
    model::OmniQ& model, std::int64_t frames, std::int64_t size, c10::Device device,
    model::Precision precision,
    const std::function<void(std::int64_t, std::int64_t)>& progress = {},
    std::stop_token stop = {});

/// Evaluates the checkpoint that the run's record says to report (best where epochs were chosen on
/// held-out clips, else last), writes eval/{summary.json, predictions.csv, confusion.csv} and the
/// run's row of results/summary.csv. Another list or dataset that `overrides` name replaces none of
/// this: its split is named after the list's file and what it says (or data.split, where that is
/// given), its files go to a folder of their own in eval/ (run::evaluation_folder), and its row is
/// one of its own. Writes nothing after a stop (an error of code `stopped`) and where the model's
/// logits are not finite (`numeric`). What cannot be written is no error of the evaluation: a
/// warning says so at once, and `not_recorded` in the end.
Result<RunEvaluation> evaluate_run(
    const run::RunFolder& folder, std::span<const std::string> overrides,
    const std::function<void(const EvaluationProgress&)>& progress = {}, std::stop_token stop = {});

}  // namespace omniq::eval
