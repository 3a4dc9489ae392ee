// clips.tsv: which clips a run began with, so that going on with others is noticed.
#pragma once

#include "core/base/result.h"
#include "core/data/dataset.h"
#include "core/run/run_folder.h"

namespace omniq::train {

/// Writes "part, class, bytes, clip" a line for the clips to train, held out and to test; bytes are
/// the file's, -1 where it cannot be had. Names are shown() (base/text.h).
Status write_clip_record(const run::RunFolder& folder, const data::Dataset& dataset);

/// Says how the dataset differs from the record. Nothing where it does not, or where there is no
/// record: runs of version 0.1 have none. `all` hears of every clip, "gone: train Punch/a.avi".
Result<std::string> compare_with_clip_record(const run::RunFolder& folder,
                                             const data::Dataset& dataset,
                                             std::vector<std::string>& all);

}  // namespace omniq::train
