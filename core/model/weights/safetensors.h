// The safetensors format: eight bytes with the header's length, a JSON header that names each
// tensor's dtype, shape and bytes, then the bytes. Files are little-endian, as are all machines
// this runs on.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace omniq::model {

/// Named tensors in an order that is kept.
using StateDict = std::vector<std::pair<std::string, at::Tensor>>;

struct SafetensorsFile {
  StateDict tensors;                            // on the CPU, contiguous, in the header's order
  std::map<std::string, std::string> metadata;  // "__metadata__"; empty when there is none

  /// The tensor of that name, or an undefined one.
  at::Tensor find(std::string_view name) const;
};

enum class Loading {
  mapped,  // tensors are views of a private mapping of the file, which lives as long as any of
           // them; pages are read when touched, writing to a tensor does not change the file. The
           // file must not be shortened meanwhile; replacing it by renaming, as save_safetensors
           // does, is safe.
  copied,  // tensors own their memory
};

/// dtypes F64 F32 F16 BF16 I64 I32 I16 I8 U8 BOOL. A tensor that does not lie on a multiple of its
/// item size is copied either way. Errors (io, checkpoint) name the file, the tensor and what is
/// wrong.
Result<SafetensorsFile> load_safetensors(const std::filesystem::path& path,
                                         Loading loading = Loading::mapped);

/// Writes `<path>.tmp` tensor by tensor, syncs it and renames it to `path`: whenever the process
/// dies, `path` is the old file or the new one. Tensors may be on any device and have any strides.
/// The header keeps the order given; the bytes go by item size, largest first, so that every tensor
/// is aligned.
Status save_safetensors(const std::filesystem::path& path, const StateDict& tensors,
                        const std::map<std::string, std::string>& metadata = {});

}  // namespace omniq::model
