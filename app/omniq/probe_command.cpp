// omniq probe
#include <iostream>

#include "app/omniq/command.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "core/config/load.h"
#include "core/train/probe.h"

namespace omniq::app {
namespace {

nlohmann::ordered_json to_json(const train::Probe& p) {
  nlohmann::ordered_json gpu = nullptr, grown = nullptr;
  if (p.gpu)
    gpu = {{"allocated", p.gpu->allocated},
           {"reserved", p.gpu->reserved},
           {"process", p.gpu->process}};
  if (p.resident_growth) grown = *p.resident_growth;
  return {{"device", p.device},
          {"precision", p.precision},
          {"params", p.parameters.total},
          {"trainable_params", p.parameters.trainable},
          {"step_ms",
           {{"median", p.step.median},
            {"p10", p.step.p10},
            {"p90", p.step.p90},
            {"runs", p.step.runs}}},
          {"peak_vram_bytes", gpu},
          {"resident_growth_bytes", grown},
          {"classes", p.classes},
          {"clips", p.clips},
          {"steps_per_epoch", p.steps_per_epoch},
          {"steps", p.steps}};
}

void print(const train::Probe& p) {
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
        std::int64_t steps_done = -1;
        const auto tell = [&](std::int64_t done, std::int64_t total) {
          const std::int64_t step = done / experiment.train.accum_steps;
          if (std::exchange(steps_done, step) == step) return;
          log::info(cat("step ", step, " of ", total / experiment.train.accum_steps));
        };
        OMNIQ_ASSIGN(const train::Probe probe, train::probe(experiment, {}, tell));
        if (line.json) {
          print_json(to_json(probe));
        } else {
          print(probe);
        }
        return kDone;
      });
  command.required("CONFIG", *config, "YAML file; configs/ has some to start from")
      .option("key=value", *overrides,
              "Settings that replace those of the file; omniq config lists all")
      .footer(
          "Builds the configuration's model on its device and runs a few real optimiser steps on\n"
          "generated clips of its shape. Nothing is written.");
}

}  // namespace omniq::app
