#include "core/data/split_folders.h"

#include <algorithm>
#include <optional>

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

Result<SplitFolders> find_split_folders(ClassFolders& root) {
  SplitFolders parts;
  std::optional<Error> doubled;
  if (!root.with_videos().empty()) return parts;
  for (const auto& [key, names] : root.all()) {
    for (const std::string& name : names) {
      auto tree = ClassFolders::read(root.root() / name);
      if (!tree || tree->with_videos().empty()) continue;
      const std::string part = part_of(key).empty() ? name : part_of(key);
      const auto [one, fresh] = parts.emplace(part, SplitFolder{name, std::move(*tree)});
      if (fresh) continue;
      doubled = Error{ErrorCode::data,
                      cat(one->second.name, " and ", name, " of ", root.root().string(),
                          " are both folders of clips to ", part, " with."),
                      "Join them, or move one away."};
    }
  }
  const bool divided = parts.contains("train") && (parts.contains("val") || parts.contains("test"));
  if (!divided) return SplitFolders{};
  if (doubled) return tl::unexpected(*doubled);
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
