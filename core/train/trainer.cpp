#include "core/train/trainer.h"

#include <torch/types.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <map>

#include "core/assembly/checkpoint.h"
#include "core/assembly/clip_record.h"
#include "core/assembly/dataset.h"
#include "core/assembly/model.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/eval/evaluator.h"
#include "core/model/device.h"
#include "core/model/precision.h"
#include "core/model/weights/adapter.h"
#include "core/run/control.h"
#include "core/run/heartbeat.h"
#include "core/run/tensorboard.h"
#include "core/train/environment.h"
#include "core/train/estimate.h"
#include "core/train/fit.h"
#include "core/train/schedule.h"
#include "core/train/setup.h"

namespace omniq::train {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double percent(std::int64_t part, std::int64_t whole) {
  return whole > 0 ? 100.0 * static_cast<double>(part) / static_cast<double>(whole) : 0.0;
}

class Trainer {
 public:
  Trainer(const config::Experiment& experiment, const run::RunFolder& folder, Observer& observer,
          std::stop_token stop, std::stop_token stop_now, const Allowed& allowed)
      : e_(experiment),
        folder_(folder),
        observer_(observer),
        allowed_(allowed),
        on_stop_(std::move(stop), [this] { end(run::Request::pause); }),
        on_stop_now_(std::move(stop_now), [this] { end(run::Request::stop_now); }),
        metrics_(folder.file("metrics.jsonl")) {}

  Result<TrainOutcome> run() {
    OMNIQ_ASSIGN(const auto claim, folder_.claim());
    const log::FileSink log_file(folder_.file("log.txt").string());
    const run::RequestListener listener(folder_, [this](run::Request request) { end(request); });
    run::RunStatus status;
    if (auto before = folder_.status()) {
      status = *before;
    } else {
      log::warning(before.error().text());
      status.started = run::now_seconds();
    }
    run::Heartbeat heartbeat(folder_, status);
    heartbeat_ = &heartbeat;
    Result<TrainOutcome> outcome;
    try {
      outcome = start_and_train();
    } catch (const std::exception& thrown) {
      const auto error = memory_error(e_, thrown);
      if (!error) {
        const std::string what =
            cat("Something failed inside the engine: ", split(thrown.what(), '\n').front());
        log::record(log::Level::error, what);
        (void)heartbeat.finish(run::RunState::failed, what);
        throw;
      }
      outcome = tl::unexpected(*error);
    }
    if (!outcome) {
      log::record(log::Level::error, outcome.error().text());
      OMNIQ_TRY(heartbeat.finish(run::RunState::failed, outcome.error().text()));
      return outcome;
    }
    std::string reason;
    if (outcome->state == run::RunState::paused) {
      reason = outcome->saved ? "Stopped on request; the state was saved."
                              : cat("Stopped on request without saving; what came after step ",
                                    state_.step, " is discarded.");
    }
    OMNIQ_TRY(heartbeat.finish(outcome->state, reason));
    return outcome;
  }

 private:
  Result<TrainOutcome> start_and_train() {
    OMNIQ_ASSIGN(device_, model::resolve_device(e_.device));
    const model::ThreadScope threads(e_.threads);
    precision_ = model::choose_precision(device_, e_.train.amp);
    OMNIQ_ASSIGN(dataset_, assembly::open_dataset(e_));
    OMNIQ_TRY(check_dataset());
    OMNIQ_TRY(check_clips());
    OMNIQ_ASSIGN(const assembly::BuiltModel built,
                 assembly::build_model(e_, static_cast<std::int64_t>(dataset_.classes.size())));
    model_ = built.model;
    model_->to(device_);
    optimizer_.emplace(parameter_groups(*model_, e_), AdamWOptions{e_.optim.beta1, e_.optim.beta2});
    step_.emplace(*model_, *optimizer_, step_options(e_, precision_));
    loader_.emplace(dataset_.train, assembly::loader_options(e_, true));
    OMNIQ_TRY(restore());
    OMNIQ_TRY(assembly::write_clip_record(folder_, dataset_));
    const std::int64_t accum = e_.train.accum_steps;
    total_steps_ = state_.step - (state_.batch + accum - 1) / accum +
                   steps_per_epoch(e_, loader_->clips()) * (e_.train.epochs - state_.epoch);
    OMNIQ_TRY(write_environment(folder_, e_, device_, precision_, built, dataset_));
    OMNIQ_ASSIGN(tensorboard_, [&]() -> Result<std::optional<run::TensorBoardWriter>> {
      OMNIQ_ASSIGN(auto writer, run::TensorBoardWriter::create(folder_.path(), state_.step + 1));
      return std::optional(std::move(writer));
    }());
    return train_epochs();
  }

