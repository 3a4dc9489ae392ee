// omniq data
#include <iomanip>
#include <iostream>
#include <thread>

#include "app/omniq/command.h"
#include "app/omniq/progress_bar.h"
#include "core/base/text.h"
#include "core/data/survey.h"

namespace omniq::app {
namespace {

using Json = nlohmann::ordered_json;

struct Wishes {
  std::string folder, trainlist, testlist, classind, write_to;
  bool check = false;
};

/// The lists that were named, else the nearest that are found.
Result<data::Survey> survey(const Wishes& wishes) {
  const data::Layout layout = data::find_layout(wishes.folder);
  data::DatasetOptions options;
  options.root = layout.root;
  if (wishes.trainlist.empty() && wishes.testlist.empty() && wishes.classind.empty()) {
    if (!layout.lists.empty()) {
      options.trainlist = layout.lists.front().trainlist;
      options.testlist = layout.lists.front().testlist;
      options.classind = layout.lists.front().classind;
    }
  } else {
    options.trainlist = wishes.trainlist;
    options.testlist = wishes.testlist;
    options.classind = wishes.classind;
  }
  return data::survey_dataset(options);
}

Json to_json(const data::Survey& survey, const std::optional<double>& seconds) {
  Json json = {{"root", survey.options.root.string()},
               {"trainlist", survey.options.trainlist.string()},
               {"testlist", survey.options.testlist.string()},
               {"classind", survey.options.classind.string()},
               {"seconds", nullptr},
               {"classes", Json::array()},
               {"problems", Json::array()}};
  if (seconds) json["seconds"] = *seconds;
  for (const data::ClassCount& one : survey.classes) {
    const auto& [train, val, test, rest] = one.clips;
    json["classes"].push_back({{"class", one.name},
                               {"train", train},
                               {"val", val},
                               {"test", test},
                               {"not_listed", rest}});
  }
  for (const data::Problem& problem : survey.problems)
    json["problems"].push_back({{"id", problem.id},
                                {"kind", data::problem_name(problem.kind)},
                                {"problem", problem.what}});
  return json;
}

void print(const data::Survey& survey, const std::optional<double>& seconds) {
  const data::DatasetOptions& o = survey.options;
  std::cout << shown(o.root.string()) << "\n";
  for (const auto& list : {o.trainlist, o.testlist, o.classind}) {
    if (!list.empty()) std::cout << "  " << shown(list.string()) << "\n";
  }
  std::size_t width = 5;
  for (const data::ClassCount& one : survey.classes)
    width = std::max(width, shown(one.name).size());
  const auto row = [&](const std::string& name, const auto& train, const auto& val,
                       const auto& test, const auto& rest) {
    std::cout << std::left << std::setw(static_cast<int>(width)) << name << std::right
              << std::setw(8) << train << std::setw(10) << val << std::setw(8) << test
              << std::setw(12) << rest << "\n";
  };
  row("class", "train", "held out", "test", "not listed");
  for (const data::ClassCount& one : survey.classes)
    row(shown(one.name), one.clips[0], one.clips[1], one.clips[2], one.clips[3]);
  using data::Part;
  row("all", survey.count(Part::train), survey.count(Part::val), survey.count(Part::test),
      survey.count(Part::not_listed));
  if (seconds) std::cout << human_seconds(*seconds) << " of video\n";
  for (const data::Problem& problem : survey.problems)
    std::cout << problem_name(problem.kind) << ": " << shown(problem.id + ": " + problem.what)
              << "\n";
  if (survey.problems.empty()) std::cout << "Nothing is wrong with it.\n";
}

}  // namespace

void add_data(CommandLine& line) {
  auto wishes = std::make_shared<Wishes>();
  Command command = add_command(
      line, "data", "Count a dataset's clips and say what is wrong with it",
      [=, &line]() -> Result<int> {
        OMNIQ_ASSIGN(data::Survey found, survey(*wishes));
        std::optional<double> seconds;
        if (wishes->check) {
          ProgressBar bar("decoding", line.progress);
          const int threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
          std::vector<data::Problem> unusable;
          OMNIQ_TRY(data::check_clips(found, threads, [&](const data::ClipCheck& check) {
            seconds = check.seconds;
            unusable.insert(unusable.end(), check.problems.begin(), check.problems.end());
            bar.show(check.done, check.total, cat(check.done, "/", check.total, " clips"));
          }));
          found.problems.insert(found.problems.end(), unusable.begin(), unusable.end());
        }
        if (line.json) {
          print_json(to_json(found, seconds));
        } else {
          print(found, seconds);
        }
        if (!wishes->write_to.empty()) {
          OMNIQ_ASSIGN(const data::ListFiles lists,
                       data::write_lists(found, found.problems, wishes->write_to));
          std::cerr << "Lists without what is wrong: "
                    << shown(lists.trainlist.parent_path().string()) << "\n";
        }
        return found.problems.empty() ? kDone : kData;
      });
  add_progress(line, command);
  command.required("DIR", wishes->folder, "Folder that holds <Class>/<clip>")
      .option("--trainlist", wishes->trainlist,
              "Lists; without any of the three, the nearest found")
      .option("--testlist", wishes->testlist, "")
      .option("--classind", wishes->classind, "")
      .flag("--check", wishes->check, "Decode every clip to its end")
      .option("--write-lists", wishes->write_to,
              "Write lists without what is wrong into this folder");
}

}  // namespace omniq::app
