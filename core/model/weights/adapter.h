// Adapters (LoRA) in files: in the format of PEFT (Hugging Face), which is adapter_config.json and
// adapter_model.safetensors, and among the weights of a checkpoint.
#pragma once

#include <filesystem>
#include <string>

#include "core/base/result.h"
#include "core/model/omniq.h"
#include "core/model/weights/safetensors.h"

namespace omniq::model {

/// Writes the folder, with a README.md that says `origin` (Markdown: what the adapters are from); a
/// model without adapters writes nothing.
Status save_adapter(const std::filesystem::path& folder, OmniQ& model, const std::string& origin);

/// Whether there is a "<layer>.lora_A" or "<layer>.lora_B".
bool has_adapters(const StateDict& state);

/// The state with every "<layer>.lora_A" [r, in] and "<layer>.lora_B" [out, r] folded into
/// "<layer>.weight" [out, in], as W + (alpha / r) B A. The error (checkpoint) names `file` and a
/// layer of which something is missing or does not fit.
Result<StateDict> merge_adapters(const StateDict& state, double alpha, const std::string& file);

}  // namespace omniq::model
