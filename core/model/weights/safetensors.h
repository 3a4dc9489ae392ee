// The safetensors format: eight bytes with the header's length, a JSON header that names each
// tensor's dtype, shape and bytes, then the bytes. Files are little-endian, as are all machines
// this runs on. What is written here carries checksums of the header and of every tensor in its
// metadata; other programs see two entries more.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/model/weights/mapping.h"
#include "core/model/weights/safetensors_header.h"

namespace omniq::model {

/// Named tensors in an order that is kept.
using StateDict = std::vector<std::pair<std::string, at::Tensor>>;

/// A file whose header was read and checked; tensors are read and checked one by one. All errors
/// (io, checkpoint) name the file, the tensor and what is wrong.
class SafetensorsReader {
 public:
  static Result<SafetensorsReader> open(const std::filesystem::path& path);
  SafetensorsReader(SafetensorsReader&&) = default;
  SafetensorsReader& operator=(SafetensorsReader&&) = default;

  /// In the header's order.
  const std::vector<SafetensorsEntry>& entries() const { return header_.entries; }
  const std::map<std::string, std::string>& metadata() const { return header_.metadata; }
  /// Whether the file carries checksums. One that does not is taken as it is.
  bool checked() const { return !checksums_.empty(); }
  /// The place of a tensor in entries(), or −1.
  std::ptrdiff_t find(std::string_view name) const;

  /// A tensor on the CPU, contiguous: a view of a private mapping of the file, which lives as long
  /// as any of its tensors, or a copy where its bytes do not lie on a multiple of its item size.
  Result<at::Tensor> read(std::size_t entry) const;
  /// Whether every tensor is as it was written.
  Status check() const;

 private:
  SafetensorsReader() = default;

  std::filesystem::path path_;
  std::shared_ptr<const Mapping> mapping_;
  SafetensorsHeader header_;
  std::uint64_t data_ = 0;  // where the bytes after the header begin
  std::string checksums_;   // of the tensors, one after the other
  std::unordered_map<std::string_view, std::size_t> index_;  // into entries(), whose names it views
};

struct SafetensorsFile {
  StateDict tensors;
  std::map<std::string, std::string> metadata;  // "__metadata__"; empty when there is none

  /// The tensor of that name, or an undefined one; takes time that grows with their number.
  at::Tensor find(std::string_view name) const;
};

/// Everything that a SafetensorsReader reads.
Result<SafetensorsFile> load_safetensors(const std::filesystem::path& path);

/// Writes `<path>.tmp` tensor by tensor with their checksums and syncs it. Tensors may be on any
/// device and have any strides. The header keeps the order given; the bytes go by item size,
/// largest first, so that every tensor is aligned. Returns the temporary file.
Result<std::filesystem::path> write_safetensors(
    const std::filesystem::path& path, const StateDict& tensors,
    const std::map<std::string, std::string>& metadata = {});

/// write_safetensors, and renames it to `path`: whenever the process dies, `path` is the old file
/// or the new one.
Status save_safetensors(const std::filesystem::path& path, const StateDict& tensors,
                        const std::map<std::string, std::string>& metadata = {});

}  // namespace omniq::model
