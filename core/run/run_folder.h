// The folder of one run: the only source of truth about it, for the process that trains it and for
// everybody who watches.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/config/experiment.h"

namespace omniq::run {

enum class RunState { queued, running, paused, finished, failed, interrupted };
const char* state_name(RunState state);

/// status.json.
struct RunStatus {
  RunState state = RunState::queued;
  std::int64_t pid = 0;
  std::string host;
  double heartbeat = 0;  // seconds since 1970
  double started = 0;    // seconds since 1970, of the first start
  std::string reason;    // of a failure, or why it stopped
  std::int64_t epoch = 0, epochs = 0, step = 0, steps = 0;  // done and planned
  double best_top1 = -1;                                    // percent; −1: none yet
  std::int64_t best_epoch = 0;
  std::string selection;        // "val" or "last": what best_top1 is
  std::int64_t unreadable = 0;  // training clips that could not be decoded, since the last start
};

double now_seconds();
std::string host_name();

class RunFolder {
 public:
  /// Makes a folder for a new run: `experiment.run.dir`, or one named after time, fusion and what
  /// trains in `train.save_dir`. Writes config.yaml, fully resolved, closed by a checksum. A folder
  /// that holds anything already is an error, and stays as it is whoever else starts in it.
  static Result<RunFolder> create(config::Experiment& experiment);
  /// Opens an existing run; the error says what is missing (usage), or why the system does not let
  /// one look (io).
  static Result<RunFolder> open(const std::filesystem::path& folder);

  const std::filesystem::path& path() const { return path_; }
  std::string id() const { return path_.filename().string(); }
  std::filesystem::path file(const std::string& name) const { return path_ / name; }
  std::filesystem::path last_checkpoint() const {
    return path_ / "checkpoints" / "last.safetensors";
  }
  std::filesystem::path best_checkpoint() const {
    return path_ / "checkpoints" / "best.safetensors";
  }

  /// The table over all runs that this one belongs to: results/summary.csv beside the folder of
  /// runs, which has the name of the recorded `train.save_dir` but may have been moved; beside the
  /// run itself where it lies elsewhere.
  std::filesystem::path results_table(const config::Experiment& experiment) const;

  /// The experiment of config.yaml, with overrides. A file that is not what was written into it, or
  /// without a checksum lacks a setting, is an error (io).
  Result<config::Experiment> experiment(std::span<const std::string> overrides = {}) const;

  /// status.json; `running` whose process died, or whose heartbeat is further than a minute from
  /// this machine's clock, reads as `interrupted`.
  Result<RunStatus> status() const;
  Status write_status(const RunStatus& status) const;

  /// Claims the run for this process until the returned object dies; an error says who holds it.
  Result<std::shared_ptr<void>> claim() const;

 private:
  explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

struct RunList {
  std::vector<RunFolder> runs;    // newest first
  std::vector<Error> unreadable;  // entries that the system does not let one look into
};
/// Every run in a folder of runs; other folders are left out. The error (io) says why the folder
/// itself cannot be read.
Result<RunList> list_runs(const std::filesystem::path& workspace);

}  // namespace omniq::run
