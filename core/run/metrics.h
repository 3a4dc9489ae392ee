// metrics.jsonl: a row a logged step or epoch, the curve of a run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/run/numbers.h"

namespace omniq::run {

/// What rows may say. Objectives give the first ones (train/objectives), the trainer the others.
enum class Metric {
  loss,
  top1,              // percent
  top5,              // percent
  lr,                // train: learning rate of fusion and head
  clips_per_second,  // train
  data_wait,         // train: share of the time spent waiting for clips, 0 to 1
  vram_bytes,        // train: peak allocated; NaN on the CPU
};

struct MetricInfo {
  const char* name;    // key in metrics.jsonl and TensorBoard's tag; everybody else goes by Metric
  bool whole = false;  // a count
};
inline constexpr MetricInfo kMetrics[] = {
    {"loss"},
    {"top1"},
    {"top5"},
    {"lr"},
    {"clips_per_second"},
    {"data_wait"},
    {"vram_bytes", /*whole=*/true},
};
inline constexpr std::size_t kMetricCount = std::size(kMetrics);

/// Before the names of an epoch's values.
inline constexpr const char* kOfEpoch = "epoch_";

constexpr const MetricInfo& info(Metric metric) {
  return kMetrics[static_cast<std::size_t>(metric)];
}

/// Values by the names of metrics; NaN where there is none.
double value_of(const Numbers& values, Metric metric);

struct MetricsRow {
  std::int64_t step = 0;   // optimiser steps done
  std::int64_t epoch = 0;  // 1-based: the epoch that the row belongs to
  double time = 0;         // seconds since 1970
  std::string phase;  // "train"; "val": held-out clips; "test": the test list, which is watched
  Numbers values;     // train: over the clips since the row before
  Numbers of_epoch;   // train, last row of an epoch: the objective's, over all clips of the epoch

  double operator[](Metric metric) const { return value_of(values, metric); }
  void set(Metric metric, double value) { values[info(metric).name] = value; }
};

/// {"step", "epoch", "time", "phase", the values, "epoch_<name>" of the epoch's}.
std::string to_line(const MetricsRow& row);
/// The row of one line; nothing where the line is damaged. Keys that are no metric are left out.
std::optional<MetricsRow> parse_line(const std::string& line);

/// Appends rows; each is on the disk as one whole line or not at all for a reader that skips a torn
/// last line.
class MetricsLog {
 public:
  explicit MetricsLog(std::filesystem::path path) : path_(std::move(path)) {}

  Status append(const MetricsRow& row);
  /// Drops rows after `step`, so that steps never go back when a run continues from its checkpoint,
  /// and lines that are no rows, which a warning names.
  Status cut_after(std::int64_t step);

 private:
  std::filesystem::path path_;
};

struct MetricsFile {
  std::vector<MetricsRow> rows;
  std::vector<std::int64_t> damaged;  // lines that are not a row, counted from 1
};
/// Reads all rows; a missing file has none.
Result<MetricsFile> read_metrics(const std::filesystem::path& path);

}  // namespace omniq::run
