#include "core/eval/run_evaluation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <map>

#include "core/base/log.h"
#include "core/base/text.h"
#include "core/eval/report.h"
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
  EXPECT_EQ(before->evaluation.clips, 16);
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
  std::optional<Summary> summary;
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
  EXPECT_THAT(summary->record, testing::HasSubstr("\"clips\": 16"));
  EXPECT_THAT(testing_support::read_text(folder->results_table(e)),
              testing::HasSubstr(summary->checkpoint))
      << "what can be recorded is";
}

TEST(SummaryTable, ANameWithALineBreakStaysOneRow) {
  const testing_support::TemporaryFolder tmp;
  const auto row = [](const std::string& ckpt, const std::string& top1) {
    return "m,b,2,True,\"two\nlines\",s,1,1,8,1," + top1 + ",1,1,1,,," + csv_field(ckpt);
  };
  const std::vector<std::string> names = {"/a/\nrun/last", "/b/last", "=x"};
  for (const std::string& name : names)
    ASSERT_TRUE(update_summary_table(tmp / "results/summary.csv", row(name, "1"), name));
  for (const std::string& name : names)
    ASSERT_TRUE(update_summary_table(tmp / "results/summary.csv", row(name, "2"), name));
  EXPECT_EQ(testing_support::read_text(tmp / "results/summary.csv"),
            std::string(kSummaryHeader) + "\n" + row(names[0], "2") + "\n" + row(names[1], "2") +
                "\n" + row(names[2], "2") + "\n");
}

}  // namespace
}  // namespace omniq::eval
