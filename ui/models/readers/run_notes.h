// What a user says about a run: studio.json in its folder. The engine does not know it.
#pragma once

#include <QString>
#include <QStringList>
#include <filesystem>
#include <optional>

#include "core/base/result.h"

namespace omniq::ui {

struct RunNotes {
  QString name;                     // shown instead of the run's own; empty: the run's own
  std::optional<QStringList> tags;  // instead of the configuration's
  QString note;
  bool archived = false;

  bool operator==(const RunNotes&) const = default;
};

/// A run without the file has no notes; a damaged file is an error that says so.
Result<RunNotes> read_notes(const std::filesystem::path& run);
/// Keys that this version does not know are kept.
Status write_notes(const std::filesystem::path& run, const RunNotes& notes);

}  // namespace omniq::ui
