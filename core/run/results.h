// results/summary.csv: a row an evaluated run and list.
#pragma once

#include <filesystem>
#include <string>

#include "core/base/result.h"
#include "core/config/experiment.h"
#include "core/run/evaluation.h"

namespace omniq::run {

extern const char* const kResultsHeader;
/// In the header's order.
std::string results_row(const Summary& summary, const config::Experiment& experiment);

/// Adds `row` to the table at `path`, in the place of the row of the same ckpt, dataset and split
/// where there is one. Safe when several processes write at once; a table with another header is an
/// error and stays as it is.
Status update_results(const std::filesystem::path& path, const std::string& row);

}  // namespace omniq::run
