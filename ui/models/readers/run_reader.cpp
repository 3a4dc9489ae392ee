#include "ui/models/readers/run_reader.h"

#include <sys/stat.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "core/base/text.h"
#include "core/run/metrics.h"
#include "ui/base/text.h"

namespace omniq::ui {
namespace fs = std::filesystem;
namespace {

constexpr const char* kNames[] = {"config.yaml", "status.json", "metrics.jsonl", "studio.json",
                                  "eval/summary.json"};
constexpr std::int64_t kTail =
    16 * 1024;  // some eighty rows: enough for the last loss and the pace

}  // namespace

RunReader::RunReader(fs::path folder) : folder_(std::move(folder)) {}

bool RunReader::is_run(const fs::path& folder) {
  for (const int file : {kConfig, kStatus, kMetrics}) {
    if (stamp(folder / kNames[file]).size >= 0) return true;
  }
  return false;
}

RunReader::Stamp RunReader::stamp(const fs::path& file) {
  struct stat s;
  if (::stat(file.c_str(), &s) != 0) return {};
  return {s.st_mtim.tv_sec * 1'000'000'000LL + s.st_mtim.tv_nsec, s.st_size, s.st_ino};
}

bool RunReader::refresh() {
  std::array<Stamp, kFiles> now;
  for (int file = 0; file < kFiles; ++file) now[file] = stamp(folder_ / kNames[file]);
  const auto changed = [&](File file) { return first_ || now[file] != stamps_[file]; };
  if (changed(kConfig)) read_config();
  // A run that is running may have died without a word: its heartbeat is judged again each time.
  if (changed(kStatus) || status_.state == run::RunState::running) read_status();
  if (changed(kMetrics)) read_metrics_end();
  if (changed(kNotes)) {
    auto notes = read_notes(folder_);
    notes_problem_ = notes ? QString() : to_qt(notes.error().text());
    notes_ = notes.value_or(RunNotes{});
  }
  stamps_ = now;
  RunInfo info = compose();
  const bool different = first_ || !(info == info_);
  first_ = false;
  info_ = std::move(info);
  return different;
}

void RunReader::read_config() {
  const auto experiment = run::RunFolder::open(folder_).and_then(
      [](const run::RunFolder& folder) { return folder.experiment(); });
  config_problem_ = experiment ? QString() : to_qt(experiment.error().text());
  if (!experiment) return;
  own_name_ = to_qt(experiment->run.name);
  fusion_ = to_qt(experiment->fusion.name);
  trainable_ = to_qt(experiment->train.trainable);
  own_tags_.clear();
  for (const std::string& tag : experiment->run.tags) own_tags_.append(to_qt(tag));
}

void RunReader::read_status() {
  const auto folder = run::RunFolder::open(folder_);
  if (!folder) return;  // no config.yaml, which read_config has said
  const auto status = folder->status();
  status_problem_ = status ? QString() : to_qt(status.error().text());
  if (status) status_ = *status;
}

void RunReader::read_metrics_end() {
  last_loss_ = std::nan("");
  seconds_per_step_ = 0;
  std::ifstream in(folder_ / kNames[kMetrics], std::ios::binary | std::ios::ate);
  if (!in) return;
  const std::int64_t size = in.tellg(), from = std::max<std::int64_t>(0, size - kTail);
  std::string text(static_cast<std::size_t>(size - from), '\0');
  in.seekg(from);
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  // The first line may be cut at its beginning and the last may still be growing.
  if (from > 0) text.erase(0, text.find('\n') + 1);
  text.resize(text.rfind('\n') + 1);
  double first_time = 0, last_time = 0;
  std::int64_t first_step = -1;
  for (const std::string& line : split(text, '\n')) {
    const auto row = run::parse_line(line);
    if (!row || row->phase != "train") continue;
    if (!row->of_epoch.empty()) epoch_loss_ = run::value_of(row->of_epoch, run::Metric::loss);
    // A whole epoch's, once there is one: that of the few clips of a row jumps.
    last_loss_ = std::isnan(epoch_loss_) ? (*row)[run::Metric::loss] : epoch_loss_;
    peak_vram_ = std::fmax(peak_vram_, (*row)[run::Metric::vram_bytes]);  // NaN: on the CPU
    if (first_step < 0) first_step = row->step, first_time = row->time;
    last_step_ = row->step, last_time = row->time;
  }
  if (first_step >= 0 && last_step_ > first_step)
    seconds_per_step_ = (last_time - first_time) / static_cast<double>(last_step_ - first_step);
}

RunInfo RunReader::compose() const {
  RunInfo info;
  info.path = to_qt(folder_.string());
  info.id = to_qt(folder_.filename().string());
  info.name = !notes_.name.isEmpty() ? notes_.name : info.id;
  info.damaged = !config_problem_.isEmpty() || !status_problem_.isEmpty();
  info.problem = !config_problem_.isEmpty()   ? config_problem_
                 : !status_problem_.isEmpty() ? status_problem_
                 : !status_.reason.empty()    ? to_qt(status_.reason)
                                              : notes_problem_;
  info.state = status_.state;
  info.fusion = fusion_;
  info.trainable = trainable_;
  info.epoch = status_.epoch;
  info.epochs = status_.epochs;
  info.step =
      std::max<qint64>(status_.step, status_.state == run::RunState::running ? last_step_ : 0);
  info.steps = status_.steps;
  info.best_top1 = status_.best_top1;
  info.held_out = status_.selection != "last";
  info.last_loss = last_loss_;
  info.peak_vram = peak_vram_;
  if (info.active() && seconds_per_step_ > 0 && info.steps > info.step)
    info.seconds_left = seconds_per_step_ * static_cast<double>(info.steps - info.step);
  info.started = status_.started;
  info.evaluated =
      stamps_[kSummary].size >= 0 ? static_cast<double>(stamps_[kSummary].time) / 1e9 : 0;
  info.tags = notes_.tags.value_or(own_tags_);
  info.note = notes_.note;
  info.archived = notes_.archived;
  return info;
}

}  // namespace omniq::ui
