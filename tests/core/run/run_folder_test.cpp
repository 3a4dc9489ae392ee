#include "core/run/run_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "core/run/heartbeat.h"
#include "core/run/metrics.h"
#include "tests/support/temporary_folder.h"

namespace omniq::run {
namespace {

using testing::HasSubstr;
using testing_support::read_text;
using testing_support::TemporaryFolder;

config::Experiment experiment_in(const std::filesystem::path& folder) {
  config::Experiment e;
  e.data.root = "videos";
  e.run.dir = folder.string();
  return e;
}

TEST(RunFolder, KeepsTheResolvedConfiguration) {
  const TemporaryFolder tmp;
  config::Experiment e = experiment_in(tmp / "run");
  e.train.epochs = 3;
  const auto folder = RunFolder::create(e);
  ASSERT_TRUE(folder) << folder.error().text();
  const auto again = RunFolder::open(tmp / "run");
  ASSERT_TRUE(again);
  const auto loaded = again->experiment();
  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_EQ(loaded->train.epochs, 3);
  EXPECT_TRUE(std::filesystem::path(loaded->data.root).is_absolute());
  EXPECT_TRUE(loaded->run.dir.empty()) << "starting from config.yaml must make a new run";
}

TEST(RunFolder, RefusesAFolderInUse) {
  const TemporaryFolder tmp;
  config::Experiment e = experiment_in(tmp / "run");
  ASSERT_TRUE(RunFolder::create(e));
  const auto twice = RunFolder::create(e);
  ASSERT_FALSE(twice);
  EXPECT_THAT(twice.error().text(), HasSubstr("omniq resume"));
}

TEST(RunFolder, NamesWhatIsNoRun) {
  const TemporaryFolder tmp;
  EXPECT_THAT(RunFolder::open(tmp / "none").error().message, HasSubstr("There is no run folder"));
  EXPECT_THAT(RunFolder::open(tmp.path()).error().message, HasSubstr("no config.yaml"));
}

TEST(RunFolder, IsClaimedByOneAtATime) {
  const TemporaryFolder tmp;
  config::Experiment e = experiment_in(tmp / "run");
  const auto folder = RunFolder::create(e);
  auto first = folder->claim();
  ASSERT_TRUE(first);
  EXPECT_FALSE(folder->claim());
  first->reset();
  EXPECT_TRUE(folder->claim());
}

TEST(RunFolder, ReadsADeadProcessAsInterrupted) {
  const TemporaryFolder tmp;
  config::Experiment e = experiment_in(tmp / "run");
  const auto folder = RunFolder::create(e);
  RunStatus status;
  status.state = RunState::running;
  status.host = host_name();
  status.pid = ::getpid();
  status.heartbeat = now_seconds();
  ASSERT_TRUE(folder->write_status(status));
  EXPECT_EQ(folder->status()->state, RunState::running);
  status.heartbeat -= 61;
  ASSERT_TRUE(folder->write_status(status));
  EXPECT_EQ(folder->status()->state, RunState::interrupted);
}

TEST(RunFolder, SaysWhenItsStatusIsDamaged) {
  const TemporaryFolder tmp;
  config::Experiment e = experiment_in(tmp / "run");
  const auto folder = RunFolder::create(e);
  for (const char* text :
       {"{\"state\": \"run", "[]", "{\"state\": \"flying\"}", "{\"state\": 3}"}) {
    tmp.write("run/status.json", text);
    const auto status = folder->status();
    ASSERT_FALSE(status) << text;
    EXPECT_THAT(status.error().message, HasSubstr("status.json is damaged"));
  }
}

TEST(Heartbeat, LeavesFailedWhenNobodyFinishedIt) {
  const TemporaryFolder tmp;
  config::Experiment e = experiment_in(tmp / "run");
  const auto folder = RunFolder::create(e);
  {
    const Heartbeat heartbeat(*folder, *folder->status());
    EXPECT_EQ(folder->status()->state, RunState::running);
  }
  EXPECT_EQ(folder->status()->state, RunState::failed);
  {
    Heartbeat heartbeat(*folder, *folder->status());
    EXPECT_TRUE(heartbeat.finish(RunState::paused, "why"));
  }
  EXPECT_EQ(folder->status()->state, RunState::paused);
  EXPECT_EQ(folder->status()->reason, "why");
}

MetricsRow row(std::int64_t step, const char* phase = "train") {
  MetricsRow r;
  r.step = step;
  r.epoch = 1;
  r.phase = phase;
  r.loss = 0.1 + static_cast<double>(step) / 3;
  r.top1 = 12.5;
  r.top5 = 50;
  r.time = 1e9 + 0.25;
  if (r.phase == "train") r.lr = 1.0 / 3;
  return r;
}

TEST(MetricsLog, CutsRowsAfterTheCheckpointAndATornLine) {
  const TemporaryFolder tmp;
  MetricsLog log(tmp / "metrics.jsonl");
  for (const std::int64_t step : {10, 20, 30}) ASSERT_TRUE(log.append(row(step)));
  const std::string two = to_line(row(10)) + "\n" + to_line(row(20)) + "\n";
  tmp.write("metrics.jsonl", read_text(tmp / "metrics.jsonl") + R"({"step": 40, "epo)");
  EXPECT_EQ(read_metrics(tmp / "metrics.jsonl")->damaged, 1);
  EXPECT_EQ(read_metrics(tmp / "metrics.jsonl")->rows.size(), 3u);
  ASSERT_TRUE(log.cut_after(20));
  EXPECT_EQ(read_text(tmp / "metrics.jsonl"), two)
      << "kept rows stay as they were, to the last digit";
}

}  // namespace
}  // namespace omniq::run
