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
  std::string group;           // clips of one recording share it ("YoYo/g01"); others have their id
};

enum class ProblemKind {
  missing,              // a list names it, but it is not there
  unreadable,           // it cannot be decoded
  cut_off,              // its file ends early
  damaged,              // a part of it cannot be decoded
  listed_twice,         // in one list
  in_both_lists,        // to train on and to test with
  group_in_both_lists,  // clips of one recording are
  class_without_clips,  // in the training list, or anywhere
  not_listed,           // it is there, but no list names it
  unknown_class,        // a folder of videos that the class index does not name
};

/// A clip (or a group, a class, a folder) with something wrong about it.
struct Problem {
  std::string id;
  std::string what;
  ProblemKind kind = ProblemKind::unreadable;
};

/// One list of clips. `problems` says what is odd about it, for the reader; nothing needs to be
/// subtracted.
///
/// A clip that is listed but not there is left out of `clips` of a training list, and stays in
/// `clips` of a test list (the loader then reports it as unreadable, and it counts as wrong).
/// A clip that is listed twice is kept once.
/// A training clip that is in the test list too is kept in both.
struct Split {
  std::vector<ClipRef> clips;
  std::vector<Problem> problems;
};

struct DatasetOptions {
  std::filesystem::path root;       // holds <Class>/<clip>
  std::filesystem::path trainlist;  // "Class/clip.avi 1" a line; empty: the class folders
  std::filesystem::path testlist;   // "Class/clip.avi" a line, with or without a label
  std::filesystem::path classind;   // "1 ApplyEyeMakeup" a line; empty: the class folders, sorted
  double val_fraction = 0.1;        // of the training list, held out by whole groups; 0 for none
  std::uint64_t seed = 0;           // draws the groups of `val`; the test list never depends on it
  bool check_files = true;          // false: takes the lists at their word, and needs no root
};

struct Dataset {
  std::vector<std::string> classes;
  Split train, val, test;
  bool val_is_a_folder = false;  // else it was drawn from the training clips
};

/// The file of a list: as named from the working folder, else from the root.
Result<std::filesystem::path> find_list(const std::filesystem::path& list,
                                        const std::filesystem::path& root);

/// Reads the lists (labels 1-based; names match folders without regard to case, so that UCF101's
/// HandStandPushups and HandstandPushups are one class). Relative list paths are taken from the
/// working folder, then from root.
///
/// A root with a folder a part and no lists (train/<Class>/<clip>, and val and test or one of them,
/// in their usual spellings) is divided as it stands: `val` is its val folder (left out where
/// val_fraction is 0). Without a test folder, the val folder is the test list, and `val` is taken
/// out of the training clips. Without any list, all clips under root/<Class>/ are found and a fifth
/// of them, whole groups at a time, becomes the test list: always the same fifth. With a test list
/// alone, the training list is every other clip whose group it does not touch. With a training list
/// alone, there is no test list. `val` is taken out of the training list: about val_fraction of its
/// clips, whole groups, at least one of each class that has two, and never the last one.
///
/// Errors (code `data`) name the file and line, the nearest known name, and what to do. Clips that
/// are missing or in both lists are also logged, in one line a list.
Result<Dataset> load_dataset(const DatasetOptions& options);

}  // namespace omniq::data
