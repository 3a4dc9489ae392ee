// The adapters of a model in the format of PEFT (Hugging Face): adapter_config.json and
// adapter_model.safetensors.
#pragma once

#include <filesystem>

#include "core/base/result.h"
#include "core/model/omniq.h"

namespace omniq::model {

/// Writes the folder; a model without adapters writes nothing.
Status save_adapter(const std::filesystem::path& folder, OmniQ& model);

}  // namespace omniq::model
