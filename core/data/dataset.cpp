#include "core/data/dataset.h"

#include <algorithm>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "core/base/log.h"
#include "core/base/text.h"
#include "core/data/class_folders.h"
#include "core/data/holdout.h"
#include "core/data/list_file.h"
#include "core/data/names.h"
#include "core/data/split_folders.h"

namespace omniq::data {
namespace fs = std::filesystem;
namespace {

// The test list of a folder without lists is the same for every run, so that runs can be compared.
constexpr std::uint64_t kTestSeed = 0x74657374;
constexpr double kTestFraction = 0.2;

ClipRef make_clip(std::string id, fs::path path, std::int64_t label, const DatasetOptions& options,
                  const ClassIndex& classes) {
  std::string group = ucf_group(fs::path(id).filename().string(),
                                label >= 0 ? classes.names()[label] : std::string());
  // A recording of its own is what its file is, however a list spells it.
  if (group.empty()) group = path.lexically_relative(options.root).generic_string();
  if (group.empty()) group = id;
  return {std::move(id), std::move(path), label, std::move(group)};
}

/// One warning for a list, however many clips it is about.
void warn_about(const std::vector<Problem>& problems, std::size_t first, const std::string& what) {
  const std::size_t count = problems.size() - first;
  if (count == 0) return;
  log::warning(cat(what, ": ", count, count == 1 ? " clip, " : " clips, the first is ",
                   problems[first].id, "."));
}

/// `tree` null: the files are not looked for.
Result<Split> read_split(const fs::path& list, const DatasetOptions& options,
                         const ClassIndex& classes, ClassFolders* tree, bool training) {
  OMNIQ_ASSIGN(const std::vector<ListedClip> listed, read_clip_list(list, options.root, classes));
  Split split;
  std::vector<Problem> missing;
  std::unordered_map<std::string, std::int64_t> lines;  // path → line
  for (const ListedClip& clip : listed) {
    auto found = tree != nullptr ? tree->find(clip.id) : std::nullopt;
    const bool there = tree == nullptr || found;
    fs::path path = found ? std::move(*found) : options.root / clip.id;
    if (const auto [first, fresh] = lines.emplace(path.string(), clip.line); !fresh) {
      split.problems.push_back(
          {clip.id, cat(list.string(), ":", clip.line, ": listed before, in line ", first->second),
           ProblemKind::listed_twice});
      continue;
    }
    if (!there) {
      missing.push_back({clip.id,
                         cat(list.string(), ":", clip.line, ": there is no such file under ",
                             options.root.string(),
                             is_utf8(clip.id) ? "" : "; its name is not UTF-8 in the list"),
                         ProblemKind::missing});
      if (training) continue;
    }
    split.clips.push_back(make_clip(clip.id, std::move(path), clip.label, options, classes));
  }
  warn_about(split.problems, 0, cat("Listed more than once in ", list.string()));
  const std::size_t missing_from = split.problems.size();
  split.problems.insert(split.problems.end(), missing.begin(), missing.end());
  if (missing.size() == lines.size()) {
    return fail(ErrorCode::data,
                cat("None of the ", lines.size(), " clips of ", list.string(), " is under ",
                    options.root.string(), "; the first is ", listed.front().id, "."),
                "Set data.root to the folder that holds the class folders.");
  }
  warn_about(split.problems, missing_from,
             cat("Missing, from ", list.string(),
                 training ? ", and left out" : ", and will count as wrong"));
  return split;
}

/// Every clip in the class folders; `within` is the folder of the root that holds these ("train/").
Split scan(ClassFolders& tree, const DatasetOptions& options, const ClassIndex& classes,
           const std::string& within = {}) {
  Split split;
  for (const auto& [lower, folders] : tree.with_videos()) {
    const std::int64_t label = classes.find(lower);
    if (label < 0) continue;
    for (const std::string& folder : folders) {
      for (const auto& [key, file] : tree.files(folder)) {
        if (!is_video_name(file)) continue;
        split.clips.push_back(make_clip(within + folder + "/" + file, tree.root() / folder / file,
                                        label, options, classes));
      }
    }
  }
  std::stable_sort(split.clips.begin(), split.clips.end(),
                   [](const ClipRef& a, const ClipRef& b) { return a.label < b.label; });
  return split;
}

Result<ClassIndex> find_classes(const DatasetOptions& options, ClassFolders* tree) {
  if (!options.classind.empty()) {
    OMNIQ_ASSIGN(const fs::path path, find_list(options.classind, options.root));
    return read_class_index(path);
  }
  if (tree == nullptr) {
    return fail(ErrorCode::data, "Without files, data.classind must name the classes.");
  }
  OMNIQ_TRY(refuse_parts_as_classes(*tree));
  std::vector<std::string> names;
  for (const auto& [key, folders] : tree->with_videos()) {
    OMNIQ_TRY(
        check_class_name("The folder of " + tree->root().string() + " called", folders.front()));
    names.push_back(folders.front());
  }
  if (names.empty()) {
    return fail(ErrorCode::data,
                cat(tree->root().string(), " has no class folders with videos in them."),
                "Videos are looked for in <root>/<Class>/.");
  }
  std::sort(names.begin(), names.end());
  return ClassIndex(std::move(names));
}

/// Moves the clips that are held out from one split to another.
void move_held(Split& from, Split& to, const std::vector<bool>& held) {
  std::vector<ClipRef> kept;
  for (std::size_t i = 0; i < from.clips.size(); ++i) {
    (held[i] ? to.clips : kept).push_back(std::move(from.clips[i]));
  }
  from.clips = std::move(kept);
}

/// Clips and recordings that are on both sides make the test figure too good.
void report_overlap(Split& train, const Split& test) {
  std::unordered_set<std::string> clips, groups;
  for (const ClipRef& clip : test.clips) {
    clips.insert(clip.path.string());
    groups.insert(clip.group);
  }
  const std::size_t first = train.problems.size();
  std::set<std::string> shared;
  for (const ClipRef& clip : train.clips) {
    if (clips.contains(clip.path.string())) {
      train.problems.push_back(
          {clip.id, "is in the training list and in the test list", ProblemKind::in_both_lists});
    } else if (groups.contains(clip.group)) {
      shared.insert(clip.group);
    }
  }
  warn_about(train.problems, first, "In the training list and in the test list");
  for (const std::string& group : shared) {
    train.problems.push_back({group,
                              "a recording with clips in both lists: the test accuracy will look "
                              "better than it is",
                              ProblemKind::group_in_both_lists});
  }
  if (!shared.empty()) {
    log::warning(cat(shared.size(), " groups (recordings) have clips in both lists, the first is ",
                     *shared.begin(), "; the test accuracy will look better than it is."));
  }
}

/// A root with a folder a part, train/<Class>/<clip>.
Result<Dataset> load_split_folders(const DatasetOptions& options, SplitFolders& folders) {
  OMNIQ_ASSIGN(const ClassIndex classes, find_classes(options, &folders.at("train").tree));
  Dataset dataset;
  dataset.classes = classes.names();
  for (auto& [part, folder] : folders) {
    if (part != "train" && part != "val" && part != "test") {
      dataset.train.problems.push_back(
          {folder.name,
           cat("left out: its class folders are beside those of ", folders.at("train").name,
               " and in no part of the dataset"),
           ProblemKind::not_listed});
      continue;
    }
    for (const auto& [key, names] : folder.tree.with_videos()) {
      if (classes.find(key) >= 0) continue;
      return fail(
          ErrorCode::data,
          cat((folder.tree.root() / names.front()).string(), " holds videos, but ",
              options.classind.empty() ? folders.at("train").name : options.classind.string(),
              " has no such class."),
          "The folders of all parts are named alike, a class each.");
    }
    Split& split = part == "train" ? dataset.train : part == "val" ? dataset.val : dataset.test;
    Split scanned = scan(folder.tree, options, classes, folder.name + "/");
    scanned.problems.insert(scanned.problems.begin(), split.problems.begin(), split.problems.end());
    split = std::move(scanned);
  }
  // Without a test folder, what is called validation is what results are reported on.
  if (!folders.contains("test")) std::swap(dataset.val, dataset.test);
  dataset.val_is_a_folder = folders.contains("test") && folders.contains("val");
  report_overlap(dataset.train, dataset.test);
  if (!dataset.val_is_a_folder) {
    move_held(dataset.train, dataset.val,
              hold_out(dataset.train.clips, options.val_fraction, options.seed));
  } else if (options.val_fraction == 0) {
    dataset.val = {};
  } else {
    report_overlap(dataset.train, dataset.val);
  }
  return dataset;
}

}  // namespace

Result<fs::path> find_list(const fs::path& list, const fs::path& root) {
  std::error_code ec;
  if (fs::is_regular_file(list, ec)) return list;
  if (list.is_relative() && fs::is_regular_file(root / list, ec)) return root / list;
  return fail(ErrorCode::data,
              list.is_absolute() || root.empty()
                  ? cat("The list ", list.string(), " does not exist.")
                  : cat("The list ", list.string(), " is neither in the working folder nor in ",
                        root.string(), "."));
}

Result<Dataset> load_dataset(const DatasetOptions& options) {
  if (!(options.val_fraction >= 0 && options.val_fraction < 1)) {
    return fail(ErrorCode::config,
                cat("data.val is ", options.val_fraction, "; it must be at least 0 and below 1."));
  }
  std::optional<ClassFolders> tree;
  if (options.check_files) {
    OMNIQ_ASSIGN(tree, ClassFolders::read(options.root));
  }
  ClassFolders* files = tree ? &*tree : nullptr;
  if (files != nullptr && options.trainlist.empty() && options.testlist.empty()) {
    OMNIQ_ASSIGN(SplitFolders parts, find_split_folders(*files));
    if (!parts.empty()) return load_split_folders(options, parts);
  }
  OMNIQ_ASSIGN(const ClassIndex classes, find_classes(options, files));
  if (options.trainlist.empty() && files == nullptr) {
    return fail(ErrorCode::data, "Without files, data.trainlist must name the clips.");
  }

  Dataset dataset;
  dataset.classes = classes.names();
  if (!options.testlist.empty()) {
    OMNIQ_ASSIGN(const fs::path list, find_list(options.testlist, options.root));
    OMNIQ_ASSIGN(dataset.test, read_split(list, options, classes, files, /*training=*/false));
  }
  if (!options.trainlist.empty()) {
    OMNIQ_ASSIGN(const fs::path list, find_list(options.trainlist, options.root));
    OMNIQ_ASSIGN(dataset.train, read_split(list, options, classes, files, /*training=*/true));
  } else {
    dataset.train = scan(*files, options, classes);
    if (dataset.train.clips.empty()) {
      return fail(ErrorCode::data,
                  cat(options.root.string(), " has no videos in the folders of its ",
                      dataset.classes.size(), " classes."),
                  "Videos are looked for in <root>/<Class>/.");
    }
    if (options.testlist.empty()) {
      move_held(dataset.train, dataset.test,
                hold_out(dataset.train.clips, kTestFraction, kTestSeed));
    } else {
      std::unordered_set<std::string> taken;
      for (const ClipRef& clip : dataset.test.clips) taken.insert(clip.group);
      std::erase_if(dataset.train.clips,
                    [&](const ClipRef& clip) { return taken.contains(clip.group); });
    }
  }
  report_overlap(dataset.train, dataset.test);
  move_held(dataset.train, dataset.val,
            hold_out(dataset.train.clips, options.val_fraction, options.seed));
  return dataset;
}

}  // namespace omniq::data
