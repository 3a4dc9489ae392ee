// What every benchmark prints: a table for a reader, or one JSON document for a script.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/eval/timing.h"

namespace omniq::bench {

struct Row {
  std::string name;   // "selective_scan forward"
  std::string shape;  // "B 8 L 33 E 1536 N 128, both directions"
  at::ScalarType dtype = at::kFloat;
  Timing ms;
  std::optional<double> baseline_ms;  // median of what it is compared with, in the same run
  std::optional<double> limit_ms;     // what bytes and operations alone would take
  std::optional<double> error;        // ‖x − ref‖₂ / ‖ref‖₂ against float64
  // The allocator's peak on a GPU, of this and of what it is compared with.
  std::optional<std::int64_t> peak_bytes, baseline_peak_bytes;
};

/// Prints rows to stdout; `baseline` says what baseline_ms is.
void print(const std::vector<Row>& rows, c10::Device device, const std::string& baseline,
           bool json);

/// What to time and how.
struct Options {
  c10::Device device;
  std::int64_t runs;  // timed samples of each row
  std::string only;   // rows whose "name, shape" holds this; all if empty

  bool wants(const Row& row) const {
    return (row.name + ", " + row.shape).find(only) != std::string::npos;
  }
};

// Of the encoder and the whole classifier: frames of a clip, their height and width, and classes.
inline constexpr std::int64_t kFrames = 32, kSize = 224, kClasses = 101;

// One function a benchmark.

/// The selective scan and the convolution, forward and backward, against torch operators.
std::vector<Row> bench_scan(const Options& options);

/// The product of `mamba2` (E 1536), forward and backward, against torch operators on all pairs of
/// tokens.
std::vector<Row> bench_ssd(const Options& options);

/// The fusion stack (768 wide, two blocks) of every variant, forward and backward, against the
/// transformer of the same shape, both as a CUDA graph where there is a GPU.
std::vector<Row> bench_fusion(const Options& options);

/// The per-frame encoder, as evaluation and prediction run it, against its training path; 224 ×
/// 224.
std::vector<Row> bench_swin(const Options& options);

/// The whole classifier of every variant, from decoded clips of 32 frames to logits, and what a new
/// frame of a video costs, against the encoder by torch operators in front of the same fusion; and,
/// on a GPU, steps of training.
std::vector<Row> bench_model(const Options& options);

/// Its part that trains: a step of the whole classifier, forward, backward and update, everything
/// or adapters and head alone. On a GPU only; elsewhere it says so on stderr and has no rows.
std::vector<Row> bench_training(const Options& options);

}  // namespace omniq::bench
