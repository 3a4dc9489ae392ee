// omniq pause, omniq stop
#include <iostream>

#include "app/omniq/command.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/run/control.h"

namespace omniq::app {
namespace {

struct Wishes {
  std::string run;
  bool now = false, no_wait = false;
};

Result<int> end_training(const Wishes& wishes, bool json) {
  OMNIQ_ASSIGN(const run::RunFolder folder, run::RunFolder::open(wishes.run));
  const auto request = wishes.now ? run::Request::stop_now : run::Request::pause;
  OMNIQ_ASSIGN(run::RunStatus status, run::ask(folder, request));
  const bool asked = status.state == run::RunState::running;
  const std::string trainer = cat("process ", status.pid, " on ", status.host);
  if (asked && !wishes.no_wait) {
    log::info(
        cat("Asked ", trainer, "; waiting until the run has ended. Ctrl-C ends the waiting."));
    OMNIQ_ASSIGN(status, run::wait_until_ended(folder, status));
  }
  const std::string path = shown(folder.path().string());
  if (json) {
    print_json({{"run", folder.path().string()},
                {"state", run::state_name(status.state)},
                {"epoch", status.epoch},
                {"epochs", status.epochs},
                {"step", status.step},
                {"reason", status.reason}});
  } else if (status.state == run::RunState::running) {
    std::cout << "Asked " << shown(trainer) << ".\n";
  } else if (status.state == run::RunState::paused) {
    std::cout << (asked ? "Paused after " : "Paused already, after ") << status.epoch << " of "
              << status.epochs << " epochs; continue with: omniq resume " << path << "\n";
  } else {
    std::cout << "The run " << path << " is " << run::state_name(status.state) << ". "
              << shown(status.reason) << "\n";
  }
  const bool well =
      status.state != run::RunState::failed && status.state != run::RunState::interrupted;
  return well ? kDone : kOther;
}

Command add_ending(CommandLine& line, const std::string& name, const std::string& help,
                   const std::shared_ptr<Wishes>& wishes) {
  Command command =
      add_command(line, name, help, [=, &line] { return end_training(*wishes, line.json); });
  command.required("RUN", wishes->run, "Run folder, of a run that is trained anywhere")
      .flag("--no-wait", wishes->no_wait, "Ask, and do not wait until the run has ended");
  return command;
}

}  // namespace

void add_pause(CommandLine& line) {
  add_ending(line, "pause",
             "Save a run that is being trained, wherever that is, and end its training",
             std::make_shared<Wishes>());
}

void add_stop(CommandLine& line) {
  auto wishes = std::make_shared<Wishes>();
  add_ending(line, "stop", "As pause; with --now without saving", wishes)
      .flag("--now", wishes->now, "End at the last checkpoint; what came after it is discarded");
}

}  // namespace omniq::app
