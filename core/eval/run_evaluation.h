// Evaluation of a finished run on its test list: accuracy, parameters, memory, latency, and the
// files that keep them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string>

#include "core/eval/evaluator.h"
#include "core/eval/timing.h"
#include "core/model/precision.h"
#include "core/run/run_folder.h"

namespace omniq::eval {

struct Latency {
  std::int64_t batch = 8;  // clips
  Timing timing;           // milliseconds a batch
};

/// The peak of the evaluation, in bytes.
struct MemoryPeak {
  std::int64_t allocated = 0, reserved = 0;  // the caching allocator's
  std::int64_t process = 0;                  // the process's, from NVML; 0 where NVML says nothing
};

/// How clips were shown to the model: figures of different protocols are not comparable.
struct Protocol {
  std::int64_t frames = 0, stride = 0, size = 0;
  std::string sampling;
  std::int64_t temporal_views = 1, spatial_views = 1;
};

struct Summary {
  std::string run;  // id
  std::string dataset, split;
  std::string testlist;  // the file; empty: drawn from the class folders
  bool own_list = true;  // the list that the run was configured with, of the same dataset
  Protocol protocol;
  std::string checkpoint;  // file
  std::string device, precision;
  Evaluation evaluation;
  std::int64_t batch = 0;            // clips of a forward pass of it
  model::ParameterCount parameters;  // adapters not merged
  std::optional<MemoryPeak> memory;  // nothing on the CPU
  std::optional<Latency> latency;
  std::string latency_note;           // why there is none
  std::string record;                 // summary.json
  std::optional<Error> not_recorded;  // why the run's files, or some of them, do not say this
};

struct EvaluationProgress {
  std::string phase;  // "clips" or "latency"
  std::int64_t done = 0, total = 0;
};

/// Latency of the model on random clips that are already on its device: batch 8 (SPEC: ≥ 20 warm-up
/// and ≥ 100 timed runs). Adapters should be merged. Calls `progress(runs done, runs in all)`;
/// nothing when a stop was requested.
std::optional<Latency> measure_latency(
    model::OmniQ& model, std::int64_t frames, std::int64_t size, c10::Device device,
    model::Precision precision,
    const std::function<void(std::int64_t, std::int64_t)>& progress = {},
    std::stop_token stop = {});

/// Evaluates the checkpoint that the run's record says to report (best where epochs were chosen on
/// held-out clips, else last), writes eval/{summary.json, predictions.csv, confusion.csv} and the
/// run's row of results/summary.csv. Another list or dataset that `overrides` name replaces none of
/// this: its split is named after the list's file and what it says (or data.split, where that is
/// given), its files go to a folder of their own in eval/ (reports_folder), and its row is one of
/// its own. Writes nothing after a stop (an error of code `stopped`) and where the model's logits
/// are not finite (`numeric`). What cannot be written is no error of the evaluation: a warning says
/// so at once, and the summary in the end.
Result<Summary> evaluate_run(const run::RunFolder& folder, std::span<const std::string> overrides,
                             const std::function<void(const EvaluationProgress&)>& progress = {},
                             std::stop_token stop = {});

}  // namespace omniq::eval
