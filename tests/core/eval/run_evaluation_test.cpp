#include "core/eval/run_evaluation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>

#include "core/assembly/clip_record.h"
#include "core/base/log.h"
#include "core/base/text.h"
#include "tests/core/train/demo_training.h"

namespace omniq::eval {
namespace {

using RunEvaluationTest = train::DemoTraining;

/// Every file under `folder`, with what it holds.
std::map<std::filesystem::path, std::string> contents(const std::filesystem::path& folder) {
  std::map<std::filesystem::path, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files[entry.path()] = testing_support::read_text(entry.path());
  }
  return files;
}

TEST_F(RunEvaluationTest, LogitsThatAreNotFiniteLeaveTheFolderAsItWas) {
  config::Experiment e = experiment("diverged");
  const auto folder = run::RunFolder::create(e);
  ASSERT_TRUE(folder) << folder.error().text();
  write_untrained(*folder, 0);
  const auto before = evaluate_run(*folder, {});
  ASSERT_TRUE(before) << before.error().text();
  EXPECT_EQ(before->record.summary.clips, 16);
  for (const double bias :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    write_untrained(*folder, bias);
    const auto files = contents(folder_->path());
    const auto summary = evaluate_run(*folder, {});
    ASSERT_FALSE(summary) << bias;
    EXPECT_EQ(summary.error().code, ErrorCode::numeric);
    EXPECT_THAT(summary.error().message, testing::HasSubstr("logits are not finite"));
    EXPECT_TRUE(contents(folder_->path()) == files) << bias;
  }
}

TEST_F(RunEvaluationTest, AnotherListReplacesNothingOfTheRunsOwn) {
  using nlohmann::ordered_json;
  using testing_support::read_text;
  config::Experiment e = experiment("lists");
  e.fusion.name = "average";
  e.eval.batch_size = 5;
  const auto folder = run::RunFolder::create(e);
  ASSERT_TRUE(folder) << folder.error().text();
  write_untrained(*folder, 0);
  const auto record = [&](const std::filesystem::path& where) {
    return ordered_json::parse(read_text(folder->path() / "eval" / where / "summary.json"));
  };
  const auto rows = [&] {
    std::vector<std::vector<std::string>> of_run;
    for (const std::string& line : split(read_text(*folder_ / "results" / "summary.csv"), '\n')) {
      if (line.find("/lists/") != line.npos) of_run.push_back(split(line, ','));
    }
    return of_run;
  };
  const auto evaluate = [&](std::vector<std::string> overrides) {
    const auto summary = evaluate_run(*folder, overrides);
    ASSERT_TRUE(summary) << summary.error().text();
  };
  evaluate({});
  const ordered_json own = record("");
  EXPECT_EQ(own["split"], "1");
  EXPECT_EQ(own["testlist"], e.data.testlist);
  EXPECT_EQ(own["batch"], 5);
  ASSERT_EQ(rows().size(), 1u);
  EXPECT_EQ(rows()[0][2], "0") << "average has no fusion blocks";
  EXPECT_EQ(rows()[0][9], "5");

  // A list of the first class alone, beside others of the same name.
  const std::string all = read_text(e.data.testlist);
  const std::string label = all.substr(0, all.find('/') + 1);
  std::string some;
  for (const std::string& line : split(all, '\n')) {
    if (line.starts_with(label)) some += line + "\n";
  }
  const auto other = folder_->write("other/testlist.txt", some);
  evaluate({"data.testlist=" + other.string()});
  EXPECT_EQ(record(""), own);
  ASSERT_EQ(rows().size(), 2u);
  EXPECT_EQ(rows()[0][5], "1");
  const std::string name = rows()[1][5];
  EXPECT_THAT(name, testing::MatchesRegex("testlist-[0-9a-f]{8}"));
  const ordered_json another = record("demo-" + name);
  EXPECT_EQ(another["split"], name);
  EXPECT_EQ(another["testlist"], other.string());
  EXPECT_FALSE(another["own_list"]);
  for (const auto& one : another["per_class"]) {
    EXPECT_EQ(one["top1"].is_null(), one["clips"] == 0) << one;
    EXPECT_EQ(one["clips"] == 0, one["class"].get<std::string>() + "/" != label);
  }
  // Other clips in a folder of the same name, also where a slash ends it; and the run's own, moved.
  const auto root = *folder_ / "elsewhere/demo";
  ASSERT_TRUE(assembly::write_clip_record(*folder, assembly::open_dataset(e).value()));
  std::filesystem::create_directories(root);
  std::filesystem::copy(e.data.root, root, std::filesystem::copy_options::recursive);
  evaluate({"data.root=" + root.string()});
  EXPECT_EQ(rows().size(), 2u);
  EXPECT_EQ(record("")["dataset"], "demo");
  std::ofstream(root / "Grow" / "grow_e000.mp4", std::ios::app) << "more";
  evaluate({"data.root=" + root.string() + "/"});
  ASSERT_EQ(rows().size(), 3u);
  EXPECT_EQ(rows()[2][4], "demo");
  EXPECT_THAT(rows()[2][5], testing::MatchesRegex("1-[0-9a-f]{8}"));
  EXPECT_TRUE(record("")["own_list"]);
  // The same once more, under a name of one's own, and the run's list at another place.
  evaluate({"data.testlist=" + other.string()});
  EXPECT_EQ(rows().size(), 3u);
  evaluate({"data.testlist=" + other.string(), "data.split=first"});
  ASSERT_EQ(rows().size(), 4u);
  EXPECT_EQ(rows()[3][5], "first");
  const auto moved = folder_->write("moved/list.txt", all);
  evaluate({"data.testlist=" + moved.string(), "eval.latency=true"});
  ASSERT_EQ(rows().size(), 4u);
  EXPECT_EQ(record("")["testlist"], moved.string());
  EXPECT_EQ(rows()[3][5], "1");
  EXPECT_EQ(record("")["batch"], 5) << "of the accuracy";
  EXPECT_EQ(record("")["latency_ms"]["batch"], 8);
  EXPECT_EQ(rows()[3][9], "8") << "avg_latency_ms is of a batch of batch_eval";
}

TEST_F(RunEvaluationTest, AStopLeavesTheFolderAsItWas) {
  config::Experiment e = experiment("stopped");
  const auto folder = run::RunFolder::create(e);
  ASSERT_TRUE(folder) << folder.error().text();
  write_untrained(*folder, 0);
  const auto files = contents(folder_->path());
  std::stop_source stop;
  const auto summary = evaluate_run(
      *folder, {}, [&](const EvaluationProgress&) { stop.request_stop(); }, stop.get_token());
  ASSERT_FALSE(summary);
  EXPECT_EQ(summary.error().code, ErrorCode::stopped);
  EXPECT_TRUE(contents(folder_->path()) == files);
}

TEST_F(RunEvaluationTest, WhatCannotBeRecordedIsSaidAtOnceAndEvaluatedAllTheSame) {
  config::Experiment e = experiment("unwritable");
  const auto folder = run::RunFolder::create(e);
  ASSERT_TRUE(folder) << folder.error().text();
  write_untrained(*folder, 0);
  std::ofstream(folder->file("eval")) << "a file where the folder would be";
  std::string said;
  std::optional<RunEvaluation> summary;
  {
    const log::FileSink sink(folder->file("said.txt").string());
    const auto evaluated = evaluate_run(*folder, {}, [&](const EvaluationProgress&) {
      if (said.empty()) said = testing_support::read_text(folder->file("said.txt"));
    });
    ASSERT_TRUE(evaluated) << evaluated.error().text();
    summary = *evaluated;
  }
  EXPECT_THAT(said, testing::HasSubstr("will not be recorded: Cannot write to"));
  EXPECT_THAT(said, testing::HasSubstr("eval: Not a directory"));
  ASSERT_TRUE(summary->not_recorded);
  EXPECT_THAT(summary->not_recorded->message, testing::HasSubstr("eval: Not a directory"));
  EXPECT_THAT(run::summary_text(summary->record), testing::HasSubstr("\"clips\": 16"));
  EXPECT_THAT(testing_support::read_text(folder->results_table(e)),
              testing::HasSubstr(summary->record.summary.checkpoint))
      << "what can be recorded is";
}

}  // namespace
}  // namespace omniq::eval
