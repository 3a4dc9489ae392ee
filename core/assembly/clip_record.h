// clips.tsv: which clips a run began with, so that going on with others is noticed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/data/dataset.h"
#include "core/run/run_folder.h"

namespace omniq::assembly {

/// Writes "part, class, bytes, clip" a line for the clips to train, held out and to test; bytes are
/// the file's, -1 where it cannot be had. Names are shown() (base/text.h).
Status write_clip_record(const run::RunFolder& folder, const data::Dataset& dataset);

/// Says how the dataset differs from the record. Nothing where it does not, or where there is no
/// record: runs of version 0.1 have none. `all` hears of every clip, "gone: train Punch/a.avi".
Result<std::string> compare_with_clip_record(const run::RunFolder& folder,
                                             const data::Dataset& dataset,
                                             std::vector<std::string>& all);

/// Clips go back to the part that the record has them in, wherever lists or a new draw have put
/// them, and a warning says how many: a clip that was trained on says nothing of a model. Without a
/// record nothing happens.
Status keep_recorded_parts(const run::RunFolder& folder, data::Dataset& dataset);

/// How many clips of a split the run was trained on, by name and size; 0 without a record.
Result<std::int64_t> count_trained_on(const run::RunFolder& folder, const data::Split& split);

/// Whether the clips to test are those of the record. Nothing without one.
Result<std::optional<bool>> tests_as_recorded(const run::RunFolder& folder,
                                              const data::Dataset& dataset);

/// A name for the clips to test: the first 8 digits of the SHA-256 of their lines.
std::string name_of_test_clips(const data::Dataset& dataset);

}  // namespace omniq::assembly
