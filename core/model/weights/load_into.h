// Weights put into modules by name.
#pragma once

#include <torch/nn/module.h>

#include <set>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/model/weights/safetensors.h"

namespace omniq::model {

struct LoadReport {
  std::vector<std::string> loaded;      // names in the module
  std::vector<std::string> missing;     // in the module and not in the file: they stay as they were
  std::vector<std::string> unexpected;  // in the file and not in the module; heads are usual
  std::vector<std::string>
      mismatched;  // in both, not loaded: "name: file [1000, 768], model [101, 768]"

  bool complete() const { return missing.empty() && mismatched.empty(); }
};

struct LoadOptions {
  std::string file;         // for messages
  std::string module;       // for messages: "swin_tiny"
  std::string how_partial;  // what to set so that a part is enough, for messages
  bool partial = false;     // whether a part is enough
  /// Of the module, those of a head that may be missing in the file or be of another number of
  /// classes: they then stay as they were.
  std::set<std::string> new_head = {};
};

/// Copies the tensors whose name, after any of "module.", "backbone.", "trunk." that all names
/// share, is that of a parameter or buffer of `module`. Dtype and device stay the module's.
/// "relative_position_index" and "attn_mask" of Swin files are computed here and so ignored. A
/// classifier head that the module lacks may be left over.
/// Errors (checkpoint; the module is then untouched): unless `partial`, something is missing, left
/// over or of another shape; with it, nothing fits; in any case, a value that is
/// loaded is not finite. They say how many, name some, and whose names they are.
Result<LoadReport> load_into(torch::nn::Module& module, const StateDict& state,
                             const LoadOptions& options);

}  // namespace omniq::model
