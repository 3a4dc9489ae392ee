#include "core/train/trainer.h"

#include <torch/types.h>

#include <optional>

#include "core/assembly/checkpoint.h"
#include "core/assembly/clip_record.h"
#include "core/assembly/dataset.h"
#include "core/assembly/fit.h"
#include "core/assembly/model.h"
#include "core/assembly/preparation.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/data/loader.h"
#include "core/model/device.h"
#include "core/run/control.h"
#include "core/run/heartbeat.h"
#include "core/train/environment.h"
#include "core/train/loop.h"
#include "core/train/setup.h"

namespace omniq::train {
namespace {

class Trainer {
 public:
  Trainer(const config::Experiment& experiment, const run::RunFolder& folder, Observer& observer,
          std::stop_token stop, std::stop_token stop_now, const Allowed& allowed)
      : e_(experiment),
        folder_(folder),
        observer_(observer),
        allowed_(allowed),
        on_stop_(std::move(stop), [this] { end(run::Request::pause); }),
        on_stop_now_(std::move(stop_now), [this] { end(run::Request::stop_now); }) {}

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
    Result<TrainOutcome> outcome;
    try {
      outcome = start_and_train(heartbeat);
    } catch (const std::exception& thrown) {
      const auto error = assembly::memory_error(e_, thrown);
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
                                    outcome->steps, " is discarded.");
    }
    OMNIQ_TRY(heartbeat.finish(outcome->state, reason));
    return outcome;
  }

 private:
  Result<TrainOutcome> start_and_train(run::Heartbeat& heartbeat) {
    OMNIQ_ASSIGN(const c10::Device device, model::resolve_device(e_.device));
    const model::ThreadScope threads(e_.threads);
    const model::Precision precision = model::choose_precision(device, e_.train.amp);
    OMNIQ_ASSIGN(dataset_, assembly::open_dataset(e_));
    OMNIQ_TRY(check_dataset());
    OMNIQ_TRY(check_clips());
    OMNIQ_ASSIGN(const assembly::BuiltModel built,
                 assembly::build_model(e_, static_cast<std::int64_t>(dataset_.classes.size())));
    model::OmniQ& model = *built.model;
    model.to(device);
    AdamW optimizer(parameter_groups(model, e_), {e_.optim.beta1, e_.optim.beta2});
    const auto objective = make_objective(model, e_, precision);
    data::Loader loader(dataset_.train, assembly::loader_options(e_, true));
    std::optional<data::Loader> watched;
    if (!watched_list().clips.empty()) {
      auto options = assembly::loader_options(e_, false);
      options.clip.temporal_views = options.clip.spatial_views = 1;
      watched.emplace(watched_list(), options);
    }
    Loop loop({e_,
               folder_,
               observer_,
               heartbeat,
               model,
               *objective,
               optimizer,
               {device, precision, e_.optim.clip_norm},
               dataset_.classes,
               loader,
               watched ? &*watched : nullptr,
               e_.data.val > 0,
               allowed_.changed_clips},
              stopping_.get_token(), discarding_.get_token());
    OMNIQ_TRY(loop.restore());
    OMNIQ_TRY(assembly::write_clip_record(folder_, dataset_));
    OMNIQ_TRY(write_environment(folder_, e_, device, precision, built, dataset_));
    return loop.run();
  }

  /// What is watched after every epoch.
  const data::Split& watched_list() const { return e_.data.val > 0 ? dataset_.val : dataset_.test; }

  Status check_dataset() {
    for (const auto* split : {&dataset_.train, &dataset_.val, &dataset_.test}) {
      for (const data::Problem& problem : split->problems)
        log::warning(cat(problem.id, ": ", problem.what));
    }
    if (dataset_.train.clips.empty()) return assembly::no_training_clips(e_);
    if (watched_list().clips.empty()) {
      log::warning(e_.data.val > 0
                       ? "No clip could be held out (each class needs two groups of clips); "
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
    if (assembly::has_begun(folder_)) {
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
  StopCallback on_stop_, on_stop_now_;
  data::Dataset dataset_;
};

}  // namespace

Result<TrainOutcome> train(const config::Experiment& experiment, const run::RunFolder& folder,
                           Observer& observer, std::stop_token stop, std::stop_token stop_now,
                           const Allowed& allowed) {
  return Trainer(experiment, folder, observer, std::move(stop), std::move(stop_now), allowed).run();
}

}  // namespace omniq::train
