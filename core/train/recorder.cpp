#include "core/train/recorder.h"

#include <algorithm>
#include <cmath>

#include "core/base/text.h"
#include "core/model/device.h"

namespace omniq::train {

using run::Metric;

Result<Recorder> Recorder::open(const run::RunFolder& folder, Observer& observer,
                                const Objective& objective, c10::Device device, std::int64_t step) {
  OMNIQ_ASSIGN(auto tensorboard, run::TensorBoardWriter::create(folder.path(), step + 1));
  Recorder recorder(folder, observer, objective, device, std::move(tensorboard));
  OMNIQ_TRY(recorder.metrics_.cut_after(step));
  return recorder;
}

void Recorder::start_window() {
  window_start_ = std::chrono::steady_clock::now();
  waited_ = 0;
}

Status Recorder::train_row(assembly::TrainerState& state, double lr, bool epoch_ends) {
  const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - window_start_;
  const double spent = std::max(passed.count(), 1e-9);
  const double clips = run::number(state.window, kClips);
  run::MetricsRow row;
  row.phase = "train";
  // At an epoch's end its own row follows even where the last clips could not be decoded.
  row.values = objective_->metrics(clips > 0 || !epoch_ends ? state.window : state.of_epoch);
  if (row.values.empty()) return {};
  row.set(Metric::lr, lr);
  row.set(Metric::clips_per_second, clips / spent);
  row.set(Metric::data_wait, std::min(1.0, waited_ / spent));
  const auto memory = model::device_memory(device_);
  row.set(Metric::vram_bytes, memory ? static_cast<double>(memory->allocated) : std::nan(""));
  if (epoch_ends) row.of_epoch = objective_->metrics(state.of_epoch);
  state.window = {};
  start_window();
  return write(state, std::move(row));
}

Status Recorder::watched_row(const assembly::TrainerState& state, const char* phase,
                             run::Numbers metrics) {
  run::MetricsRow row;
  row.phase = phase;
  row.values = std::move(metrics);
  return write(state, std::move(row));
}

Status Recorder::write(const assembly::TrainerState& state, run::MetricsRow row) {
  row.step = state.step;
  row.epoch = state.epoch + 1;
  row.time = run::now_seconds();
  OMNIQ_TRY(metrics_.append(row));
  for (const auto& [values, prefix] :
       {std::pair(&row.values, ""), {&row.of_epoch, run::kOfEpoch}}) {
    for (const auto& [name, value] : *values) {
      if (std::isnan(value)) continue;
      OMNIQ_TRY(tensorboard_.scalar(cat(prefix, name, "/", row.phase), value, row.step, row.time));
    }
  }
  observer_->on_metrics(row);
  return {};
}

}  // namespace omniq::train
