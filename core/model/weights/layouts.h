// What the names in a weight file tell about who wrote it, for messages.
#pragma once

#include <string>

#include "core/model/weights/safetensors.h"

namespace omniq::model {

/// "Microsoft's Swin-S", "Hugging Face's Swin-V2-T", "an OmniQ checkpoint", …; "" for names that
/// are of none of these.
std::string describe_layout(const StateDict& state);

}  // namespace omniq::model
