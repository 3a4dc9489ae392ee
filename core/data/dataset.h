// Which clips there are and what they show: class folders and the UCF101 list files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace omniq::data {

struct ClipRef {
  std::string id;              // path relative to the root, "YoYo/v_YoYo_g01_c01.avi"
  std::filesystem::path path;  // where the file is
  std::int64_t label = -1;     // 0-based class; -1 where the class is not known
  std::string group;           // clips cut from one recording share it ("YoYo/g01"); a clip without one is its own
};

/// A clip that cannot be used, and why.
struct Problem {
  std::string id;
  std::string what;
};

/// One list of clips. `problems` names the clips that were listed but are not there; these are not in `clips`
/// of a training list, and stay in `clips` of a test list (an unreadable test clip counts as wrong).
struct Split {
  std::vector<ClipRef> clips;
  std::vector<Problem> problems;
};

struct DatasetOptions {
  std::filesystem::path root;       // holds <Class>/<clip>
  std::filesystem::path trainlist;  // "Class/clip.avi 1" a line; empty: the class folders are the list
  std::filesystem::path testlist;   // "Class/clip.avi" a line, with or without a label
  std::filesystem::path classind;   // "1 ApplyEyeMakeup" a line; empty: the class folders, sorted
  double val_fraction = 0.1;        // part of the training list held out, whole groups at a time; 0 for none
  std::uint64_t seed = 0;           // draws the held-out groups
};

struct Dataset {
  std::vector<std::string> classes;
  Split train, val, test;
};

/// Reads the lists (labels 1-based; names match folders without regard to case, so that UCF101's
/// HandStandPushups and HandstandPushups are one class). Relative list paths are taken from the working folder,
/// then from root. Without lists, all clips under root/<Class>/ are found and a fifth of them, whole groups at
/// a time, becomes the test list. Errors name the file and line.
Result<Dataset> load_dataset(const DatasetOptions& options);

}  // namespace omniq::data
