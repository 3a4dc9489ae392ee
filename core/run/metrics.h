// metrics.jsonl: a row a logged step or epoch, the curve of a run.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace omniq::run {

struct MetricsRow {
  std::int64_t step = 0;   // optimiser steps done
  std::int64_t epoch = 0;  // 1-based: the epoch that the row belongs to
  std::string phase;  // "train"; "val": held-out clips; "test": the test list, which is watched
  double loss = 0;
  double top1 = 0, top5 = 0;  // percent
  std::optional<double> lr;   // train: fusion's and head's learning rate
  // train, last row of an epoch: over all clips of the epoch; loss, top1 and top5 are over those
  // since the row before
  std::optional<double> epoch_loss, epoch_top1, epoch_top5;
  double time = 0;                         // seconds since 1970; measured, as are the following
  std::optional<double> clips_per_second;  // train
  std::optional<double> data_wait;  // train: share of the time spent waiting for clips, 0 to 1
  std::optional<std::int64_t> vram_bytes;  // peak allocated; nothing on the CPU
};

std::string to_line(const MetricsRow& row);
/// The row of one line; nothing where the line is damaged.
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
