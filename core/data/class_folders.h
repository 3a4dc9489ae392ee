// The folders of a dataset, root/<Class>/<clip>, read from the disk once. Internal to core/data.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace omniq::data {

/// Whether a file of this name is taken for a video.
bool is_video_name(const std::filesystem::path& path);

/// The folders under root and their files, found as name_key() says.
class ClassFolders {
 public:
  static Result<ClassFolders> read(const std::filesystem::path& root);

  /// The files directly in a folder: name_key → name. Names that differ in case only are two files.
  using Names = std::multimap<std::string, std::string>;
  const Names& files(const std::string& folder);

  /// The folders that hold videos, by name_key, each in all its spellings.
  std::map<std::string, std::vector<std::string>> with_videos();

  /// All folders directly under root, by name_key, each in all its spellings.
  const std::map<std::string, std::vector<std::string>>& all() const { return folders_; }

  /// Where the clip is, if it is there under this name or else under the only one with its
  /// name_key.
  std::optional<std::filesystem::path> find(const std::string& id);

  const std::filesystem::path& root() const { return root_; }

 private:
  const Names& names_in(const std::string& folder, bool folders);

  std::filesystem::path root_;
  std::map<std::string, std::vector<std::string>> folders_;
  std::map<std::pair<std::string, bool>, Names> names_;  // of files, or of folders in a folder
};

}  // namespace omniq::data