  Status check_dataset() {
    const bool hold_out = e_.data.val > 0;
    for (const auto* split : {&dataset_.train, &dataset_.val, &dataset_.test}) {
      for (const data::Problem& problem : split->problems)
        log::warning(cat(problem.id, ": ", problem.what));
    }
    if (dataset_.train.clips.empty()) return no_training_clips(e_);
    monitored_ = hold_out ? &dataset_.val : &dataset_.test;
    if (monitored_->clips.empty()) {
      log::warning(hold_out ? "No clip could be held out (each class needs two groups of clips); "
                              "epochs are not validated."
                            : "The test list is empty; epochs are not monitored.");
    }
    name_classes_without_clips(dataset_.val, "held out");
    name_classes_without_clips(dataset_.test, "in the test list");
    log::info(cat(dataset_.classes.size(), " classes; ", dataset_.train.clips.size(),
                  " clips to train, ", dataset_.val.clips.size(), " held out, ",
                  dataset_.test.clips.size(), " to test."));
    return {};
  }

  /// What is measured on such a list says nothing of these classes.
  void name_classes_without_clips(data::Split& split, const char* where) const {
    if (split.clips.empty()) return;
    std::vector<bool> has(dataset_.classes.size(), false);
    for (const data::ClipRef& clip : split.clips) {
      if (clip.label >= 0) has[clip.label] = true;
    }
    std::vector<std::string> names;
    for (std::size_t i = 0; i < has.size(); ++i) {
      if (has[i]) continue;
      names.push_back(dataset_.classes[i]);
      split.problems.push_back(
          {names.back(), cat("no clip of it is ", where), data::ProblemKind::class_without_clips});
    }
    if (!names.empty() && names.size() < has.size())
      log::warning(cat("No clip is ", where, " of: ", join(names, ", "),
                       &split == &dataset_.val ? ". A class gives one where it has two groups of "
                                                 "clips (recordings); the best epoch is chosen "
                                                 "without these."
                                               : "."));
  }

  /// A run goes on with the clips that it began with, or says what is different.
  Status check_clips() {
    if (has_begun()) {
      std::vector<std::string> all;
      OMNIQ_ASSIGN(const std::string difference,
                   assembly::compare_with_clip_record(folder_, dataset_, all));
      const std::string sentence =
          "The clips are not those that the run began with: " + difference + ".";
      for (const std::string& clip : all) log::debug(clip);  // in log.txt
      if (!difference.empty() && !allowed_.changed_clips) {
        return fail(ErrorCode::data, sentence,
                    "Restore them (log.txt names all), or go on with the clips as they are: omniq "
                    "resume --changed-clips.");
      }
      if (!difference.empty()) log::warning(sentence + " The run goes on with these.");
      OMNIQ_TRY(assembly::keep_recorded_parts(folder_, dataset_));
    }
    return {};
  }

  /// A run that saved once goes on from there, or says why it cannot; it never begins anew.
  bool has_begun() const {
    const std::filesystem::path last = folder_.last_checkpoint();
    return std::filesystem::exists(last) || std::filesystem::exists(folder_.best_checkpoint()) ||
           std::filesystem::exists(last.parent_path() / "previous.safetensors");
  }

