// The files that an evaluation leaves: summary.json, predictions.csv, confusion.csv, and a row of
// the table over all runs.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/config/experiment.h"
#include "core/data/dataset.h"
#include "core/eval/run_evaluation.h"

namespace omniq::eval {

/// summary.json (a class without clips has null for its top1), which `omniq eval --json` prints
/// too.
nlohmann::ordered_json summary_to_json(const Summary& summary,
                                       const std::vector<std::string>& classes,
                                       const data::Split& test);

/// counts[label][prediction] over the readable, labelled clips.
std::vector<std::vector<std::int64_t>> confusion_matrix(const Evaluation& evaluation,
                                                        const data::Split& test,
                                                        std::size_t classes);

/// The row of results/summary.csv, in its header's order.
std::string summary_row(const Summary& summary, const config::Experiment& experiment);
extern const char* const kSummaryHeader;

/// Adds `row` to the table at `path`, in the place of the row of the same ckpt, dataset and split
/// where there is one. Safe when several processes write at once; a table with another header is an
/// error and stays as it is.
Status update_summary_table(const std::filesystem::path& path, const std::string& row);

/// Where predictions.csv, confusion.csv and summary.json of an evaluation are: the run's eval/ for
/// its own list, a folder of it for another.
std::filesystem::path reports_folder(const run::RunFolder& folder, const Summary& summary);

/// Whether write_reports could write now; the error says the system's reason.
Status check_reports(const run::RunFolder& folder, const config::Experiment& experiment);

/// Writes everything that an evaluation leaves, `summary.record` among it: what can be written. The
/// error is that of the first file that could not.
Status write_reports(const run::RunFolder& folder, const config::Experiment& experiment,
                     const data::Dataset& dataset, const Summary& summary);

}  // namespace omniq::eval
