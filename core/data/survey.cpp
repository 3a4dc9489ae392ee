#include "core/data/survey.h"

#include <algorithm>
#include <unordered_set>

#include "core/base/files.h"
#include "core/base/text.h"
#include "core/data/class_folders.h"
#include "core/data/names.h"

namespace omniq::data {
namespace fs = std::filesystem;
namespace {

void add_split(Survey& survey, const Split& split, Part part) {
  std::unordered_set<std::string> missing;
  for (const Problem& problem : split.problems) {
    if (problem.kind == ProblemKind::missing) missing.insert(problem.id);
  }
  for (const ClipRef& clip : split.clips)
    survey.clips.push_back({clip, part, missing.contains(clip.id)});
  survey.problems.insert(survey.problems.end(), split.problems.begin(), split.problems.end());
}

/// Clips in the class folders that are in no part, and folders of videos that are no class.
void add_not_listed(Survey& survey, ClassFolders& folders) {
  std::unordered_set<std::string> known;
  for (const SurveyedClip& clip : survey.clips) known.insert(clip.clip.path.string());
  std::vector<std::string> names;
  for (const ClassCount& one : survey.classes) names.push_back(name_key(one.name));
  for (const auto& [key, spellings] : folders.with_videos()) {
    const auto found = std::find(names.begin(), names.end(), key);
    if (found == names.end()) {
      for (const std::string& folder : spellings) {
        survey.problems.push_back({folder, "a folder of videos that the class index does not name",
                                   ProblemKind::unknown_class});
      }
      continue;
    }
    for (const std::string& folder : spellings) {
      for (const auto& [ignored, file] : folders.files(folder)) {
        const fs::path path = survey.options.root / folder / file;
        if (!is_video_name(file) || known.contains(path.string())) continue;
        const std::string id = folder + "/" + file;
        survey.clips.push_back(
            {{id, path, found - names.begin(), id}, Part::not_listed, /*missing=*/false});
        survey.problems.push_back({id,
                                   survey.options.trainlist.empty()
                                       ? "left out: a recording of the test list"
                                       : "in no list: neither trained on nor tested with",
                                   ProblemKind::not_listed});
      }
    }
  }
}

/// A list has a name a line, without what stands around it.
Status check_listable(const std::string& name) {
  if (name.find_first_of("\r\n") == std::string::npos && trim(name) == name) return {};
  return fail(ErrorCode::data,
              cat("A list cannot hold the name \"", shown(name),
                  "\": a line break, or a space at an end, is lost in it."),
              "Rename the file or folder.");
}

std::string class_index(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) text += cat(i + 1, " ", names[i], "\n");
  return text;
}

}  // namespace

std::string problem_name(ProblemKind kind) {
  switch (kind) {
    case ProblemKind::missing:
      return "missing";
    case ProblemKind::unreadable:
      return "unreadable";
    case ProblemKind::cut_off:
      return "cut off";
    case ProblemKind::damaged:
      return "damaged";
    case ProblemKind::listed_twice:
      return "listed twice";
    case ProblemKind::in_both_lists:
      return "in both lists";
    case ProblemKind::group_in_both_lists:
      return "group in both lists";
    case ProblemKind::class_without_clips:
      return "class without clips";
    case ProblemKind::not_listed:
      return "not listed";
    case ProblemKind::unknown_class:
      return "unknown class";
  }
  return {};
}

std::int64_t Survey::count(Part part) const {
  std::int64_t sum = 0;
  for (const ClassCount& one : classes) sum += one.clips[static_cast<std::size_t>(part)];
  return sum;
}

