#include "core/train/probe.h"

#include <torch/nn/module.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <chrono>

#include "core/assembly/dataset.h"
#include "core/assembly/estimate.h"
#include "core/assembly/fit.h"
#include "core/assembly/model.h"
#include "core/assembly/preparation.h"
#include "core/base/memory.h"
#include "core/base/random.h"
#include "core/base/text.h"
#include "core/eval/timing.h"
#include "core/model/device.h"
#include "core/model/precision.h"
#include "core/train/schedule.h"
#include "core/train/setup.h"
#include "core/train/step.h"

namespace omniq::train {
namespace {

using Clock = std::chrono::steady_clock;
using Tell = std::function<void(std::int64_t, std::int64_t)>;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

Status measure_steps(const config::Experiment& e, const ProbeOptions& options,
                     const assembly::BuiltModel& built, c10::Device device, run::Probe& probe,
                     const Tell& tell, const std::stop_token& stop) {
  const model::Precision precision = model::choose_precision(device, e.train.amp);
  probe.precision = model::precision_name(precision);
  AdamW optimizer(parameter_groups(*built.model, e), {e.optim.beta1, e.optim.beta2});
  const auto objective = make_objective(*built.model, e, precision);
  TrainStep step(*objective, optimizer, {device, precision, e.optim.clip_norm});
  built.model->train();
  // Other clips for every forward pass are not needed: no operator's time depends on the values.
  const auto samples = torch::arange(e.train.batch_size, torch::kLong);
  const auto labels = samples.remainder(probe.classes);
  const auto video = torch::empty({e.train.batch_size, e.frames, e.size, e.size, 3}, torch::kByte);
  Random random(static_cast<std::uint64_t>(e.seed));
  auto* bytes = video.mutable_data_ptr<std::uint8_t>();
  std::generate_n(bytes, video.numel(), [&] { return static_cast<std::uint8_t>(random.bits()); });

  const Clock::time_point begin = Clock::now();
  const std::int64_t passes = (1 + options.steps) * e.train.accum_steps;
  const std::vector<ClipBatch> batches(static_cast<std::size_t>(e.train.accum_steps),
                                       {video, labels, samples});
  std::vector<double> taken;
  for (std::int64_t i = 0; i <= options.steps; ++i) {
    if (taken.size() > 0 && milliseconds_since(begin) > 1e3 * options.seconds) break;
    const Clock::time_point start = Clock::now();
    std::int64_t begun = 0;
    const auto go_on = [&] {
      if (tell && begun > 0) tell(i * e.train.accum_steps + begun, passes);
      ++begun;
      return !stop.stop_requested();
    };
    if (!step.accumulate(batches, i, go_on))
      return fail(ErrorCode::stopped, "The measurement was stopped.");
    if (tell) tell((i + 1) * e.train.accum_steps, passes);
    step.update(learning_rate_factor(i, std::max<std::int64_t>(probe.steps, 1), e.optim.warmup));
    model::synchronize(device);
    if (i > 0) taken.push_back(milliseconds_since(start));  // the first allocates and compiles
  }
  probe.step = eval::summarize(std::move(taken));
  return {};
}

}  // namespace

Result<run::Probe> probe(const config::Experiment& e, const ProbeOptions& options,
                         const Tell& progress, std::stop_token stop) {
  run::Probe probe;
  OMNIQ_ASSIGN(const c10::Device device, model::resolve_device(e.device));
  const model::ThreadScope threads(e.threads);
  probe.device = model::device_name(device);
  OMNIQ_ASSIGN(const data::Dataset dataset, assembly::open_dataset(e));
  probe.classes = static_cast<std::int64_t>(dataset.classes.size());
  probe.clips = static_cast<std::int64_t>(dataset.train.clips.size());
  if (probe.clips == 0) return assembly::no_training_clips(e);
  probe.steps_per_epoch = assembly::steps_per_epoch(e, probe.clips);
  probe.steps = probe.steps_per_epoch * e.train.epochs;

  release_freed_memory();
  reset_peak_resident_memory();
  const std::int64_t before = resident_memory();
  model::reset_peak_memory(device);
  try {
    OMNIQ_ASSIGN(const assembly::BuiltModel built, assembly::build_model(e, probe.classes));
    built.model->to(device);
    probe.parameters = built.model->count_parameters();
    OMNIQ_TRY(measure_steps(e, options, built, device, probe, progress, stop));
    probe.gpu = model::device_memory(device);
    if (!probe.gpu)
      probe.resident_growth = std::max<std::int64_t>(0, peak_resident_memory() - before);
  } catch (const std::exception& thrown) {
    const auto error = assembly::memory_error(e, thrown);
    if (!error) throw;
    return tl::unexpected(*error);
  }
  return probe;
}

}  // namespace omniq::train
