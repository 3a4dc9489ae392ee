#include "core/data/split_folders.h"

#include <algorithm>

#include "core/base/text.h"

namespace omniq::data {
namespace {

/// "train", "val", "test", or "" for a folder that is not called as a part is.
std::string part_of(const std::string& key) {
  static const std::map<std::string, std::string> kParts = {
      {"train", "train"},    {"training", "train"},  {"val", "val"},  {"valid", "val"},
      {"validation", "val"}, {"validate", "val"},    {"dev", "val"},  {"test", "test"},
      {"testing", "test"},   {"evaluation", "test"}, {"eval", "test"}};
  const auto found = kParts.find(key);
  return found == kParts.end() ? "" : found->second;
}

}  // namespace

SplitFolders find_split_folders(ClassFolders& root) {
  SplitFolders parts;
  if (!root.with_videos().empty()) return parts;
  for (const auto& [key, names] : root.all()) {
    const std::string part = part_of(key);
    if (part.empty() || parts.contains(part)) continue;
    auto tree = ClassFolders::read(root.root() / names.front());
    if (tree && !tree->with_videos().empty())
      parts.emplace(part, SplitFolder{names.front(), std::move(*tree)});
  }
  if (!parts.contains("train") || parts.size() == 1) parts.clear();
  return parts;
}

Status refuse_parts_as_classes(ClassFolders& root) {
  const auto with_videos = root.with_videos();
  if (std::any_of(with_videos.begin(), with_videos.end(),
                  [](const auto& folder) { return part_of(folder.first).empty(); }))
    return {};
  std::vector<std::string> found;
  bool train = false;
  for (const auto& [key, names] : root.all()) {
    if (part_of(key).empty()) continue;
    train |= part_of(key) == "train";
    found.push_back(names.front());
  }
  if (with_videos.empty() || !train || found.size() < 2) return {};
  return fail(
      ErrorCode::data,
      cat("The folders ", join(found, " and "), " of ", root.root().string(),
          " are parts of a dataset, not classes, and videos in them have no class folder."),
      "Put the clips into <part>/<Class>/, or name lists: data.trainlist, data.testlist and "
      "data.classind.");
}

}  // namespace omniq::data