Result<Survey> survey_dataset(const DatasetOptions& options) {
  OMNIQ_ASSIGN(const Dataset dataset, load_dataset(options));
  OMNIQ_ASSIGN(ClassFolders folders, ClassFolders::read(options.root));
  Survey survey;
  survey.options = options;
  survey.val_is_a_folder = dataset.val_is_a_folder;
  for (const std::string& name : dataset.classes) survey.classes.push_back({name, {}});
  add_split(survey, dataset.train, Part::train);
  add_split(survey, dataset.val, Part::val);
  add_split(survey, dataset.test, Part::test);
  add_not_listed(survey, folders);
  for (const SurveyedClip& clip : survey.clips) {
    if (clip.clip.label >= 0)
      ++survey.classes[clip.clip.label].clips[static_cast<std::size_t>(clip.part)];
  }
  for (const ClassCount& one : survey.classes) {
    const auto& [train, val, test, rest] = one.clips;
    if (train > 0) continue;
    survey.problems.push_back(
        {one.name, train + val + test + rest == 0 ? "has no clips" : "has no clips to train on",
         ProblemKind::class_without_clips});
  }
  std::stable_sort(survey.clips.begin(), survey.clips.end(),
                   [](const SurveyedClip& a, const SurveyedClip& b) {
                     return std::tie(a.clip.label, a.clip.id) < std::tie(b.clip.label, b.clip.id);
                   });
  return survey;
}

Result<ListFiles> write_lists(const Survey& survey, const std::vector<Problem>& problems,
                              const fs::path& folder) {
  if (survey.val_is_a_folder) {
    return fail(ErrorCode::data,
                cat("Lists have no place for the validation clips of ",
                    survey.options.root.string(), ", which its folders keep apart."),
                "The folders are what training reads: mend the files in them.");
  }
  std::unordered_set<std::string> unusable, tested, tested_groups, empty_classes;
  for (const Problem& problem : problems) {
    switch (problem.kind) {
      case ProblemKind::missing:
      case ProblemKind::unreadable:
        unusable.insert(problem.id);
        break;
      case ProblemKind::in_both_lists:
        tested.insert(problem.id);
        break;
      case ProblemKind::group_in_both_lists:
        tested_groups.insert(problem.id);
        break;
      case ProblemKind::class_without_clips:
        empty_classes.insert(problem.id);
        break;
      default:
        break;  // a clip that is listed twice is in the survey once
    }
  }
  std::vector<std::string> names;
  std::vector<std::size_t> numbers;  // a class each, from 1
  for (const ClassCount& one : survey.classes) {
    const auto& [train, val, test, rest] = one.clips;
    if (train + val + test + rest > 0 || !empty_classes.contains(one.name))
      names.push_back(one.name);
    numbers.push_back(names.size());
  }
  for (const std::string& name : names) OMNIQ_TRY(check_listable(name));
  std::string train, test;
  for (const SurveyedClip& one : survey.clips) {
    const ClipRef& clip = one.clip;
    if (clip.label < 0 || one.part == Part::not_listed || unusable.contains(clip.id)) continue;
    OMNIQ_TRY(check_listable(clip.id));
    if (one.part == Part::test) {
      test += clip.id + "\n";
    } else if (!tested.contains(clip.id) && !tested_groups.contains(clip.group)) {
      train += cat(clip.id, " ", numbers[clip.label], "\n");
    }
  }
  if (train.empty()) {
    return fail(ErrorCode::data, "No clip would be left in the training list.",
                "Mend the files themselves, or choose other lists.");
  }
  OMNIQ_TRY(make_folder(folder));
  const ListFiles files = {folder.filename().string(), folder / "trainlist.txt",
                           test.empty() ? fs::path() : folder / "testlist.txt",
                           folder / "classInd.txt"};
  std::vector<std::pair<fs::path, std::string>> wanted = {{files.classind, class_index(names)},
                                                          {files.trainlist, train}};
  if (!test.empty()) wanted.insert(wanted.begin() + 1, {files.testlist, test});
  // What a call that was ended half-way has left is what this one writes.
  std::error_code ec;
  std::erase_if(wanted, [](const auto& one) {
    const auto before = read_file(one.first);
    return before && *before == one.second;
  });
  for (const auto& [file, text] : wanted) {
    if (fs::exists(file, ec))
      return fail(ErrorCode::io, cat(file.string(), " is there already, with other lines."),
                  "Choose another folder: lists are never replaced.");
  }
  for (const auto& [file, text] : wanted) OMNIQ_TRY(write_file_atomic(file, text));
  return files;
}

}  // namespace omniq::data
