// Datasets that are divided by folders, root/train/<Class>/<clip>. Internal to core/data.
#pragma once

#include <map>
#include <string>

#include "core/base/result.h"
#include "core/data/class_folders.h"

namespace omniq::data {

struct SplitFolder {
  std::string name;  // as the disk spells it
  ClassFolders tree;
};

/// By part: "train", and "val", "test" or both; other folders that hold class folders are there by
/// their own names. Empty where the folders under the root are no such parts, or hold videos
/// themselves and so are classes. Error (data) where two folders are the same part.
using SplitFolders = std::map<std::string, SplitFolder>;
Result<SplitFolders> find_split_folders(ClassFolders& root);

/// An error where all folders that hold videos themselves are named as parts are (train, test):
/// classes are not called so, and nothing would say what the videos show.
Status refuse_parts_as_classes(ClassFolders& root);

}  // namespace omniq::data
