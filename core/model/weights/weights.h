// Weight files that were made elsewhere.
#pragma once

#include <filesystem>
#include <string>

#include "core/base/result.h"
#include "core/model/weights/safetensors.h"

namespace omniq::model {

/// Reads a .safetensors file, or what torch.save writes (load_torch_file). All tensors are on the
/// CPU, in the file's order. What a file is follows from its first bytes, not from its name.
Result<StateDict> load_weights(const std::filesystem::path& path);

/// The SHA-256 of a file's bytes as 64 hexadecimal digits.
Result<std::string> file_sha256(const std::filesystem::path& path);

}  // namespace omniq::model
