// The zip files that torch.save writes: records that are stored, not compressed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/model/weights/mapping.h"

namespace omniq::model {

class StoredZip {
 public:
  /// Reads the directory. Errors (io, checkpoint) name the file and what is wrong: damaged, records
  /// that are compressed or encrypted, or that together are larger than the file.
  static Result<StoredZip> open(const std::filesystem::path& path);

  /// The bytes of the record `name`, within the folder that the first record lies in; they live as
  /// long as the mapping.
  std::optional<std::string_view> find(const std::string& name) const;
  const std::shared_ptr<const Mapping>& mapping() const { return mapping_; }

 private:
  explicit StoredZip(std::shared_ptr<const Mapping> mapping) : mapping_(std::move(mapping)) {}

  std::shared_ptr<const Mapping> mapping_;
  std::map<std::string, std::string_view, std::less<>> records_;
  std::string folder_;  // with its slash
};

}  // namespace omniq::model
