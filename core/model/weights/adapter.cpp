#include "core/model/weights/adapter.h"

#include <torch/types.h>
#include <torch/utils.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/model/weights/safetensors.h"

namespace omniq::model {
namespace {
constexpr std::string_view kA = ".lora_A", kB = ".lora_B";
}  // namespace

Status save_adapter(const std::filesystem::path& folder, OmniQ& model, const std::string& origin) {
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  std::set<std::string> targets;
  nlohmann::ordered_json rank_pattern = nlohmann::ordered_json::object();
  LoraOptions options;
  std::int64_t rank = 0;
  for (const auto& item : model.named_modules("", false)) {
    auto* linear = item.value()->as<Linear>();
    if (!linear || !linear->has_adapter()) continue;
    tensors.emplace_back("base_model.model." + item.key() + ".lora_A.weight",
                         linear->lora_a().detach());
    tensors.emplace_back("base_model.model." + item.key() + ".lora_B.weight",
                         linear->lora_b().detach());
    targets.insert(item.key());
    options = linear->adapter_options();
    rank = std::max(rank, options.rank);
  }
  if (tensors.empty()) return {};
  for (const auto& item : model.named_modules("", false)) {
    auto* linear = item.value()->as<Linear>();
    if (linear && linear->has_adapter() && linear->adapter_options().rank != rank) {
      rank_pattern[item.key()] = linear->adapter_options().rank;
    }
  }
  // The head that trains beside the adapters belongs to what was learned. One that has an adapter
  // of its own stays as the base model has it: PEFT takes no layer in both ways.
  auto saved = nlohmann::ordered_json::array();
  if (!targets.contains("head")) {
    saved.push_back("head");
    for (const Parameter& p : model.parameters_by_role()) {
      if (p.part == Part::head)
        tensors.emplace_back("base_model.model." + p.name, p.tensor.detach());
    }
  }
  const nlohmann::ordered_json config = {{"peft_type", "LORA"},
                                         {"task_type", nullptr},
                                         {"base_model_name_or_path", nullptr},
                                         {"r", rank},
                                         {"lora_alpha", options.alpha},
                                         {"lora_dropout", options.dropout},
                                         {"target_modules", targets},
                                         {"rank_pattern", rank_pattern},
                                         {"bias", "none"},
                                         {"fan_in_fan_out", false},
                                         {"inference_mode", true},
                                         {"modules_to_save", saved}};
  OMNIQ_TRY(make_folder(folder));
  OMNIQ_TRY(write_file_atomic(folder / "README.md", origin));
  OMNIQ_TRY(write_file_atomic(folder / "adapter_config.json", json_text(config, 2) + "\n"));
  return save_safetensors(folder / "adapter_model.safetensors", tensors, {{"format", "pt"}});
}

bool has_adapters(const StateDict& state) {
  return std::any_of(state.begin(), state.end(), [](const auto& item) {
    return item.first.ends_with(kA) || item.first.ends_with(kB);
  });
}

Result<StateDict> merge_adapters(const StateDict& state, double alpha, const std::string& file) {
  const std::map<std::string, at::Tensor> by_name(state.begin(), state.end());
  const auto find = [&](const std::string& name) {
    const auto found = by_name.find(name);
    return found == by_name.end() ? at::Tensor() : found->second;
  };
  StateDict merged;
  std::size_t used = 0, adapters = 0;
  for (const auto& [name, tensor] : state) {
    if (name.ends_with(kA) || name.ends_with(kB)) {
      ++adapters;
      continue;
    }
    constexpr std::string_view kWeight = ".weight";
    const std::string layer =
        name.ends_with(kWeight) ? name.substr(0, name.size() - kWeight.size()) : "";
    const at::Tensor a = find(layer + std::string(kA)), b = find(layer + std::string(kB));
    if (layer.empty() || !a.defined() || !b.defined()) {
      merged.emplace_back(name, tensor);
      continue;
    }
    const bool fits = tensor.dim() == 2 && a.dim() == 2 && b.dim() == 2 && a.size(0) > 0 &&
                      a.size(0) == b.size(1) && b.size(0) == tensor.size(0) &&
                      a.size(1) == tensor.size(1) && tensor.is_floating_point() &&
                      a.is_floating_point() && b.is_floating_point();
    if (!fits) {
      return fail(ErrorCode::checkpoint, cat("The adapter of ", layer, " in ", file,
                                             " does not fit its weight: ", a.sizes(), " and ",
                                             b.sizes(), " for ", tensor.sizes(), "."));
    }
    const double scale = alpha / static_cast<double>(a.size(0));
    merged.emplace_back(name, torch::add(tensor.to(at::kFloat),
                                         torch::matmul(b.to(at::kFloat), a.to(at::kFloat)), scale));
    used += 2;
  }
  if (used != adapters) {
    return fail(ErrorCode::checkpoint,
                cat(adapters - used, " of the ", adapters, " adapter tensors in ", file,
                    " have no weight, or not both halves."));
  }
  return merged;
}

}  // namespace omniq::model
