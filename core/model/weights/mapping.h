// A file's bytes as memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "core/base/result.h"

namespace omniq::model {

/// A private mapping of a whole file: pages are read when touched, and writing to them does not
/// change the file. The file must not be shortened meanwhile; replacing it by renaming is safe.
class Mapping {
 public:
  /// Errors are those of InputFile::open. An empty file has no bytes.
  static Result<std::shared_ptr<const Mapping>> open(const std::filesystem::path& path);

  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping();

  char* data() const { return data_; }
  std::uint64_t size() const { return size_; }
  std::string_view bytes() const { return {data_, size_}; }

 private:
  Mapping(char* data, std::uint64_t size) : data_(data), size_(size) {}
  char* data_;
  std::uint64_t size_;
};

}  // namespace omniq::model
