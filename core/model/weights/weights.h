// Weights from files made elsewhere, put into modules by name.
#pragma once

#include <torch/nn/module.h>

#include <filesystem>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/model/weights/safetensors.h"

namespace omniq::model {

/// Reads .safetensors, or what torch.save writes (.pth, .pt; the zip format of torch 1.6 and
/// later): a dict of tensors, or a dict that holds one under "model", "state_dict", "model_state"
/// or "model_state_dict". Entries that are no tensors (epoch, options) are left out. All tensors
/// are on the CPU, in the file's order. What a file is follows from its first bytes, not from its
/// name.
Result<StateDict> load_weights(const std::filesystem::path& path);

struct LoadReport {
  std::vector<std::string> loaded;      // names in the module
  std::vector<std::string> missing;     // in the module and not in the file
  std::vector<std::string> unexpected;  // in the file and not in the module; heads are usual
  std::vector<std::string>
      mismatched;  // in both, not loaded: "name: file [1000, 768], model [101, 768]"
};

/// Copies the tensors whose name, after `prefix_in_file` and after any of "module.", "backbone.",
/// "trunk." that all remaining names share, is that of a parameter or buffer of `module`. Dtype and
/// device stay the module's. "relative_position_index" and "attn_mask" of Swin files are computed
/// here and so ignored. Errors (checkpoint; the module is then untouched): no name matches; a
/// relative position bias table of another window size.
Result<LoadReport> load_into(torch::nn::Module& module, const StateDict& state,
                             const std::string& prefix_in_file = {});

/// The SHA-256 of a file's bytes as 64 hexadecimal digits.
Result<std::string> file_sha256(const std::filesystem::path& path);

}  // namespace omniq::model
