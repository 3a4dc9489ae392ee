// Reads a run's row from its folder, and again only what changed since.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>

#include "core/config/experiment.h"
#include "ui/models/readers/run_notes.h"
#include "ui/models/values/run_info.h"

namespace omniq::ui {

class RunReader {
 public:
  explicit RunReader(std::filesystem::path folder);

  /// Reads the files whose time or size changed. True when the row is another one than before.
  bool refresh();
  const RunInfo& info() const { return info_; }

  /// Whether a folder holds a run, whole or damaged.
  static bool is_run(const std::filesystem::path& folder);

 private:
  struct Stamp {
    std::int64_t time = -1, size = -1;
    std::uint64_t inode = 0;
    bool operator==(const Stamp&) const = default;
  };
  enum File { kConfig, kStatus, kMetrics, kNotes, kSummary, kFiles };
  static Stamp stamp(const std::filesystem::path& file);

  void read_config();
  void read_status();
  void read_metrics_end();
  RunInfo compose() const;

  std::filesystem::path folder_;
  std::array<Stamp, kFiles> stamps_;
  bool first_ = true;

  // What the files said, each with its own problem, so that one damaged file hides nothing else.
  QString config_problem_, status_problem_, notes_problem_;
  QString own_name_, fusion_, trainable_;
  QStringList own_tags_;
  run::RunStatus status_;
  RunNotes notes_;
  double last_loss_ = std::nan(""), epoch_loss_ = std::nan(""), peak_vram_ = 0,
         seconds_per_step_ = 0;
  std::int64_t last_step_ = 0;

  RunInfo info_;
};

}  // namespace omniq::ui
