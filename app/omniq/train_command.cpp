// omniq train, omniq resume
#include <cmath>
#include <iostream>
#include <tuple>

#include "app/omniq/command.h"
#include "app/omniq/progress_bar.h"
#include "app/omniq/signals.h"
#include "core/assembly/preparation.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/config/load.h"
#include "core/train/trainer.h"

namespace omniq::app {
namespace {

class ConsoleObserver : public train::Observer {
 public:
  explicit ConsoleObserver(bool progress_as_json) : bar_("training", progress_as_json) {}
  void on_progress(const train::Progress& p) override {
    const std::string where = cat("epoch ", p.epoch, "/", p.epochs, " ", p.phase);
    const std::string loss =
        p.phase == "train" ? "  loss " + fixed(p.loss, 3) : cat("  ", p.done, "/", p.total);
    bar_.show(p.step, p.steps, where + loss, p.seconds_left);
  }

  void on_metrics(const run::MetricsRow& row) override {
    if (row.phase == "train") {
      last_train_ = row;
      return;
    }
    // A run may go on at its validation: then nothing was trained.
    const run::Numbers& trained = last_train_.of_epoch;
    log::info(cat("epoch ", row.epoch, trained.empty() ? "" : "  train" + words(trained) + "  |",
                  "  ", row.phase == "val" ? "held-out" : "test", words(row.values),
                  trained.empty() ? ""
                                  : cat("  ", fixed(last_train_[run::Metric::clips_per_second], 0),
                                        " clips/s")));
    last_train_ = {};
  }

 private:
  /// " loss 0.123  top-1 87.5 %  top-5 100.0 %": of what is there.
  static std::string words(const run::Numbers& values) {
    std::string text;
    for (const auto& [metric, name, unit] : {std::tuple(run::Metric::loss, "loss", ""),
                                             {run::Metric::top1, "top-1", " %"},
                                             {run::Metric::top5, "top-5", " %"}}) {
      const double value = run::value_of(values, metric);
      if (!std::isnan(value))
        text += cat(text.empty() ? " " : "  ", name, " ", fixed(value, *unit ? 1 : 3), unit);
    }
    return text;
  }

  ProgressBar bar_;
  run::MetricsRow last_train_;
};

Result<int> train_in(const run::RunFolder& folder, const config::Experiment& experiment,
                     const Stoppable& stop, const CommandLine& line,
                     const train::Allowed& allowed = {}) {
  log::info(cat("Run ", folder.path().string()));
  Result<train::TrainOutcome> outcome = [&] {
    ConsoleObserver observer(line.progress);
    return train::train(experiment, folder, observer, stop.token(), stop.now_token(), allowed);
  }();
  if (!outcome) return tl::unexpected(outcome.error());
  const bool paused = outcome->state == run::RunState::paused;
  if (line.json) {
    nlohmann::ordered_json best = nullptr;
    if (!outcome->best.empty()) {
      best = {{"epoch", outcome->best_epoch}};
      best.update(nlohmann::ordered_json(outcome->best));
    }
    print_json({{"run", folder.path().string()},
                {"state", run::state_name(outcome->state)},
                {"epochs", outcome->epochs},
                {"best", best},
                {"seconds", outcome->seconds},
                {"selection", outcome->selection},
                {"unreadable", outcome->unreadable},
                {"saved", outcome->saved}});
  } else if (paused) {
    std::cout << (outcome->saved ? "Paused after "
                                 : "Stopped without saving; the last checkpoint has ")
              << outcome->epochs << " epochs; continue with: omniq resume "
              << shown(folder.path().string()) << "\n";
  } else {
    std::cout << "Finished " << outcome->epochs << " epochs in " << human_seconds(outcome->seconds)
              << ".";
    if (const double top1 = run::value_of(outcome->best, run::Metric::top1); !std::isnan(top1)) {
      std::cout << (outcome->selection == "val" ? " Best held-out Top-1 "
                                                : " Top-1 after the last epoch ")
                << fixed(top1, 1) << " %"
                << (outcome->selection == "val" ? cat(" (epoch ", outcome->best_epoch, ")") : "")
                << ".";
    }
    if (outcome->unreadable > 0) {
      std::cout << "\n"
                << outcome->unreadable
                << " training clips could not be decoded and were left out; log.txt names them.";
    }
    std::cout << "\nRun folder: " << shown(folder.path().string()) << "\n";
  }
  return paused ? kPaused : kDone;
}

}  // namespace

void add_train(CommandLine& line) {
  auto config = std::make_shared<std::string>();
  auto force = std::make_shared<bool>(false);
  auto overrides = std::make_shared<std::vector<std::string>>();
  Command command =
      add_command(line, "train", "Start a run from a configuration", [=, &line]() -> Result<int> {
        OMNIQ_ASSIGN(config::Experiment experiment, config::load(*config, *overrides));
        OMNIQ_TRY(assembly::prepare(experiment, *force));
        const Stoppable stop(/*saves=*/true);
        OMNIQ_ASSIGN(const run::RunFolder folder, run::RunFolder::create(experiment));
        return train_in(folder, experiment, stop, line);
      });
  add_progress(line, command);
  command.required("CONFIG", *config, "YAML file; configs/ has some to start from")
      .option("key=value", *overrides,
              "Settings that replace those of the file; omniq config lists all")
      .flag("--force", *force, "Start even if the estimate says that memory will not suffice");
}

void add_resume(CommandLine& line) {
  auto path = std::make_shared<std::string>();
  auto allowed = std::make_shared<train::Allowed>();
  Command command = add_command(
      line, "resume", "Continue a run that was paused or interrupted", [=, &line]() -> Result<int> {
        OMNIQ_ASSIGN(const run::RunFolder folder, run::RunFolder::open(*path));
        OMNIQ_ASSIGN(const config::Experiment experiment, folder.experiment());
        const Stoppable stop(/*saves=*/true);
        return train_in(folder, experiment, stop, line, *allowed);
      });
  add_progress(line, command);
  command.required("RUN", *path, "Run folder")
      .flag("--changed-clips", allowed->changed_clips,
            "Go on although the clips are not those that the run began with");
}

}  // namespace omniq::app
