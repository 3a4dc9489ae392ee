// The text files of a dataset: class index and clip lists in UCF101's format. Internal to
// core/data.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/result.h"

namespace omniq::data {

/// Class names and their numbers, found as name_key() says. The names are composed().
class ClassIndex {
 public:
  ClassIndex() = default;
  explicit ClassIndex(std::vector<std::string> names);

  const std::vector<std::string>& names() const { return names_; }
  /// 0-based, −1 where there is no such class.
  std::int64_t find(std::string_view name) const;

 private:
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::int64_t> numbers_;
};

/// "1 ApplyEyeMakeup" a line, numbers 1 to n in any order, each once; UTF-8, or UTF-16 with a byte
/// order mark.
Result<ClassIndex> read_class_index(const std::filesystem::path& path);

struct ListedClip {
  std::string id;           // "Class/clip.avi"
  std::int64_t label = -1;  // 0-based
  std::int64_t line = 0;    // 1-based
};

/// "Class/clip.avi 1" a line; the label may be absent. Blank lines, CRLF, CR alone, stray spaces,
/// a comma before the label, quotes around the name and UTF-16 with a byte order mark are accepted,
/// as are absolute paths under `root`, and folders above that of the class
/// ("train/Class/clip.avi"). The label must agree with the class folder.
Result<std::vector<ListedClip>> read_clip_list(const std::filesystem::path& path,
                                               const std::filesystem::path& root,
                                               const ClassIndex& classes);

/// "YoYo/g01" from "v_YoYo_g01_c02" (a file name with or without its ending; `class_name` gives the
/// spelling where it differs in case only); "" for another kind of name.
std::string ucf_group(std::string_view file_name, std::string_view class_name);

}  // namespace omniq::data