  /// Continues from the last checkpoint, where there is one; rows of metrics after it go.
  Status restore() {
    state_.classes = dataset_.classes;
    state_.loss_scale = step_->loss_scale();
    if (has_begun()) {
      // Clips may be fewer than when the epoch under way began.
      const assembly::RunExtent extent{
          e_.train.epochs,
          allowed_.changed_clips ? std::numeric_limits<std::int64_t>::max() : loader_->batches()};
      assembly::NamedTensors moments;
      OMNIQ_ASSIGN(state_,
                   assembly::load_checkpoint(folder_.last_checkpoint(), *model_, &moments, extent));
      OMNIQ_TRY(optimizer_->load_state(moments));
      if (state_.classes != dataset_.classes) {
        return fail(ErrorCode::data,
                    "The dataset's classes are not those that the run started with.",
                    "Restore the class list, or start a new run.");
      }
      OMNIQ_TRY(assembly::reported_checkpoint(folder_));
      step_->set_loss_scale(state_.loss_scale, state_.scale_steps);
      state_.batch = std::min(state_.batch, loader_->batches());
      log::info(cat("Continuing after step ", state_.step, "."));
    }
    return metrics_.cut_after(state_.step);
  }

  Result<TrainOutcome> train_epochs() {
    started_ = Clock::now();
    last_save_ = started_;
    seconds_before_ = state_.seconds;
    steps_at_start_ = state_.step;
    model_->train();
    update_status(/*now=*/true);
    while (state_.epoch < e_.train.epochs) {
      OMNIQ_ASSIGN(const bool finished, train_epoch());
      if (!finished) return pause();
      OMNIQ_TRY(check_readable());
      OMNIQ_ASSIGN(const bool validated, validate());
      if (!validated) return pause();
      ++state_.epoch;
      state_.batch = 0;
      state_.of_epoch = {};
      OMNIQ_TRY(save());
      update_status(/*now=*/true);
    }
    OMNIQ_TRY(save_adapter());
    return outcome(run::RunState::finished);
  }

  /// False when a stop was requested; the state then is that of the last whole step.
  Result<bool> train_epoch() {
    loader_->start(state_.epoch, state_.batch);
    window_start_ = Clock::now();
    waited_ = 0;
    while (state_.batch < loader_->batches()) {
      ClipSums sums;
      const std::int64_t last = std::min(state_.batch + e_.train.accum_steps, loader_->batches());
      for (std::int64_t i = state_.batch; i < last; ++i) {
        const auto asked = Clock::now();
        const auto batch = loader_->next(stop_);
        waited_ += seconds_since(asked);
        if (!batch) return false;
        for (const data::Problem& one : batch->unreadable) unreadable_[one.id] = one.what;
        if (!batch->video.defined()) continue;
        sums += step_->accumulate(batch->video.squeeze(1).to(device_), batch->labels.to(device_),
                                  torch::tensor(batch->indices).to(device_), state_.step);
      }
      const double factor = learning_rate_factor(state_.step, total_steps_, e_.optim.warmup);
      if (!std::isfinite(sums.loss) && precision_ != model::Precision::float16)
        return diverged("loss", sums.loss, factor);
      const StepResult result = step_->update(factor);
      if (!result.skipped && !std::isfinite(result.grad_norm))
        return diverged("gradient", result.grad_norm, factor);
      if (result.skipped && step_->loss_scale() < 1.0 / 65536)
        return diverged("loss", sums.loss, factor);
      ++state_.step;
      state_.batch = last;
      decoded_ += sums.clips;
      // A loss beyond float16, whose step is skipped, would make that of all clips infinite.
      if (std::isfinite(sums.loss)) {
        state_.window += sums;
        state_.of_epoch += sums;
      }
      OMNIQ_TRY(after_step(sums, factor));
      if (stop_.stop_requested()) return false;
    }
    return true;
  }

