#include "core/train/checkpoints.h"

#include <limits>

#include "core/base/log.h"
#include "core/base/text.h"
#include "core/model/weights/adapter.h"

namespace omniq::train {

Checkpoints::Checkpoints(const config::Experiment& experiment, const run::RunFolder& folder,
                         model::OmniQ& model, AdamW& optimizer, TrainStep& step)
    : e_(experiment), folder_(folder), model_(model), optimizer_(optimizer), step_(step) {}

Result<assembly::TrainerState> Checkpoints::restore(const std::vector<std::string>& classes,
                                                    std::optional<std::int64_t> batches) {
  assembly::TrainerState state;
  state.classes = classes;
  if (!assembly::has_begun(folder_)) return state;
  const assembly::RunExtent extent{e_.train.epochs,
                                   batches.value_or(std::numeric_limits<std::int64_t>::max())};
  assembly::NamedTensors moments;
  OMNIQ_ASSIGN(state,
               assembly::load_checkpoint(folder_.last_checkpoint(), model_, &moments, extent));
  OMNIQ_TRY(optimizer_.load_state(moments));
  if (state.classes != classes) {
    return fail(ErrorCode::data, "The dataset's classes are not those that the run started with.",
                "Restore the class list, or start a new run.");
  }
  OMNIQ_TRY(assembly::reported_checkpoint(folder_));
  step_.set_loss_scale(state.loss_scale, state.scale_steps);
  log::info(cat("Continuing after step ", state.step, "."));
  return state;
}

bool Checkpoints::due() const {
  return std::chrono::steady_clock::now() - last_save_ >=
         std::chrono::duration<double, std::ratio<60>>(e_.train.checkpoint_minutes);
}

Status Checkpoints::save(assembly::TrainerState& state) {
  state.loss_scale = step_.loss_scale();
  state.scale_steps = step_.steps_since_scale_change();
  const assembly::NamedTensors moments = optimizer_.state();
  OMNIQ_TRY(assembly::save_checkpoint(folder_.last_checkpoint(), model_, &moments, state));
  last_save_ = std::chrono::steady_clock::now();
  return {};
}

Status Checkpoints::save_best(assembly::TrainerState state) {
  ++state.epoch;
  return assembly::save_checkpoint(folder_.best_checkpoint(), model_, nullptr, state);
}

Status Checkpoints::save_adapter() {
  if (e_.train.trainable != "lora") return {};
  OMNIQ_ASSIGN(const auto checkpoint, assembly::reported_checkpoint(folder_));
  OMNIQ_ASSIGN(const assembly::TrainerState saved,
               assembly::load_checkpoint(checkpoint, model_, nullptr));
  return model::save_adapter(
      folder_.path() / "adapter", model_,
      cat("LoRA adapters of the run ", folder_.id(), ", of its checkpoint ",
          checkpoint.filename().string(), " (step ", saved.step, ", epochs done: ", saved.epoch,
          "), for PEFT. The base model's weights are in that checkpoint.\n"));
}

std::string Checkpoints::last_good() const {
  const auto state = assembly::read_checkpoint_state(folder_.last_checkpoint());
  if (!state) return "there is no checkpoint yet";
  return cat("the last good checkpoint is of step ", state->step, ", ",
             folder_.last_checkpoint().string());
}

}  // namespace omniq::train
