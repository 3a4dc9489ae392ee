// The JSON header of a safetensors file: what tensors there are and where their bytes lie.
#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace omniq::model {

struct SafetensorsEntry {
  std::string name;
  at::ScalarType type = at::kFloat;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0, end = 0;  // bytes after the header
};

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  // in the header's order
  std::map<std::string, std::string> metadata;
};

/// Reads a header, in time and memory that grow with its length alone. `data_bytes` follow it in
/// the file; every one of them must belong to exactly one tensor. All dtypes of the format are
/// known; what libtorch has no type for (F4, F6) is a row of bytes. Errors (checkpoint) name the
/// file, the tensor and what is wrong.
Result<SafetensorsHeader> parse_safetensors_header(const std::filesystem::path& path,
                                                   std::string_view text, std::uint64_t data_bytes);

/// The format's name of a type, or null.
const char* safetensors_dtype(at::ScalarType type);

/// The error that a file is not usable.
tl::unexpected<Error> broken_safetensors(const std::filesystem::path& path,
                                         const std::string& what);

}  // namespace omniq::model
