// omniq probe
#include <iostream>

#include "app/omniq/command.h"
#include "app/omniq/progress_bar.h"
#include "core/base/text.h"
#include "core/config/load.h"
#include "core/train/probe.h"

namespace omniq::app {
namespace {

void print(const run::Probe& p) {
  const double seconds = p.step.median / 1000;
  const auto bytes = [](std::int64_t n) { return human_bytes(static_cast<std::uint64_t>(n)); };
  std::cout << "device      " << p.device << ", " << p.precision << "\n"
            << "parameters  " << p.parameters.total << ", " << p.parameters.trainable << " train\n"
            << "a step      " << fixed(seconds, 3) << " s (median of " << p.step.runs << ", "
            << fixed(p.step.p10 / 1000, 3) << " to " << fixed(p.step.p90 / 1000, 3) << ")\n"
            << "memory      ";
  if (p.gpu) {
    std::cout << bytes(p.gpu->allocated) << " allocated, " << bytes(p.gpu->reserved)
              << " reserved on the GPU, at most\n";
  } else {
    std::cout << bytes(*p.resident_growth) << " that the process grew by, at most\n";
  }
  std::cout << "in all      " << p.steps << " steps, "
            << human_seconds(seconds * static_cast<double>(p.steps))
            << " without waiting for clips and validation\n";
}

}  // namespace

void add_probe(CommandLine& line) {
  auto config = std::make_shared<std::string>();
  auto overrides = std::make_shared<std::vector<std::string>>();
  Command command = add_command(
      line, "probe", "Measure a training step: its time and its memory",
      [=, &line]() -> Result<int> {
        OMNIQ_ASSIGN(const config::Experiment experiment, config::load(*config, *overrides));
        const auto measured = [&] {
          ProgressBar steps("measuring", line.progress);
          return train::probe(experiment, {}, [&](std::int64_t done, std::int64_t total) {
            const std::int64_t passes = experiment.train.accum_steps;
            steps.show(done / passes, total / passes);
          });
        }();
        OMNIQ_ASSIGN(const run::Probe probe, measured);
        if (line.json) {
          std::cout << run::to_text(probe) << std::flush;
        } else {
          print(probe);
        }
        return kDone;
      });
  add_progress(line, command);
  command.required("CONFIG", *config, "YAML file; configs/ has some to start from")
      .option("key=value", *overrides,
              "Settings that replace those of the file; omniq config lists all")
      .footer(
          "Builds the configuration's model on its device and runs a few real optimiser steps on\n"
          "generated clips of its shape. Nothing is written.");
}

}  // namespace omniq::app