  /// Clips that cannot be decoded are left out, which is said once an epoch that finds more of
  /// them.
  Status check_readable() {
    if (unreadable_.size() == unreadable_told_) return {};
    unreadable_told_ = unreadable_.size();
    const auto& [id, why] = *unreadable_.begin();
    if (decoded_ == 0) {
      return fail(ErrorCode::data,
                  cat("None of the ", unreadable_.size(),
                      " training clips could be decoded. Of the first, ", id, ": ", why),
                  "omniq data DIR --check says of every clip what is wrong.");
    }
    log::warning(cat(unreadable_.size(), " of the ", loader_->clips(),
                     " training clips could not be decoded and are left out, the first is ", id,
                     "."));
    return {};
  }

  Status after_step(const ClipSums& sums, double factor) {
    const bool epoch_ends = state_.batch == loader_->batches();
    if (state_.step % e_.train.log_every == 0 || epoch_ends)
      OMNIQ_TRY(log_train_row(factor, epoch_ends));
    const double spent = seconds_since(started_);
    Progress progress;
    progress.step = state_.step;
    progress.steps = total_steps_;
    progress.epoch = state_.epoch + 1;
    progress.epochs = e_.train.epochs;
    progress.phase = "train";
    progress.done = state_.batch;
    progress.total = loader_->batches();
    progress.loss = sums.clips > 0 ? sums.loss / static_cast<double>(sums.clips) : 0;
    progress.seconds_left = spent / static_cast<double>(state_.step - steps_at_start_) *
                            static_cast<double>(total_steps_ - state_.step);
    observer_.on_progress(progress);
    const bool due = seconds_since(last_save_) >= e_.train.checkpoint_minutes * 60;
    if (!epoch_ends && due) OMNIQ_TRY(save());
    update_status(/*now=*/false);
    return {};
  }

  Status log_train_row(double factor, bool epoch_ends) {
    // At an epoch's end its own row follows even where the last clips could not be decoded.
    const ClipSums& w = state_.window.clips > 0 || !epoch_ends ? state_.window : state_.of_epoch;
    if (w.clips == 0) return {};
    const double spent = seconds_since(window_start_);
    run::MetricsRow row;
    row.phase = "train";
    row.loss = w.loss / static_cast<double>(w.clips);
    row.top1 = percent(w.top1, w.clips);
    row.top5 = percent(w.top5, w.clips);
    row.lr = e_.optim.lr_head * factor;
    row.clips_per_second = static_cast<double>(state_.window.clips) / std::max(spent, 1e-9);
    row.data_wait = std::min(1.0, waited_ / std::max(spent, 1e-9));
    if (const auto memory = model::device_memory(device_)) row.vram_bytes = memory->allocated;
    if (epoch_ends) {
      const ClipSums& epoch = state_.of_epoch;
      row.epoch_loss = epoch.loss / static_cast<double>(epoch.clips);
      row.epoch_top1 = percent(epoch.top1, epoch.clips);
      row.epoch_top5 = percent(epoch.top5, epoch.clips);
    }
    state_.window = {};
    window_start_ = Clock::now();
    waited_ = 0;
    return log_row(row);
  }

  Status log_row(run::MetricsRow row) {
    row.step = state_.step;
    row.epoch = state_.epoch + 1;
    row.time = run::now_seconds();
    OMNIQ_TRY(metrics_.append(row));
    const auto scalar = [&](const char* name, double value) -> Status {
      return tensorboard_->scalar(cat(name, "/", row.phase), value, row.step, row.time);
    };
    OMNIQ_TRY(scalar("loss", row.loss));
    OMNIQ_TRY(scalar("top1", row.top1));
    OMNIQ_TRY(scalar("top5", row.top5));
    if (row.lr) OMNIQ_TRY(scalar("lr", *row.lr));
    if (row.epoch_loss) OMNIQ_TRY(scalar("epoch_loss", *row.epoch_loss));
    if (row.epoch_top1) OMNIQ_TRY(scalar("epoch_top1", *row.epoch_top1));
    if (row.epoch_top5) OMNIQ_TRY(scalar("epoch_top5", *row.epoch_top5));
    if (row.clips_per_second) OMNIQ_TRY(scalar("clips_per_second", *row.clips_per_second));
    if (row.data_wait) OMNIQ_TRY(scalar("data_wait", *row.data_wait));
    if (row.vram_bytes) OMNIQ_TRY(scalar("vram_bytes", static_cast<double>(*row.vram_bytes)));
    observer_.on_metrics(row);
    return {};
  }

