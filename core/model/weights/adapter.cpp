#include "core/model/weights/adapter.h"

#include <torch/types.h>

#include <nlohmann/json.hpp>
#include <set>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "core/model/weights/safetensors.h"

namespace omniq::model {

Status save_adapter(const std::filesystem::path& folder, OmniQ& model) {
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
  const nlohmann::ordered_json config = {
      {"peft_type", "LORA"},
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
      {"modules_to_save", nlohmann::ordered_json::array({"head"})}};
  std::error_code ec;
  std::filesystem::create_directories(folder, ec);
  // The head that trains beside the adapters belongs to what was learned.
  for (const auto& item : model.named_parameters()) {
    if (item.key().starts_with("head.") && !item.key().ends_with("lora_A") &&
        !item.key().ends_with("lora_B")) {
      tensors.emplace_back("base_model.model." + item.key(), item.value().detach());
    }
  }
  OMNIQ_TRY(write_file_atomic(folder / "adapter_config.json", json_text(config, 2) + "\n"));
  return save_safetensors(folder / "adapter_model.safetensors", tensors, {{"format", "pt"}});
}

}  // namespace omniq::model
