#include "core/train/checkpoint.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <map>
#include <nlohmann/json.hpp>

#include "core/base/json.h"
#include "core/base/text.h"
#include "core/model/safetensors.h"

namespace omniq::train {
namespace {

using Json = nlohmann::ordered_json;
constexpr const char* kStateKey = "omniq.trainer";

Json to_json(const ClipSums& sums) {
  return {{"loss", sums.loss}, {"top1", sums.top1}, {"top5", sums.top5}, {"clips", sums.clips}};
}

ClipSums sums_from(const Json& json) {
  return {json.at("loss").get<double>(), json.at("top1").get<std::int64_t>(),
          json.at("top5").get<std::int64_t>(), json.at("clips").get<std::int64_t>()};
}

std::string state_to_json(const TrainerState& s) {
  return json_text(Json{{"step", s.step},
                        {"epoch", s.epoch},
                        {"batch", s.batch},
                        {"window", to_json(s.window)},
                        {"of_epoch", to_json(s.of_epoch)},
                        {"best_top1", s.best_top1},
                        {"best_loss", s.best_loss},
                        {"best_epoch", s.best_epoch},
                        {"seconds", s.seconds},
                        {"loss_scale", s.loss_scale},
                        {"scale_steps", s.scale_steps},
                        {"classes", s.classes}});
}

Result<TrainerState> state_from(const model::SafetensorsFile& file,
                                const std::filesystem::path& path) {
  const auto damaged = [&] {
    return fail(
        ErrorCode::checkpoint,
        cat(path.string(), " is not a checkpoint of a run: its metadata has no trainer state."),
        "Name a file of a run's checkpoints folder.");
  };
  const auto found = file.metadata.find(kStateKey);
  if (found == file.metadata.end()) return damaged();
  const Json json = Json::parse(found->second, nullptr, false);
  try {
    TrainerState s;
    json.at("step").get_to(s.step);
    json.at("epoch").get_to(s.epoch);
    json.at("batch").get_to(s.batch);
    s.window = sums_from(json.at("window"));
    // Checkpoints of version 0.1 have neither of these; JSON has no infinity.
    if (json.contains("of_epoch")) s.of_epoch = sums_from(json["of_epoch"]);
    if (json.contains("best_loss") && json["best_loss"].is_number())
      json["best_loss"].get_to(s.best_loss);
    json.at("best_top1").get_to(s.best_top1);
    json.at("best_epoch").get_to(s.best_epoch);
    json.at("seconds").get_to(s.seconds);
    json.at("loss_scale").get_to(s.loss_scale);
    json.at("scale_steps").get_to(s.scale_steps);
    json.at("classes").get_to(s.classes);
    return s;
  } catch (const nlohmann::json::exception&) {
    return damaged();
  }
}

}  // namespace

Status save_checkpoint(const std::filesystem::path& path, const model::OmniQ& model,
                       const AdamW* optimizer, const TrainerState& state) {
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (const auto& item : model.named_parameters())
    tensors.emplace_back(item.key(), item.value().detach());
  for (const auto& item : model.named_buffers()) tensors.emplace_back(item.key(), item.value());
  if (optimizer) {
    for (auto& item : optimizer->state()) tensors.push_back(std::move(item));
  }
  return model::save_safetensors(path, tensors,
                                 {{kStateKey, state_to_json(state)}, {"format", "pt"}});
}

Result<TrainerState> load_checkpoint(const std::filesystem::path& path, model::OmniQ& model,
                                     AdamW* optimizer) {
  OMNIQ_ASSIGN(const model::SafetensorsFile file, model::load_safetensors(path));
  OMNIQ_ASSIGN(const TrainerState state, state_from(file, path));
  const torch::NoGradGuard no_grad;
  const std::map<std::string, at::Tensor> by_name(file.tensors.begin(), file.tensors.end());
  const auto fill = [&](const std::string& name, at::Tensor target) -> Status {
    const auto found = by_name.find(name);
    if (found == by_name.end() || found->second.sizes() != target.sizes()) {
      return fail(
          ErrorCode::checkpoint,
          cat(path.string(), found == by_name.end() ? " has no tensor " : " has another shape for ",
              name, "."),
          "The model's settings (fusion, sizes, what trains) must be those that the checkpoint was "
          "written with.");
    }
    target.copy_(found->second);
    return {};
  };
  for (auto& item : model.named_parameters()) OMNIQ_TRY(fill(item.key(), item.value()));
  for (auto& item : model.named_buffers()) OMNIQ_TRY(fill(item.key(), item.value()));
  if (optimizer) OMNIQ_TRY(optimizer->load_state(file.tensors));
  return state;
}

Result<TrainerState> read_checkpoint_state(const std::filesystem::path& path) {
  OMNIQ_ASSIGN(const model::SafetensorsFile file, model::load_safetensors(path));
  return state_from(file, path);
}

}  // namespace omniq::train
