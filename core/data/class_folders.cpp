#include "core/data/class_folders.h"

#include <algorithm>
#include <array>

#include "core/base/text.h"
#include "core/data/names.h"

namespace omniq::data {
namespace fs = std::filesystem;

bool is_video_name(const fs::path& path) {
  static constexpr std::array<std::string_view, 23> kEndings = {
      ".avi", ".mp4", ".m4v", ".mov", ".mkv",   ".webm", ".mpg",  ".mpeg",
      ".wmv", ".flv", ".3gp", ".ogv", ".ts",    ".mts",  ".m2ts", ".vob",
      ".asf", ".f4v", ".m2v", ".mxf", ".mjpeg", ".mjpg", ".gif"};
  const std::string ending = to_lower(path.extension().string());
  return std::find(kEndings.begin(), kEndings.end(), ending) != kEndings.end();
}

Result<ClassFolders> ClassFolders::read(const fs::path& root) {
  const std::string hint =
      "Set data.root to the folder that holds <Class>/<clip>, or make the demo set with `omniq "
      "demo-data DIR`.";
  if (root.empty()) return fail(ErrorCode::data, "data.root is not set.", hint);
  std::error_code ec;
  if (!fs::exists(root, ec)) {
    return fail(ErrorCode::data, cat("The data folder ", root.string(), " does not exist."), hint);
  }
  if (!fs::is_directory(root, ec)) {
    return fail(ErrorCode::data, cat(root.string(), " is not a folder."), hint);
  }
  ClassFolders tree;
  tree.root_ = root;
  fs::directory_iterator entries(root, ec);
  for (const fs::directory_iterator end; !ec && entries != end; entries.increment(ec)) {
    const std::string name = entries->path().filename().string();
    std::error_code ignored;
    if (name.starts_with(".") || !fs::is_directory(entries->path(), ignored)) continue;
    tree.folders_[name_key(name)].push_back(name);
  }
  if (ec) {
    return fail(ErrorCode::data, cat("Cannot read ", root.string(), ": ", ec.message(), "."));
  }
  for (auto& [lower, names] : tree.folders_) std::sort(names.begin(), names.end());
  return tree;
}

const ClassFolders::Names& ClassFolders::files(const std::string& folder) {
  return names_in(folder, /*folders=*/false);
}

const ClassFolders::Names& ClassFolders::names_in(const std::string& folder, bool folders) {
  const auto [entry, fresh] = names_.try_emplace({folder, folders});
  if (fresh) {
    std::error_code ec;
    std::vector<std::string> names;
    fs::directory_iterator entries(root_ / folder, ec);
    for (const fs::directory_iterator end; !ec && entries != end; entries.increment(ec)) {
      const std::string name = entries->path().filename().string();
      std::error_code ignored;
      if (name.starts_with(".") || fs::is_directory(entries->path(), ignored) != folders) continue;
      names.push_back(name);
    }
    std::sort(names.begin(), names.end());  // a disk has them in any order
    for (const std::string& name : names) entry->second.emplace(name_key(name), name);
  }
  return entry->second;
}

std::map<std::string, std::vector<std::string>> ClassFolders::with_videos() {
  std::map<std::string, std::vector<std::string>> found;
  for (const auto& [lower, names] : folders_) {
    for (const std::string& name : names) {
      const auto& listing = files(name);
      if (std::any_of(listing.begin(), listing.end(),
                      [](const auto& file) { return is_video_name(file.second); })) {
        found[lower].push_back(name);
      }
    }
  }
  return found;
}

std::optional<fs::path> ClassFolders::find(const std::string& id) {
  const std::size_t slash = id.find('/');
  if (slash != std::string::npos && id.find('/', slash + 1) == std::string::npos) {
    const std::string folder = id.substr(0, slash), file = id.substr(slash + 1);
    const auto spellings = folders_.find(name_key(folder));
    if (spellings == folders_.end()) return std::nullopt;
    std::vector<fs::path> similar;
    for (const std::string& name : spellings->second) {
      const auto [first, last] = files(name).equal_range(name_key(file));
      for (auto found = first; found != last; ++found) {
        if (name == folder && found->second == file) return root_ / name / file;
        similar.push_back(root_ / name / found->second);
      }
    }
    if (similar.size() == 1) return similar.front();
    // Folders in several spellings hold the clips of one class; the file's own name decides.
    std::erase_if(similar, [&](const fs::path& path) { return path.filename() != file; });
    if (similar.size() == 1) return similar.front();
    return std::nullopt;
  }
  std::error_code ec;
  if (fs::is_regular_file(root_ / id, ec)) return root_ / id;
  // Deeper, or in no folder: name by name.
  std::string at;
  const std::vector<std::string> names = split(id, '/');
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto [first, last] = names_in(at, i + 1 < names.size()).equal_range(name_key(names[i]));
    if (first == last) return std::nullopt;
    auto found = std::find_if(first, last, [&](const auto& one) { return one.second == names[i]; });
    if (found == last && std::next(first) == last) found = first;
    if (found == last) return std::nullopt;  // either could be meant
    at += (at.empty() ? "" : "/") + found->second;
  }
  return root_ / at;
}

}  // namespace omniq::data