  /// False when a stop was requested.
  Result<bool> validate() {
    if (monitored_->clips.empty()) return true;
    if (!validation_loader_) {
      auto options = assembly::loader_options(e_, false);
      options.clip.temporal_views = options.clip.spatial_views = 1;
      validation_loader_.emplace(*monitored_, options);
    }
    Progress progress{state_.step,
                      total_steps_,
                      state_.epoch + 1,
                      e_.train.epochs,
                      monitored_phase(),
                      0,
                      validation_loader_->clips()};
    const auto result = eval::evaluate(
        *model_, *validation_loader_, *monitored_, device_, precision_,
        [&](std::int64_t done) {
          progress.done = done;
          observer_.on_progress(progress);
        },
        stop_);
    if (!result) {
      Error error = result.error();
      if (error.code == ErrorCode::stopped) return false;
      error.message = cat("Validation after step ", state_.step, " of epoch ", state_.epoch + 1,
                          " (", what_is_saved(), "): ", error.message);
      return tl::unexpected(std::move(error));
    }
    run::MetricsRow row;
    row.phase = monitored_phase();
    row.loss = result->loss;
    row.top1 = result->top1;
    row.top5 = result->top5;
    const bool selects = e_.data.val > 0;
    // Few held-out clips often tie: the lower loss wins, not the earlier epoch.
    const bool best = !selects || std::pair(result->top1, -result->loss) >
                                      std::pair(state_.best_top1, -state_.best_loss);
    if (best) {
      state_.best_top1 = result->top1;
      state_.best_loss = result->loss;
      state_.best_epoch = state_.epoch + 1;
    }
    OMNIQ_TRY(log_row(row));
    if (selects && best) {
      assembly::TrainerState at_best = state_;
      ++at_best.epoch;
      OMNIQ_TRY(assembly::save_checkpoint(folder_.best_checkpoint(), *model_, nullptr, at_best));
    }
    return true;
  }

  Status save() {
    state_.seconds = seconds_before_ + seconds_since(started_);
    state_.loss_scale = step_->loss_scale();
    state_.scale_steps = step_->steps_since_scale_change();
    const assembly::NamedTensors moments = optimizer_->state();
    OMNIQ_TRY(assembly::save_checkpoint(folder_.last_checkpoint(), *model_, &moments, state_));
    last_save_ = Clock::now();
    observer_.on_checkpoint(folder_.last_checkpoint(), state_.step);
    return {};
  }

  /// Leaves the model as the reported checkpoint has it, of which the adapters are written.
  Status save_adapter() {
    if (e_.train.trainable != "lora") return {};
    OMNIQ_ASSIGN(const auto checkpoint, assembly::reported_checkpoint(folder_));
    OMNIQ_ASSIGN(const assembly::TrainerState saved,
                 assembly::load_checkpoint(checkpoint, *model_, nullptr));
    return model::save_adapter(
        folder_.path() / "adapter", *model_,
        cat("LoRA adapters of the run ", folder_.id(), ", of its checkpoint ",
            checkpoint.filename().string(), " (step ", saved.step, ", epochs done: ", saved.epoch,
            "), for PEFT. The base model's weights are in that checkpoint.\n"));
  }

  Result<TrainOutcome> pause() {
    if (discarding_.stop_requested()) return discard();
    optimizer_->zero_grad();
    OMNIQ_TRY(save());
    OMNIQ_TRY(save_adapter());
    update_status(/*now=*/false);
    return outcome(run::RunState::paused);
  }

