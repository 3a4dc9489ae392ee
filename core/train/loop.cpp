#include "core/train/loop.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>

#include "core/assembly/estimate.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/train/schedule.h"

namespace omniq::train {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

bool finite(const run::Numbers& sums) {
  return std::all_of(sums.begin(), sums.end(), [](auto& sum) { return std::isfinite(sum.second); });
}

}  // namespace

Loop::Loop(const LoopParts& parts, std::stop_token stop, std::stop_token discard)
    : parts_(parts),
      e_(parts.experiment),
      stop_(std::move(stop)),
      discard_(std::move(discard)),
      step_(parts.objective, parts.optimizer, parts.step),
      checkpoints_(e_, parts.folder, parts.model, parts.optimizer, step_) {}

Status Loop::restore() {
  const std::int64_t batches = parts_.train.batches(), accum = e_.train.accum_steps;
  OMNIQ_ASSIGN(
      state_, checkpoints_.restore(parts_.classes,
                                   parts_.changed_clips ? std::optional<std::int64_t>() : batches));
  state_.batch = std::min(state_.batch, batches);
  OMNIQ_ASSIGN(recorder_, Recorder::open(parts_.folder, parts_.observer, parts_.objective,
                                         parts_.step.device, state_.step));
  total_steps_ =
      state_.step - (state_.batch + accum - 1) / accum +
      assembly::steps_per_epoch(e_, parts_.train.clips()) * (e_.train.epochs - state_.epoch);
  seconds_before_ = state_.seconds;
  steps_at_start_ = state_.step;
  return {};
}

Result<TrainOutcome> Loop::run() {
  started_ = Clock::now();
  parts_.model.train();
  update_status(/*now=*/true);
  while (state_.epoch < e_.train.epochs) {
    OMNIQ_ASSIGN(const bool finished, train_epoch());
    if (!finished) return pause();
    OMNIQ_TRY(check_readable());
    OMNIQ_ASSIGN(const bool watched, watch());
    if (!watched) return pause();
    ++state_.epoch;
    state_.batch = 0;
    state_.of_epoch = {};
    OMNIQ_TRY(save());
    update_status(/*now=*/true);
  }
  OMNIQ_TRY(checkpoints_.save_adapter());
  return outcome(run::RunState::finished);
}

/// False when a stop was requested; the state then is that of the last whole step.
Result<bool> Loop::train_epoch() {
  parts_.train.start(state_.epoch, state_.batch);
  recorder_->start_window();
  while (state_.batch < parts_.train.batches()) {
    std::vector<ClipBatch> batches;
    const std::optional<std::int64_t> last = gather(batches);
    if (!last) return false;
    const auto stepped =
        step_.accumulate(batches, state_.step, [&] { return !stop_.stop_requested(); });
    if (!stepped) return false;
    const run::Numbers& sums = *stepped;
    const double factor = learning_rate_factor(state_.step, total_steps_, e_.optim.warmup);
    const double loss = run::value_of(parts_.objective.metrics(sums), run::Metric::loss);
    if (!finite(sums) && parts_.step.precision != model::Precision::float16)
      return diverged("loss", loss, factor);
    const StepResult result = step_.update(factor);
    if (!result.skipped && !std::isfinite(result.grad_norm))
      return diverged("gradient", result.grad_norm, factor);
    if (result.skipped && step_.loss_scale() < 1.0 / 65536) return diverged("loss", loss, factor);
    ++state_.step;
    state_.batch = *last;
    decoded_ += static_cast<std::int64_t>(run::number(sums, kClips));
    // A loss beyond float16, whose step is skipped, would make that of all clips infinite.
    if (finite(sums)) {
      run::add(state_.window, sums);
      run::add(state_.of_epoch, sums);
    }
    OMNIQ_TRY(after_step(loss, factor));
    if (stop_.stop_requested()) return false;
  }
  return true;
}

/// The clips of the next step, and the batch of the epoch after them; nothing when a stop was
/// requested.
std::optional<std::int64_t> Loop::gather(std::vector<ClipBatch>& batches) {
  const std::int64_t last = std::min(state_.batch + e_.train.accum_steps, parts_.train.batches());
  for (std::int64_t i = state_.batch; i < last; ++i) {
    const auto asked = Clock::now();
    auto batch = parts_.train.next(stop_);
    recorder_->add_wait(seconds_since(asked));
    if (!batch) return std::nullopt;
    for (const data::Problem& one : batch->unreadable) unreadable_[one.id] = one.what;
    if (!batch->video.defined()) continue;
    batches.push_back({batch->video.squeeze(1), batch->labels, torch::tensor(batch->indices)});
  }
  return last;
}

Status Loop::after_step(double loss, double factor) {
  const bool epoch_ends = state_.batch == parts_.train.batches();
  if (state_.step % e_.train.log_every == 0 || epoch_ends)
    OMNIQ_TRY(recorder_->train_row(state_, e_.optim.lr_head * factor, epoch_ends));
  Progress now = progress("train", state_.batch, parts_.train.batches());
  if (std::isfinite(loss)) now.loss = loss;
  now.seconds_left = seconds_since(started_) / static_cast<double>(state_.step - steps_at_start_) *
                     static_cast<double>(total_steps_ - state_.step);
  parts_.observer.on_progress(now);
  if (!epoch_ends && checkpoints_.due()) OMNIQ_TRY(save());
  update_status(/*now=*/false);
  return {};
}

