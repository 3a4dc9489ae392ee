// A dataset as its owner sees it: what is where, how the clips are divided, and what is wrong.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/data/dataset.h"

namespace omniq::data {

/// Lists that belong together; any of them may be empty.
struct ListFiles {
  std::string name;  // for the reader: "ucfTrainTestlist, split 1"
  std::filesystem::path trainlist, testlist, classind;
};

struct Layout {
  std::filesystem::path root;    // holds the class folders
  std::vector<ListFiles> lists;  // nearest first
};

/// Looks for what a dataset usually consists of: the class folders in `folder` or in the one folder
/// within that has some, and classInd.txt, trainlist*.txt and testlist*.txt in the root, in lists/
/// or ucfTrainTestlist/ within, or in such a folder beside it. Nothing found is no error:
/// load_dataset will say what is missing.
Layout find_layout(const std::filesystem::path& folder);

enum class Part { train, val, test, not_listed };
inline constexpr std::size_t kParts = 4;

struct SurveyedClip {
  ClipRef clip;
  Part part = Part::train;
  bool missing = false;  // listed, but not there
};

struct ClassCount {
  std::string name;
  std::array<std::int64_t, kParts> clips{};  // by part
};

struct Survey {
  DatasetOptions options;  // what was looked at
  std::vector<ClassCount> classes;
  std::vector<SurveyedClip> clips;  // by class, then by name; clips of unknown classes come first
  std::vector<Problem> problems;
  bool val_is_a_folder = false;  // of the dataset, beside train and test

  std::int64_t count(Part part) const;
};

/// Divides the clips as load_dataset does, with its errors, and adds what training need not know.
Result<Survey> survey_dataset(const DatasetOptions& options);

/// What decoding the clips of a survey found.
struct ClipCheck {
  std::int64_t done = 0, total = 0;  // clips
  double seconds = 0;                // of video, so far
  std::vector<Problem> problems;     // new ones since the last call
};

/// Decodes every clip that is there from its first frame to its last, on `threads` threads. `tell`
/// is called after every clip, from one thread at a time. Error: stopped.
Status check_clips(const Survey& survey, int threads,
                   const std::function<void(const ClipCheck&)>& tell, std::stop_token stop = {});

/// Writes classInd.txt, trainlist.txt and testlist.txt into `folder`, which is made, without what
/// `problems` name: missing, unreadable and doubled clips, clips and groups that are tested with
/// (they leave the training list), and classes without clips, so that the rest is numbered anew.
/// Files that are there and say something else are not replaced (an error of code `io`), and a name
/// that a line cannot hold is refused (`data`).
Result<ListFiles> write_lists(const Survey& survey, const std::vector<Problem>& problems,
                              const std::filesystem::path& folder);

/// "unreadable", "in both lists": what a list of problems is sorted by.
std::string problem_name(ProblemKind kind);

}  // namespace omniq::data