  /// Leaves the folder as a killed process would: going on from the last checkpoint drops the rows
  /// of metrics after it.
  Result<TrainOutcome> discard() {
    state_ = {};
    if (std::filesystem::exists(folder_.last_checkpoint())) {
      OMNIQ_ASSIGN(state_, assembly::read_checkpoint_state(folder_.last_checkpoint()));
    }
    update_status(/*now=*/false);
    TrainOutcome discarded = outcome(run::RunState::paused);
    discarded.saved = false;
    discarded.seconds = state_.seconds;
    return discarded;
  }

  std::string what_is_saved() const {
    const auto state = assembly::read_checkpoint_state(folder_.last_checkpoint());
    if (!state) return "there is no checkpoint yet";
    return cat("the last good checkpoint is of step ", state->step, ", ",
               folder_.last_checkpoint().string());
  }

  tl::unexpected<Error> diverged(const char* what, double value, double factor) {
    return fail(ErrorCode::numeric,
                cat("The ", what, " became ", value, " at step ", state_.step + 1, " of epoch ",
                    state_.epoch + 1, " with learning rate ", e_.optim.lr_head * factor, "; ",
                    what_is_saved(), "."),
                "Lower optim.lr_head and optim.lr_backbone, lengthen optim.warmup, or set "
                "train.amp=false.");
  }

  TrainOutcome outcome(run::RunState state) {
    return {state,
            state_.epoch,
            state_.best_epoch,
            state_.best_top1,
            selection(),
            seconds_before_ + seconds_since(started_),
            static_cast<std::int64_t>(unreadable_.size()),
            /*saved=*/true};
  }
  std::string monitored_phase() const { return e_.data.val > 0 ? "val" : "test"; }
  std::string selection() const { return e_.data.val > 0 ? "val" : "last"; }

  void update_status(bool now) {
    heartbeat_->update(
        [&](run::RunStatus& s) {
          s.epoch = state_.epoch;
          s.epochs = e_.train.epochs;
          s.step = state_.step;
          s.steps = total_steps_;
          s.best_top1 = state_.best_top1;
          s.best_epoch = state_.best_epoch;
          s.selection = selection();
          s.unreadable = static_cast<std::int64_t>(unreadable_.size());
        },
        now);
  }

  void end(run::Request request) {
    // First, so that nothing that the other ends begins to save.
    if (request == run::Request::stop_now) discarding_.request_stop();
    stopping_.request_stop();
  }

  const config::Experiment& e_;
  const run::RunFolder& folder_;
  Observer& observer_;
  const Allowed allowed_;
  // Either request, of the caller or by the folder, ends the work at the next step.
  using StopCallback = std::stop_callback<std::function<void()>>;
  std::stop_source stopping_, discarding_;
  std::stop_token stop_ = stopping_.get_token();
  StopCallback on_stop_, on_stop_now_;
  run::MetricsLog metrics_;
  run::Heartbeat* heartbeat_ = nullptr;
  std::optional<run::TensorBoardWriter> tensorboard_;

  c10::Device device_{c10::kCPU};
  model::Precision precision_ = model::Precision::float32;
  data::Dataset dataset_;
  const data::Split* monitored_ = nullptr;
  std::shared_ptr<model::OmniQ> model_;
  std::optional<AdamW> optimizer_;
  std::optional<TrainStep> step_;
  std::optional<data::Loader> loader_, validation_loader_;
  std::int64_t total_steps_ = 0, steps_at_start_ = 0;

  assembly::TrainerState state_;
  std::map<std::string, std::string> unreadable_;  // training clips that were met since the start
  std::size_t unreadable_told_ = 0;
  std::int64_t decoded_ = 0;   // training clips, since the start
  double seconds_before_ = 0;  // of earlier starts
  double waited_ = 0;          // for clips, since the last row
  Clock::time_point started_, last_save_, window_start_;
};

}  // namespace

Result<TrainOutcome> train(const config::Experiment& experiment, const run::RunFolder& folder,
                           Observer& observer, std::stop_token stop, std::stop_token stop_now,
                           const Allowed& allowed) {
  return Trainer(experiment, folder, observer, std::move(stop), std::move(stop_now), allowed).run();
}

}  // namespace omniq::train
