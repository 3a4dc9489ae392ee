#include "core/assembly/fit.h"

#include <algorithm>

#include "core/assembly/estimate.h"
#include "core/base/memory.h"
#include "core/base/text.h"
#include "core/config/settings.h"
#include "core/data/loader.h"
#include "core/model/device.h"

namespace omniq::assembly {
namespace {

/// Bytes for the model's device and for the machine, which are one on the CPU.
struct Need {
  double device = 0, machine = 0;
};

Need need_of(const config::Experiment& e, const data::Dataset& dataset, bool gpu) {
  const auto classes = static_cast<std::int64_t>(dataset.classes.size());
  const data::Split& monitored = e.data.val > 0 ? dataset.val : dataset.test;
  const auto batch_of = [](std::int64_t batch_size, const data::Split& split) {
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(split.clips.size()), 0, batch_size);
  };
  config::Experiment step = e;
  step.train.batch_size = batch_of(e.train.batch_size, dataset.train);
  const std::int64_t evaluated = batch_of(e.eval.batch_size, monitored);
  const MemoryEstimate estimate = estimate_memory(step, classes, gpu);
  Need need;
  need.device = estimate.total() - estimate.activations +
                std::max(estimate.activations, evaluation_activations(e, evaluated, gpu));
  for (const auto& [batch, together] :
       {std::pair{step.train.batch_size, e.train.accum_steps}, {evaluated, std::int64_t{1}}}) {
    if (batch == 0) continue;
    const double clip = 3.0 * static_cast<double>(e.frames) * static_cast<double>(e.size * e.size);
    const auto held =
        static_cast<double>(batch * data::batches_held(batch, e.train.num_workers, together));
    need.machine = std::max(need.machine, held * clip);
  }
  if (!gpu) need.machine += need.device;
  return need;
}

bool fits(const config::Experiment& e, const data::Dataset& dataset, const FreeMemory& free) {
  const Need need = need_of(e, dataset, free.gpu.has_value());
  const auto enough = [](double bytes, std::int64_t left) {
    return left <= 0 || bytes <= static_cast<double>(left);
  };
  return enough(need.machine, free.machine) && (!free.gpu || enough(need.device, *free.gpu));
}

std::int64_t value_of(const config::Experiment& e, const char* key) {
  return std::stoll(config::find_setting(key)->get(e));
}

config::Experiment with(config::Experiment e, const char* key, std::int64_t value) {
  (void)config::find_setting(key)->set(e, std::to_string(value));  // within what it was
  return e;
}

/// The largest value below that of `e` with which it fits; 0 for none.
std::int64_t largest_that_fits(const config::Experiment& e, const char* key,
                               const data::Dataset& dataset, const FreeMemory& free) {
  std::int64_t low = std::string_view(key) == "size" ? 31 : 0;  // smaller pictures say nothing
  std::int64_t high = value_of(e, key);
  const std::int64_t lowest = low;
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (fits(with(e, key, middle), dataset, free) ? low : high) = middle;
  }
  return low > lowest ? low : 0;
}

std::string what_fits(const config::Experiment& e, const data::Dataset& dataset,
                      const FreeMemory& free) {
  for (const char* key : {"train.batch_size", "eval.batch_size", "frames", "size"}) {
    const std::int64_t value = largest_that_fits(e, key, dataset, free);
    if (value == 0) continue;
    std::string text = cat(key, "=", value, " fits");
    if (std::string_view(key) == "train.batch_size") {
      const std::int64_t clips = e.train.batch_size * e.train.accum_steps;
      text += cat(" (with train.accum_steps=", (clips + value - 1) / value,
                  " a step sees as many clips)");
    }
    return text + ".";
  }
  const config::Experiment single = with(with(e, "train.batch_size", 1), "eval.batch_size", 1);
  for (const char* key : {"frames", "size"}) {
    if (const std::int64_t value = largest_that_fits(single, key, dataset, free); value > 0)
      return cat("train.batch_size=1 eval.batch_size=1 ", key, "=", value, " fits.");
  }
  return "No batch_size, frames or size makes it fit; choose a smaller vision_backbone.";
}

std::string shape_of(const config::Experiment& e) {
  return cat("train.batch_size=", e.train.batch_size, ", eval.batch_size=", e.eval.batch_size,
             ", frames=", e.frames, " and size=", e.size);
}

}  // namespace

FreeMemory free_memory(c10::Device device) {
  FreeMemory free{available_memory(), {}};
  if (device.is_cuda()) free.gpu = model::free_device_memory(device);
  return free;
}

Status check_fits(const config::Experiment& e, const data::Dataset& dataset,
                  const FreeMemory& free) {
  if (fits(e, dataset, free)) return {};
  const Need need = need_of(e, dataset, free.gpu.has_value());
  const bool of_gpu = free.gpu && need.device > static_cast<double>(*free.gpu) && *free.gpu > 0;
  return fail(
      ErrorCode::config,
      cat("Training with ", shape_of(e), " would take about ",
          human_bytes(static_cast<std::uint64_t>(of_gpu ? need.device : need.machine)), " of the ",
          of_gpu ? "GPU's" : "machine's", " memory, and ",
          human_bytes(static_cast<std::uint64_t>(of_gpu ? *free.gpu : free.machine)), " are free."),
      what_fits(e, dataset, free) + " omniq train --force starts it all the same.");
}

std::optional<Error> memory_error(const config::Experiment& e, const std::exception& thrown) {
  const auto out = model::out_of_memory(thrown);
  if (!out) return std::nullopt;
  std::string hint = "Lower frames or size";
  if (e.train.batch_size > 1) {
    hint =
        cat("Lower train.batch_size (and raise train.accum_steps by as much: a step stays the "
            "same), eval.batch_size, frames or size");
  }
  if (e.train.trainable == "all") hint += ", or freeze the encoder with train.trainable=lora";
  return Error{ErrorCode::memory,
               cat("Memory ran out: training with ", shape_of(e), " does not fit into the ",
                   out->gpu ? "GPU's" : "machine's", " memory."),
               hint + "."};
}

}  // namespace omniq::assembly
