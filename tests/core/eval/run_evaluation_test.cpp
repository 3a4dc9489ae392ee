#include "core/eval/run_evaluation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>

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

}  // namespace
}  // namespace omniq::eval
