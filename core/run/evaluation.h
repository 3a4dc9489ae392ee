// What an evaluation leaves in a run's eval/: summary.json, predictions.csv and confusion.csv,
// written and read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/base/measured.h"
#include "core/base/result.h"
#include "core/config/experiment.h"
#include "core/run/run_folder.h"

namespace omniq::run {

/// How clips were shown to the model: figures of different protocols are not comparable.
struct Protocol {
  std::int64_t frames = 0, stride = 0, size = 0;
  std::string sampling;
  std::int64_t temporal_views = 1, spatial_views = 1;
};
Protocol protocol_of(const config::Experiment& experiment);

struct Latency {
  std::int64_t batch = 8;  // clips
  Timing timing;           // of a batch
  double per_clip() const { return timing.median / static_cast<double>(batch); }
};

/// summary.json, but for what follows from the predictions.
struct Summary {
  std::string run;  // id
  std::string dataset, split;
  std::string testlist;         // the file; empty: drawn from the class folders
  bool own_list = true;         // the list that the run was configured with, of the same dataset
  std::int64_t trained_on = 0;  // clips of it that the run was trained on
  std::int64_t clips = 0, unreadable = 0;
  double top1 = 0, top5 = 0;           // percent of all clips; an unreadable one is wrong
  double loss = 0;                     // mean cross-entropy over the readable clips
  ParameterCount parameters;           // adapters not merged
  std::optional<Protocol> protocol;    // nothing: the run's own, of before it was recorded
  std::int64_t batch = 0;              // clips of a forward pass of the evaluation
  std::optional<DeviceMemory> memory;  // the peak of the evaluation; nothing on the CPU
  std::optional<Latency> latency;
  std::string latency_note;  // why there is none
  std::string device, precision;
  std::string checkpoint;  // file
};

/// A line of predictions.csv.
struct ClipPrediction {
  struct Entry {
    std::string label;
    double probability = 0;
  };
  std::string clip, label;  // no label: ""
  bool correct = false;
  std::string problem;     // why the clip could not be read
  std::vector<Entry> top;  // best first, at most five; none for an unreadable clip
};

struct Evaluation {
  Summary summary;
  std::vector<std::string> classes;
  std::vector<ClipPrediction> predictions;  // in the order of the list
  /// [label][prediction] over the readable, labelled clips; classes in their order.
  std::vector<std::vector<std::int64_t>> confusion;
};

std::vector<std::vector<std::int64_t>> confusion_of(const std::vector<std::string>& classes,
                                                    const std::vector<ClipPrediction>& predictions);

/// summary.json, which `omniq eval --json` prints too. A class without clips has null for its top1.
std::string summary_text(const Evaluation& evaluation);

/// Where the files of an evaluation are: the run's eval/ for its own list, a folder of it for
/// another.
std::filesystem::path evaluation_folder(const RunFolder& folder, const Summary& summary);

/// Whether write_evaluation and the table of results (run/results.h) could be written now; the
/// error says the system's reason.
Status check_recordable(const RunFolder& folder, const config::Experiment& experiment);

/// Makes `folder` and writes the three files.
Status write_evaluation(const std::filesystem::path& folder, const Evaluation& evaluation);

/// summary.json in `folder`; the error (io) says what is wrong with the file.
Result<Summary> read_summary(const std::filesystem::path& folder);
/// All three. It may take a while: a line a clip.
Result<Evaluation> read_evaluation(const std::filesystem::path& folder);

}  // namespace omniq::run
