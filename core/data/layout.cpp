// find_layout of survey.h
#include <algorithm>
#include <map>
#include <system_error>

#include "core/base/text.h"
#include "core/data/class_folders.h"
#include "core/data/survey.h"

namespace omniq::data {
namespace fs = std::filesystem;
namespace {

bool has_classes(const fs::path& folder) {
  auto folders = ClassFolders::read(folder);
  return folders && !folders->with_videos().empty();
}

/// The folder of class folders: this one, or the only one within that is one.
fs::path find_root(const fs::path& folder) {
  if (has_classes(folder)) return folder;
  std::vector<fs::path> roots;
  std::error_code ec;
  fs::directory_iterator entries(folder, ec);
  for (const fs::directory_iterator end; !ec && entries != end; entries.increment(ec)) {
    std::error_code ignored;
    if (fs::is_directory(entries->path(), ignored) && has_classes(entries->path()))
      roots.push_back(entries->path());
  }
  return roots.size() == 1 ? roots.front() : folder;
}

/// The lists in one folder: a pair for each ending of their names ("01" in trainlist01.txt).
void add_lists(const fs::path& folder, std::vector<ListFiles>& lists) {
  std::map<std::string, ListFiles> by_ending;
  fs::path classind;
  std::error_code ec;
  fs::directory_iterator entries(folder, ec);
  for (const fs::directory_iterator end; !ec && entries != end; entries.increment(ec)) {
    const std::string name = to_lower(entries->path().filename().string());
    if (name == "classind.txt") classind = entries->path();
    if (!name.ends_with(".txt")) continue;
    for (const std::string start : {"trainlist", "testlist"}) {
      if (!name.starts_with(start)) continue;
      const std::string ending = name.substr(start.size(), name.size() - start.size() - 4);
      (start == "trainlist" ? by_ending[ending].trainlist : by_ending[ending].testlist) =
          entries->path();
    }
  }
  for (auto& [ending, files] : by_ending) {
    const std::string number =
        ending.substr(std::min(ending.find_first_not_of('0'), ending.size()));
    files.name = folder.filename().string();
    if (!number.empty()) files.name += ", split " + number;
    files.classind = classind;
    lists.push_back(std::move(files));
  }
}

}  // namespace

Layout find_layout(const fs::path& folder) {
  Layout layout;
  std::error_code ec;
  fs::path absolute = fs::absolute(folder, ec).lexically_normal();
  if (!absolute.has_filename()) absolute = absolute.parent_path();  // "clips/"
  layout.root = find_root(absolute);
  for (const fs::path& around : {layout.root, layout.root.parent_path()}) {
    if (around == layout.root) add_lists(around, layout.lists);
    add_lists(around / "lists", layout.lists);
    add_lists(around / "ucfTrainTestlist", layout.lists);
  }
  return layout;
}

}  // namespace omniq::data