/// Clips that cannot be decoded are left out, which is said once an epoch that finds more of them.
Status Loop::check_readable() {
  if (unreadable_.size() == unreadable_told_) return {};
  unreadable_told_ = unreadable_.size();
  const auto& [id, why] = *unreadable_.begin();
  if (decoded_ == 0) {
    return fail(ErrorCode::data,
                cat("None of the ", unreadable_.size(),
                    " training clips could be decoded. Of the first, ", id, ": ", why),
                "omniq data DIR --check says of every clip what is wrong.");
  }
  log::warning(cat(unreadable_.size(), " of the ", parts_.train.clips(),
                   " training clips could not be decoded and are left out, the first is ", id,
                   "."));
  return {};
}

/// False when a stop was requested.
Result<bool> Loop::watch() {
  if (!parts_.watched) return true;
  auto sums = measure_watched();
  if (!sums) {
    Error error = sums.error();
    error.message = cat("Validation after step ", state_.step, " of epoch ", state_.epoch + 1, " (",
                        checkpoints_.last_good(), "): ", error.message);
    return tl::unexpected(std::move(error));
  }
  if (!*sums) return false;
  const run::Numbers metrics = parts_.objective.metrics(**sums);
  OMNIQ_TRY(recorder_->watched_row(state_, watched_phase(), metrics));
  // On the test list nothing is chosen: the last epoch is the one that is reported.
  if (parts_.held_out && !parts_.objective.better(metrics, state_.best)) return true;
  state_.best = metrics;
  state_.best_epoch = state_.epoch + 1;
  if (parts_.held_out) OMNIQ_TRY(checkpoints_.save_best(state_));
  return true;
}

/// Sums over the watched clips; nothing when a stop was requested.
Result<std::optional<run::Numbers>> Loop::measure_watched() {
  const torch::InferenceMode inference;
  const model::EvaluationScope evaluation_mode(parts_.model);
  run::Numbers sums;
  std::int64_t done = 0;
  std::optional<data::Problem> first;
  parts_.watched->start(0, 0);
  while (const auto batch = parts_.watched->next(stop_)) {
    if (!first && !batch->unreadable.empty()) first = batch->unreadable.front();
    sums[kWrong] += static_cast<double>(batch->unreadable.size());
    if (batch->video.defined()) {
      const c10::Device device = parts_.step.device;
      OMNIQ_ASSIGN(
          const run::Numbers measured,
          parts_.objective.measure({batch->video.squeeze(1).to(device), batch->labels.to(device),
                                    torch::tensor(batch->indices).to(device)}));
      run::add(sums, measured);
    }
    done += static_cast<std::int64_t>(batch->indices.size() + batch->unreadable.size());
    parts_.observer.on_progress(progress(watched_phase(), done, parts_.watched->clips()));
  }
  if (stop_.stop_requested()) return std::nullopt;
  if (first && run::number(sums, kClips) == 0) {
    return fail(ErrorCode::data,
                cat("None of the ", done, " clips could be decoded. Of the first, ", first->id,
                    ": ", first->what),
                "omniq data DIR --check says of every clip what is wrong.");
  }
  return sums;
}

Status Loop::save() {
  state_.seconds = seconds();
  OMNIQ_TRY(checkpoints_.save(state_));
  parts_.observer.on_checkpoint(parts_.folder.last_checkpoint(), state_.step);
  return {};
}

/// Saves; or leaves the folder as a killed process would: going on from the last checkpoint drops
/// the rows of metrics after it.
Result<TrainOutcome> Loop::pause() {
  const bool saves = !discard_.stop_requested();
  if (saves) {
    OMNIQ_TRY(save());
    OMNIQ_TRY(checkpoints_.save_adapter());
  } else {
    const bool begun = std::filesystem::exists(parts_.folder.last_checkpoint());
    state_ = {};
    if (begun) {
      OMNIQ_ASSIGN(state_, assembly::read_checkpoint_state(parts_.folder.last_checkpoint()));
    }
  }
  update_status(/*now=*/false);
  TrainOutcome paused = outcome(run::RunState::paused);
  paused.saved = saves;
  if (!saves) paused.seconds = state_.seconds;
  return paused;
}

tl::unexpected<Error> Loop::diverged(const char* what, double value, double factor) const {
  return fail(ErrorCode::numeric,
              cat("The ", what, " became ", value, " at step ", state_.step + 1, " of epoch ",
                  state_.epoch + 1, " with learning rate ", e_.optim.lr_head * factor, "; ",
                  checkpoints_.last_good(), "."),
              "Lower optim.lr_head and optim.lr_backbone, lengthen optim.warmup, or set "
              "train.amp=false.");
}

TrainOutcome Loop::outcome(run::RunState state) const {
  return {state,         state_.epoch, state_.step, state_.best_epoch,
          state_.best,   selection(),  seconds(),   static_cast<std::int64_t>(unreadable_.size()),
          /*saved=*/true};
}

Progress Loop::progress(const char* phase, std::int64_t done, std::int64_t total) const {
  return {state_.step, total_steps_, state_.epoch + 1, e_.train.epochs, phase, done, total};
}

double Loop::seconds() const { return seconds_before_ + seconds_since(started_); }

void Loop::update_status(bool now) {
  parts_.heartbeat.update(
      [&](run::RunStatus& s) {
        s.epoch = state_.epoch;
        s.epochs = e_.train.epochs;
        s.step = state_.step;
        s.steps = total_steps_;
        s.best_top1 = run::number(state_.best, run::info(run::Metric::top1).name, -1);
        s.best_epoch = state_.best_epoch;
        s.selection = selection();
        s.unreadable = static_cast<std::int64_t>(unreadable_.size());
      },
      now);
}

}  // namespace omniq::train
