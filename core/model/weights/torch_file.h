// What torch.save writes (.pth, .pt), read without Python.
#pragma once

#include <filesystem>

#include "core/base/result.h"
#include "core/model/weights/safetensors.h"

namespace omniq::model {

/// Reads the zip format of torch 1.6 and later: a dict that holds a dict of tensors under "model",
/// "state_dict", "model_state" or "model_state_dict", whatever lies beside it, or else a dict of
/// tensors. Entries that are no tensors (epoch, options) are left out. Tensors are views of the
/// file's mapping, on the CPU, in the file's order. Time and memory are bounded by the file's size.
Result<StateDict> load_torch_file(const std::filesystem::path& path);

}  // namespace omniq::model
