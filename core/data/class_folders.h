// The folders of a dataset, root/<Class>/<clip>, read from the disk once. Internal to core/data.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/result.h"

namespace omniq::data {

/// Whether a file of this name is taken for a video.
bool is_video_name(const std::filesystem::path& path);

/// The folders under root and their files, found without regard to case.
class ClassFolders {
 public:
  static Result<ClassFolders> read(const std::filesystem::path& root);

  /// The files directly in a folder: lower-case name → name.
  const std::map<std::string, std::string>& files(const std::string& folder);

  /// The folders that hold videos, by lower-case name, each in all its spellings.
  std::map<std::string, std::vector<std::string>> with_videos();

  /// Where the clip is, if it is there under this or a name that differs in case.
  std::optional<std::filesystem::path> find(const std::string& id);

 private:
  std::filesystem::path root_;
  std::map<std::string, std::vector<std::string>> folders_;
  std::unordered_map<std::string, std::map<std::string, std::string>> files_;
};

}  // namespace omniq::data
